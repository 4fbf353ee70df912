"""The console log of a run, its reports folded: a fold has verdict, arithmetic, and explanations.

Which lines are a report's is told here only as far as a fold needs it: from its first line to the last
that is of a form that only reports have, before the next report begins.
"""
import re

from check import full, verdict, words
from lab import explain
from reports import report
from results import console

FAR = 2000  # lines: a report with a table of so many processes is folded in part
GAP = 3      # lines of others in a row behind the memory part: the report is over
TRAILER = re.compile(r"\d+ pages (?:reserved|hwpoisoned)")
LAST = re.compile(r"Killed process \d+|Out of memory and no killable processes")
OURS = re.compile(r"(?:verdict|note|nothing to judge|(?:UN)?AVOIDABLE|FRAGMENTED): |\d+ pages |"
                  r"\[ *\d+\] +\d+|\[ *pid *\]|Out of memory: |Total swap|Node \d+ ")


def data(lines):
    """Return {"lines", "folds"} for a log; lines are numbered from 0."""
    reports = list(report.stream(lines))
    starts = [one["line"] - 1 for one in reports] + [len(lines)]
    folds = [fold(lines, one, number, after)
             for number, (one, after) in enumerate(zip(reports, starts[1:]), 1)]
    return {"lines": lines, "folds": folds}


def fold(lines, one, number, after):
    first = one["line"] - 1
    last = end(lines, first, after)
    found = verdict.judge(one)
    said = words.lines(one, found, number, "console.log")
    return {"first": first, "last": last, "title": said[0], "kind": found.kind, "words": said[1:],
            "full": full.lines(one, found), "notes": notes(lines[first:last + 1], one, found)}


def end(lines, first, after):
    """Return the last line of the report that begins at first; the next one begins at after."""
    last, late = first, False
    for number in range(first, min(after, first + FAR)):
        text = console.unstamp(lines[number])
        if LAST.match(text):
            return number
        if OURS.match(text):
            last, late = number, late or bool(TRAILER.match(text))
        elif late and number - last > GAP:
            break
    return last


def notes(lines, one, found):
    """Return [line, start, end, text] for each number; texts that repeat are the packing's to care for."""
    explainer, out = explain.Explainer(one, found), []
    for number, line in enumerate(lines):
        text = console.unstamp(line).lstrip()
        skipped = len(line) - len(text)
        for start, stop, said in explainer.line(text.rstrip()):
            out.append([number, start + skipped, stop + skipped, said])
    return sorted(out)
