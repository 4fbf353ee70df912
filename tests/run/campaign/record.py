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
TOLD = ("panic", "lockup", "crash")  # the message belongs to what happened
FINE = ("completed", "oom-killed")
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
    """Do one run and print its record; a refused parameter is an error: no seed will mend it."""
    result = runner.run(spec, arm, Silent)
    if result["outcome"] == "bad-parameter" and not result["as_expected"]:
        raise UserError((result["message"] or "bad parameter").removeprefix("lowwater: "))
    print(json.dumps(short(result)))
    return 0


def short(result):
    """Return a result's record."""
    return {name: result[name] for name in COPIED} | {
        "violated": outcome.violations(result["reports"]), "instructions": result["instructions"]["total"]}


def pair(record):
    return record["seed"], record["sched"]


def good(record):
    """Tell whether a job did what its arm declares, or ended well where none declares anything."""
    if record["as_expected"] is None:
        return record["outcome"] in FINE and not record["violated"]
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
