"""`make check`: explains every report of the logs that are named. It needs nothing but Python.

Exit code 0: reports were found and explained; 1: there was none; 2: something could not be read.
"""
import argparse
import glob
import json
import re
import sys
import time
from pathlib import Path

from check import form, full, verdict, words
from options import UserError
from reports import report

LONGEST_LINE = 1 << 16  # bytes; what is longer is cut, and no kernel's
EVERY = 2.0             # seconds between two lines of progress
STDIN = "-"
PACKED = ((b"\x1f\x8b", "packed by gzip (zcat reads it)"), (b"\xfd7zXZ", "packed by xz (xzcat reads it)"),
          (b"\x28\xb5\x2f\xfd", "packed by zstd (zstdcat reads it)"))
WIDE = re.compile(rb"\xff\xfe[^\0]\0|\xfe\xff\0[^\0]")


class Arguments(argparse.ArgumentParser):
    """A parser whose complaint is one line."""

    def error(self, message):
        raise UserError(f"check: {message} (try check --help)")


def arguments():
    found = Arguments(prog="lowwater.py check", allow_abbrev=False, description=__doc__.split("\n", 1)[0])
    found.add_argument("logs", nargs="+", metavar="LOG", help="a log, or - for standard input")
    found.add_argument("--full", action="store_true", help="the numbers behind the words as well")
    found.add_argument("--json", action="store_true", help="one object a report, one a line: check.schema.json")
    found.add_argument("--report", type=int, default=0, help="only the N-th of each log")
    return found


def main(argv):
    """Do what argv says and return the exit code."""
    options = arguments().parse_args(argv)
    if options.report < 0:
        raise UserError(f"check: --report {options.report}: expected 1 or above")
    found, bad = 0, 0
    names = [one for given in options.logs for one in named(given)]
    for name in names:
        try:
            found += explain(name, options, found > 0)
        except (UserError, IsADirectoryError, PermissionError) as error:
            if len(names) == 1:
                raise
            bad += 1  # the others may be read all the same
            text = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) else error
            print(f"lowwater: {text}", file=sys.stderr)
    return 2 if bad else 0 if found else 1


def named(given):
    """Return the files that a name means: make does not expand patterns."""
    if given == STDIN or Path(given).exists():
        return [given]
    found = sorted(glob.glob(given))
    if not found:
        raise UserError(f"check: {given}: no such file; expected a log, or - for standard input")
    return found


def explain(name, options, follows):
    """Explain one log's reports; return how many there were. follows: other ones have been before."""
    reader = Log(name)
    shown = count = 0
    for count, one in enumerate(report.stream(reader), 1):
        reader.reports = count
        if options.report in (0, count):
            shown += 1
            show(one, count, name, options, follows or shown > 1)
    if not count:
        print(f"lowwater: {spoken(name)}: no report of the OOM killer and no allocation failure in "
              f"{reader.lines} lines", file=sys.stderr)
    elif not shown:
        raise UserError(f"check: {spoken(name)}: report {options.report}: expected 1 to {count}")
    return shown


def show(one, number, name, options, follows):
    found = verdict.judge(one)
    if options.json:
        print(json.dumps(form.as_json(one, found, spoken(name), number)))
        return
    if follows:
        print()
    for line in words.lines(one, found, number, spoken(name)) + (full.lines(one, found) if options.full else []):
        print(line)


def spoken(name):
    return "standard input" if name == STDIN else name


class Log:
    """The lines of a log, one after the other; says now and then how far it is."""

    def __init__(self, name):
        self.name = name
        self.lines = self.bytes = self.reports = 0
        self.told = time.monotonic()

    def __iter__(self):
        if self.name == STDIN:
            yield from self.read(sys.stdin.buffer)
            return
        with open(self.name, "rb") as file:
            yield from self.read(file)

    def read(self, file):
        head = file.peek(8)[:8] if hasattr(file, "peek") else b""
        if WIDE.match(head):
            raise UserError(f"check: {spoken(self.name)}: UTF-16 (iconv makes text of it); expected plain text")
        for mark, what in PACKED:
            if head.startswith(mark):
                raise UserError(f"check: {spoken(self.name)}: {what}; expected plain text")
        while line := file.readline(LONGEST_LINE):
            self.lines += 1
            self.bytes += len(line)
            if not self.lines & 0xfff:
                self.progress()
            yield line.decode("utf-8", "replace")

    def progress(self):
        now = time.monotonic()
        if now - self.told > EVERY and sys.stderr.isatty():
            self.told = now
            print(f"{self.bytes >> 20} MiB, {self.reports} reports\r", end="", file=sys.stderr, flush=True)
