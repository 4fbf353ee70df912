"""What two sides of an arm differ in, over all seeds and machines that both have run."""
import os
import re
from collections import Counter
from dataclasses import dataclass, field
from statistics import median

from results import change

WORDS = ("outcome", "victims", "verdicts", "notes")
STAMP = re.compile(r"^\[ *\d+\.\d+\] ?")
# Where an image's code lies: addresses in it, and behind a function's name how far in and how long it is. And
# the words of a stack, among which are such, and what earlier calls have left there.
LAYOUT = re.compile(r"ffffffff8[0-9a-f]{7}(?![0-9a-f])|(?<=\+)0x[0-9a-f]+/0x[0-9a-f]+|^(?: ?[0-9a-f]{16})+$")
LINE, BEFORE = 110, 30  # characters of a log's line that are shown, and of these before the first that differs


@dataclass
class Row:
    """One arm: how many pairs of runs, and what they differ in, by name: (before, now) as texts."""

    scenario: str
    patch: str
    runs: int = 0
    words: dict = field(default_factory=dict)
    counters: dict = field(default_factory=dict)
    instructions: tuple | None = None
    log: dict | None = None  # the first pair of logs that part: seed, cpus, line, before, now
    logs: int = 0            # how many pairs do

    @property
    def differs(self):
        return bool(self.words or self.counters or self.logs)

    @property
    def moved(self):
        """Does it differ in no more than when things happen, and where the image's code lies?"""
        return self.differs and not (self.words or self.counters or self.log["line"])


def rows(before, now):
    """Return a Row for each arm of two lists of (spec, result), in the order of the second."""
    other = {key(spec): (spec, result) for spec, result in before}
    groups = {}
    for spec, result in now:
        if key(spec) in other:
            groups.setdefault((spec.scenario, spec.patch), []).append((*other[key(spec)], spec, result))
    return [row(scenario, patch, group) for (scenario, patch), group in groups.items()]


def key(spec):
    return spec.scenario, spec.patch, spec.seed, spec.sched, spec.cpus, spec.mem, spec.shift, spec.args, spec.devices


def row(scenario, patch, group):
    found = Row(scenario, patch, len(group))
    old, new = [one[1] for one in group], [one[3] for one in group]
    for name in WORDS:
        pair = [word(name, one) for one in old], [word(name, one) for one in new]
        if pair[0] != pair[1]:
            found.words[name] = tuple(map(tally, pair))
    for name in sorted({name for one in group for name in change.counters(one[1], one[3])}):
        values = [one["counters"].get(name) for one in old], [one["counters"].get(name) for one in new]
        found.counters[name] = tuple(map(spread, values))
    totals = [one["instructions"]["total"] for one in old], [one["instructions"]["total"] for one in new]
    if totals[0] != totals[1]:
        found.instructions = tuple(map(spread, totals))
    part_logs(found, group)
    return found


def word(name, result):
    """Return what a run has of a field, as one text."""
    if name == "victims":
        return " ".join(one.get("comm", "?") for one in result["timeline"] if one["what"] == "killed") or "nobody"
    if name == "verdicts":
        return ", ".join((one.get("verdict") or {}).get("kind", "none") for one in result["reports"]) or "no report"
    if name == "notes":
        return "; ".join(result["notes"]) or "none"
    return result["outcome"]


def tally(values):
    """Return values as one text: how often each was, where they are not all the same."""
    counts = Counter(values)
    if len(counts) == 1:
        return values[0]
    return ", ".join(f"{value} ({count})" for value, count in sorted(counts.items(), key=lambda one: (-one[1], one[0])))


def spread(values):
    """Return numbers as one text: the median, and from where to where they go; - where a side has none."""
    known = [value for value in values if value is not None]
    if not known:
        return "-"
    if min(known) == max(known):
        return f"{known[0]}"
    return f"{median(known):g} ({min(known)} to {max(known)})"


def part_logs(found, group):
    """Find the first pair of logs that part, and where; one that parts in times alone only if no other does."""
    for spec, old, other, new in group:
        if old["console_sha256"] == new["console_sha256"]:
            continue
        found.logs += 1
        if found.log is None or not found.log["line"]:
            where = parting(spec.folder, other.folder)
            if found.log is None or where["line"]:
                found.log = {"seed": spec.seed, "cpus": spec.cpus} | where


def parting(before, now):
    """Return the first line whose text differs in two console logs, and that line of both.

    0: none; only times do, or where code lies.
    """
    with open(before / "console.log", "rb") as old, open(now / "console.log", "rb") as new:
        for number, pair in enumerate(iter(lambda: (old.readline(), new.readline()), (b"", b"")), 1):
            texts = [STAMP.sub("", line.decode("utf-8", "replace").strip()) for line in pair]
            if LAYOUT.sub("", texts[0]) != LAYOUT.sub("", texts[1]):
                old_line, new_line = shown(*texts)
                return {"line": number, "before": old_line, "now": new_line}
    return {"line": 0, "before": "", "now": ""}


def shown(*texts):
    """Return two lines as far as there is room, of long ones what is around the first difference."""
    common = len(os.path.commonprefix(texts))
    start = max(0, common - BEFORE) if max(map(len, texts)) > LINE else 0
    return [("..." if start else "") + text[start:start + LINE] or "(the end)" for text in texts]
