#!/usr/bin/python3
"""`make coverage`: which lines and branches of the code under test the host twin's tests execute.

Runs the `gcc --coverage` build in a folder; gcovr adds up every file as it was compiled into every object
(an inline function of a header is in many). Nothing is excluded: a branch that only a broken kernel
would take counts as one that was not taken. Prints a table, writes
each miss to FOLDER/uncovered.txt, and fails (1) below the thresholds of the allocator; 2: a test
failed.
"""
import json
import os
import subprocess
import sys
from pathlib import Path

from suites.parser import plainly

LEAST_LINES, LEAST_BRANCHES = 95.0, 85.0

# What is in mm/ besides the allocator: address spaces, the OOM killer, reports, switches.
OTHERS = {f"mm/{name}" for name in (
    "space/fault.c", "space/mm.c", "space/mm.h", "page/mm_trace.c", "page/mm_trace.h",
    "oom/oom_kill.c", "oom/oom.h", "oom/oom_report.c", "page/patch.c", "space/pgtable.c",
    "space/pgtable.h", "show/proc.c", "show/show_mem.c", "show/outlook.c", "show/outlook.h",
    "show/verdict.c", "show/verdict_json.c", "show/verdict_swap.c", "show/verdict_text.c", "space/vma.c")}
UNDER_TEST = ("mm", "kernel/core", "boot")
TESTS = "tests/host"


def run(folder):
    """Run the tests; True if all passed. What earlier runs counted is thrown away."""
    for data in folder.rglob("*.gcda"):
        data.unlink()
    log = folder / "twin.log"
    with open(log, "wb") as out:
        status = subprocess.run([folder / "twin"], stdin=subprocess.DEVNULL, stdout=out,
                                stderr=out, check=False).returncode
    if status:
        print("\n".join(log.read_text(errors="replace").splitlines()[-20:]))
        print(f"coverage: FAILED: the tests do not pass ({log})")
    return status == 0


def read(folder):
    """Return {file: {line: (count, [branch counts])}} of all objects in folder, added up by gcovr."""
    out = folder / "gcovr.json"
    filters = [word for name in UNDER_TEST for word in ("--filter", f"{name}/")]
    done = subprocess.run(["gcovr", "--root", ".", *filters, "-j", str(os.cpu_count() or 1), "--json",
                           out, folder], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                          check=False)
    if done.returncode:
        raise OSError(done.returncode, (done.stderr.splitlines() or ["no message"])[-1], "gcovr")
    files = json.loads(out.read_text(encoding="utf-8"))["files"]
    return {one["file"]: lines_of(one) for one in files}


def lines_of(file):
    """Return {line: (count, [branch counts])}; a brace that stands alone is no code to gcovr."""
    return {line["line_number"]: (line["count"], [branch["count"] for branch in line["branches"]])
            for line in file["lines"] if not line["gcovr/noncode"]}


class Score:
    """Executed and existing lines and branches, of a file or of many."""

    def __init__(self, entries=()):
        entries = list(entries)
        self.lines = [count for count, _ in entries]
        self.branches = [count for _, counts in entries for count in counts]

    def __iadd__(self, other):
        self.lines += other.lines
        self.branches += other.branches
        return self

    def percentages(self):
        return percent(self.lines), percent(self.branches)

    def cells(self, name):
        cells = [name]
        for counts in (self.lines, self.branches):
            cells += [f"{sum(map(bool, counts))}/{len(counts)}", f"{percent(counts):.1f}%"]
        return cells


def percent(counts):
    return 100 * sum(map(bool, counts)) / len(counts) if counts else 100.0


def total(scores):
    result = Score()
    for one in scores:
        result += one
    return result


def table(scores):
    """Return the lines of the report: the allocator, its total, the rest of mm/."""
    rest = sorted(OTHERS & set(scores))
    rows = [("file", "lines", "", "branches", "")]
    rows += [scores[name].cells(name) for name in in_allocator(scores)]
    rows += [None, allocator(scores).cells("the allocator"), None]
    rows += [scores[name].cells(name) for name in rest]
    widths = [max(len(row[place]) for row in rows if row) for place in range(5)]
    return ["-" * (sum(widths) + 8) if row is None else
            "  ".join([row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in
                                                  zip(row[1:], widths[1:]))]).rstrip()
            for row in rows]


def in_allocator(scores):
    return sorted(name for name in scores if name.startswith("mm/") and name not in OTHERS)


def allocator(scores):
    return total(scores[name] for name in in_allocator(scores))


def misses(found):
    """Yield a line for each line and each branch of mm/ that no test reaches."""
    for name in sorted(name for name in found if name.startswith("mm/")):
        source = Path(name).read_text(encoding="utf-8").splitlines()
        for number, (count, branches) in sorted(found[name].items()):
            text = source[number - 1].strip()
            if not count:
                yield f"{name}:{number}: never executed: {text}"
            elif not all(branches):
                missed = [str(place) for place, taken in enumerate(branches) if not taken]
                yield (f"{name}:{number}: branch {', '.join(missed)} of {len(branches)} "
                       f"never taken: {text}")


def length(names):
    return sum(bool(line.strip()) for name in names
               for line in Path(name).read_text(encoding="utf-8").splitlines())


def sizes(found):
    """Return one line: how much test code there is, and how much code it tests."""
    tested = [name for name in found if name.startswith(UNDER_TEST)]
    tests = [path for path in Path(TESTS).rglob("*.[ch]")]
    ours, theirs = length(tests), length(tested)
    return (f"{ours} lines of test code ({TESTS}), {theirs} lines under test "
            f"({len(tested)} files of mm/, kernel/core, boot/): {ours / theirs:.2f} to 1")


def main():
    folder = Path(sys.argv[1])
    if not run(folder):
        return 2
    found = read(folder)
    scores = {name: Score(lines.values()) for name, lines in found.items()}
    uncovered = folder / "uncovered.txt"
    uncovered.write_text("".join(line + "\n" for line in misses(found)), encoding="utf-8")
    print("\n".join([*table(scores), "", sizes(found), f"what is not covered: {uncovered}"]))
    lines, branches = allocator(scores).percentages()
    if lines < LEAST_LINES or branches < LEAST_BRANCHES:
        print(f"coverage: FAILED: the allocator has {lines:.1f}% of lines and {branches:.1f}% of "
              f"branches; at least {LEAST_LINES:g}% and {LEAST_BRANCHES:g}% are asked for")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(plainly("coverage", main))
