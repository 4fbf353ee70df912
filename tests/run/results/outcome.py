"""What a run came to: the outcome of an exit status, the verdict and the runner's exit code.

The guest says what happened; only here is it held against what the arm declares.
"""
from results import expr

EXIT_BASE = 33  # isa-debug-exit turns the value 0x10 + code into 33 + 2 * code
CODES = {0: "finished", 2: "bad-parameter", 3: "panic", 4: "lockup"}
ENDS = ("completed", "oom-killed", "bad-parameter", "panic", "lockup")  # what the guest can end with
BY_THE_HOST = ("timeout", "crash")  # perhaps: slow, or short of memory; another time may end otherwise
EXITS = {"bad-parameter": 2, "panic": 3, "lockup": 4, "timeout": 5, "crash": 6}


def outcome(status, counters, reports):
    """Return the outcome of an exit status; None is a run ended by its time limit."""
    if status is None:
        return "timeout"
    code, odd = divmod(status - EXIT_BASE, 2)
    name = CODES.get(code, "crash") if not odd else "crash"
    if name != "finished":
        return name
    killed = counters.get("oom_kills", 0) or any(one["kind"] == "oom" for one in reports)
    return "oom-killed" if killed else "completed"


def judge(arm, found, counters, reports):
    """Return (as_expected, failed_checks); None when no arm declares anything."""
    if arm is None:
        return None, []
    if found != arm.outcome:  # its checks would only repeat that
        return False, [f"outcome is {found}: expected {arm.outcome}"]
    lines = (expr.failure(text, counters, reports) for text in arm.checks)
    failed = [line for line in lines if line]
    return not failed, failed


def violations(reports):
    """Return every identity violated, as `report N (kind): line`."""
    return [f"report {number} ({one['kind']}): {line}"
            for number, one in enumerate(reports, 1)
            for line in one["identities"]["violated"]]


def verdict(result):
    """Return ok, FAIL, or - when nothing was declared and nothing is wrong."""
    if result["as_expected"] is False or violations(result["reports"]):
        return "FAIL"
    return "ok" if result["as_expected"] else "-"


def is_bad(result):
    """Is a run of several one for which they all fail?

    Where nothing is declared, only what a run must not do.
    """
    return int(exit_code(result) != 0)


def exit_code(result):
    """Return the exit code of `run`: 0 as it should be, else what is most worth knowing."""
    if not result["as_expected"] and result["outcome"] in EXITS:
        return EXITS[result["outcome"]]
    return 1 if verdict(result) == "FAIL" else 0
