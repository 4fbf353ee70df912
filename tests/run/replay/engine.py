"""The program that makes a state's request again on the host twin, in milliseconds."""
import json
import subprocess
from dataclasses import dataclass

from options import UserError

ARMS = ("none", "highatomic-exhaust", "series", "all")
REMEDIES = ("reserve-released", "lists-drained", "lowmem-waived")
SECONDS = 60


class Refused(UserError):
    """A state that no machine can be in."""


@dataclass(frozen=True)
class Answer:
    """What became of the request in one arm, or with one remedy."""

    arm: str
    outcome: str        # served, oom-kill, failed, stuck, panic
    victim: str | None
    zone: str | None    # that served it
    step: str | None    # where: fast, slow, reclaim, release, oom
    released: int       # pages of the reserve
    loops: int          # rounds of reclaim
    why: str | None

    def words(self):
        """Return it as a person says it."""
        rounds = f" after {self.loops} rounds of reclaim" if self.loops else ""
        if self.outcome == "served":
            return f"served from {self.zone}, {STEPS[self.step]}{rounds}"
        if self.outcome == "oom-kill":
            who = "a task that is not printed" if self.victim == "unknown" else self.victim
            return f"kills {who}{rounds}"
        if self.outcome == "failed":
            return f"fails{rounds}"
        return f"{self.outcome}: {self.why}"


STEPS = {"fast": "by the fast path", "slow": "in the slow path", "reclaim": "by reclaim",
         "release": "by the release of the reserve", "oom": "in the OOM step"}


def ask(program, path, arms):
    """Return the Answer of each arm and remedy to the state in a file."""
    if not program.is_file():
        raise UserError(f"{program}: not built; make host-replay builds it")
    argv = [str(program), str(path), "--arm", ",".join(arm.replace(",", "+") for arm in arms)]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=SECONDS)
    except subprocess.TimeoutExpired as error:
        raise UserError(f"{path}: no answer in {SECONDS} s") from error
    if done.returncode == 2:
        kind = Refused if done.stderr.startswith("state:") else UserError
        raise kind(f"{path}: {done.stderr.strip()}")
    if done.returncode:
        raise UserError(f"{program}: ended with {done.returncode}: {done.stderr.strip()[-200:]}")
    return [answer(json.loads(line)) for line in done.stdout.splitlines()]


def answer(row):
    return Answer(row["arm"].replace("+", ","), row["outcome"], row["victim"], row["zone"], row["step"],
                  row["released_pages"], row["loops"], row["why"])
