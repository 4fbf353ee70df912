"""One job of a sweep in short: its record, a line of JSON, and the signature of its outcome.

Jobs with one signature came to the same; seeds, addresses and other numbers are not part of it.
"""
import json
import re
from typing import NamedTuple

from campaign import runner
from results import outcome
from campaign.progress import Silent
from options import UserError

COPIED = ("seed", "sched", "outcome", "as_expected", "failed_checks", "message", "counters",
          "console_sha256", "wall_seconds")
TOLD = ("panic", "lockup", "crash", "bad-parameter")  # the message belongs to what happened
FINE = ("completed", "oom-killed")
FAIL_NTH = re.compile(r"(?:^| )fail_nth=([0-9]+)(?= |$)")
NUMBER = re.compile(r"\b(0x[0-9a-f]+|[0-9a-f]{8,})\b|(?<![0-9])(?<!DMA)[0-9]+")


class Signature(NamedTuple):
    """What jobs are told apart by."""

    outcome: str
    as_expected: bool | None
    kills: int | None
    failed: tuple
    violated: tuple
    message: str | None


def job(spec, arm):
    """Do one run and print its record; a refused parameter is an error: no seed will mend it.

    Where a request for memory is refused on purpose the arm's checks are not asked: they hold for a
    run without that.
    """
    nth = fail_nth(spec.args)
    result = runner.run(spec, None if nth else arm, Silent)
    said = result["message"] or "bad parameter"
    if result["outcome"] == "bad-parameter" and not result["as_expected"] and not (
            nth and "bad parameter" not in said):
        raise UserError(said.removeprefix("lowwater: "))
    print(json.dumps(short(result) | {"expected": arm.outcome if arm else None}))
    return 0


def fail_nth(args):
    """Return which request for memory is refused on purpose; 0: none."""
    found = FAIL_NTH.search(args)
    return int(found[1]) if found else 0


def short(result):
    """Return a result's record."""
    return {name: result[name] for name in COPIED} | {
        "fail_nth": fail_nth(result["args"]), "expected": result["expected"],
        "violated": outcome.violations(result["reports"]),
        "instructions": result["instructions"]["total"]}


def place(record):
    """Return which job of a sweep it is."""
    return record["seed"], record["sched"], record["fail_nth"]


def good(record):
    """Tell whether a job did what its arm declares, or ended well where none declares anything.

    With a request refused on purpose a refusal is such an end, and so is what the arm declares.
    """
    if record["as_expected"] is None:
        ends = (*FINE, "bad-parameter", record["expected"]) if record["fail_nth"] else FINE
        return record["outcome"] in ends and not record["violated"]
    return record["as_expected"] and not record["violated"]


def signature(record):
    told = record["message"] if record["outcome"] in TOLD else None
    return Signature(record["outcome"], record["as_expected"], record["counters"].get("oom_kills"),
                     tuple(text.split(" does not hold (")[0] for text in record["failed_checks"]),
                     tuple(sorted({plain(text) for text in record["violated"]})),
                     plain(told) if told else None)


def plain(text):
    """Return a text without its numbers; those in the names of zones stay."""
    return NUMBER.sub("#", text)
