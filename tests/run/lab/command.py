"""`make report`: one page about all runs of a folder, report.html, with table.csv beside it."""
import argparse
import sys
from collections import Counter
from pathlib import Path

from lab import collect, page, rows
from options import UserError
from results import outcome, whole

PAGE, SHEET = "report.html", "table.csv"


class Arguments(argparse.ArgumentParser):
    """A parser whose complaint is one line."""

    def error(self, message):
        raise UserError(f"report: {message} (try report --help)")


def arguments():
    found = Arguments(prog="lowwater.py report", allow_abbrev=False, description=__doc__.split("\n", 1)[0])
    found.add_argument("--results", default="", help="the folder of runs [BUILD_DIR/results]")
    found.add_argument("--build-dir", default="build", help="where make put the kernel")
    return found


def main(argv):
    """Do what argv says and return the exit code."""
    options = arguments().parse_args(argv)
    folder = Path(options.results or Path(options.build_dir) / "results")
    runs, wrong = collect.below(folder)
    for line in wrong:
        print(f"lowwater: {line}", file=sys.stderr)
    if not runs:
        raise UserError(f"{folder}: no run is there; make run fills it")
    for path in write(runs, folder):
        print(path)
    return 1 if wrong else 0


def write(runs, folder):
    """Write both files and return their paths, the page last."""
    text = page.make(runs, closing(runs))
    whole.write(folder / SHEET, rows.as_csv(runs))
    whole.write(folder / PAGE, text)
    return folder / SHEET, folder / PAGE


def closing(runs):
    counts = Counter(outcome.verdict(run.result) for run in runs)
    return f"{counts['ok']} as declared, {counts['FAIL']} not, {counts['-']} not declared"


def after(folders, results):
    """Write the files about runs that have just been; return the page's path, or None after a line."""
    try:
        return write(collect.of(folders, results), results)[-1]
    except UserError as error:
        print(f"lowwater: no {PAGE}: {error}", file=sys.stderr)
        return None
