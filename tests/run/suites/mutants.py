#!/usr/bin/python3
"""`make mutants`: wrong changes of mm/, one at a time, and whether the host tests notice.

FOLDER holds the two builds of the host twin that are changed (see mutation/twin.py). Mutants that
cannot behave otherwise are listed by hand, each with its reason, in data/equivalent_mutants.json.
Prints a table by room and what lived, and writes every verdict to FOLDER/verdicts.txt. Exits 0 when at
least 95 % of those that are not equivalent are killed, 1 when not, or when the list of equivalent ones
names one that is not there; 2 when there was nothing to do, or the tests fail as they are.
"""
import difflib
import fnmatch
import json
import os
import queue
import random
import re
import shlex
import shutil
import signal
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from suites.mutation.operators import mutants_of
from suites.parser import Parser, plainly
from suites.mutation.twin import BUILDS, Children, Stopped, Twin, try_mutant

LEAST_KILLED = 95.0
EQUIVALENT = Path(__file__).parent / "data" / "equivalent_mutants.json"
NOT_IN_TWIN = ("mm/setup/mm_boot.c",)
VERDICTS = ("killed", "lived", "equivalent", "same code", "does not compile")


def parse(argv):
    parser = Parser("mutants", __doc__)
    for name in ("files", "sample", "seed", "jobs"):
        parser.add_argument(f"--{name}", default="")
    for name in ("fast", "checked", "link"):
        parser.add_argument(f"--{name}", type=shlex.split, required=True,
                            help="compiler and its flags")
    parser.add_argument("--objects", type=shlex.split, required=True, help="of a build")
    parser.add_argument("--equivalent", type=Path, default=EQUIVALENT)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args(argv)
    for name, usual in (("sample", 0), ("seed", 1), ("jobs", os.cpu_count() or 1)):
        text = getattr(options, name) or str(usual)
        if not text.isdecimal() or (name != "seed" and text != str(usual) and int(text) == 0):
            parser.error(f"{name.upper()}={text!r}: expected a number of at least 1")
        setattr(options, name, int(text))
    options.files = chosen(parser, options.files)
    return options


def chosen(parser, patterns):
    """The files to change; each pattern must name at least one."""
    there = sorted(str(path) for path in Path("mm").glob("*/*.[ch]")
                   if str(path) not in NOT_IN_TWIN)
    names = set()
    for pattern in patterns.replace(",", " ").split() or ["*"]:
        found = fnmatch.filter(there, pattern)
        if not found:
            close = difflib.get_close_matches(pattern, there, 1)
            parser.error(f"FILES={pattern}: no such file of mm/"
                         + (f"; is it {close[0]}?" if close else ""))
        names.update(found)
    return sorted(names)


def test_groups():
    """{room of tests/host: its groups}, as the twin names them."""
    rooms = {}
    for path in sorted(Path("tests/host").glob("*/test_*.c")):
        for name in re.findall(r"^TEST_GROUP\((\w+)\)", path.read_text(encoding="utf-8"), re.M):
            rooms.setdefault(path.parent.name, []).append(name)
    return rooms


def order_for(rooms):
    """A function that orders the groups for a file: its namesake, its room, the others of mm/, all."""
    last = ("twin", "core", "boot")

    def order(name):
        room, stem = Path(name).parent.name, Path(name).stem
        others = [one for one in rooms if one != room and one not in last]
        groups = [group for one in (room, *others, *last) for group in rooms.get(one, ())]
        return sorted(groups, key=lambda group: group != stem)
    return order


class Equivalents:
    """The mutants that are known to be no change of behaviour."""

    def __init__(self, path):
        entries = json.loads(path.read_text(encoding="utf-8"))
        self.keys = {(one["file"], one["line"], one["operator"], one["change"], one.get("nth", 0))
                     for one in entries}

    def stale(self, mutants, files):
        """Entries of these files that name no mutant."""
        there = {mutant.key() for mutant in mutants}
        return sorted(key for key in self.keys if key[0] in files and key not in there)


def run_all(options, twins, mutants, texts, equivalents):
    """Yield (mutant, verdict, killer) as they come."""
    children, order = twins[0].children, order_for(test_groups())
    places = queue.SimpleQueue()
    for number in range(options.jobs):
        places.put(options.folder / "work" / str(number))

    def one(mutant):
        if mutant.key() in equivalents.keys:
            return mutant, "equivalent", ""
        place = places.get()
        try:
            return mutant, *try_mutant(twins, mutant, texts[mutant.file], place, order)
        finally:
            places.put(place)

    with ThreadPoolExecutor(options.jobs) as pool:
        try:
            for done in as_completed([pool.submit(one, mutant) for mutant in mutants]):
                yield done.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            children.stop()
            raise


def progress(done, total, lived, began):
    """A live line on a terminal; without one now and then a plain one."""
    text = f"mutants: {done} of {total}, {lived} lived, {time.monotonic() - began:.0f} s"
    if sys.stdout.isatty():
        print(f"\r{text}", end="\n" if done == total else "", flush=True)
    elif done % 100 == 0 or done == total:
        print(text, flush=True)


def difference(mutant, text):
    """The change as a diff, without its header."""
    lines = difflib.unified_diff(text.splitlines(), mutant.apply(text).splitlines(), lineterm="", n=1)
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


def rate(counts):
    """Killed among those that are not equivalent, in percent; 100 when there are none."""
    judged = counts["killed"] + counts["lived"]
    return 100.0 * counts["killed"] / judged if judged else 100.0


def table(results):
    """A line for each room, and one for all."""
    rooms = {}
    for mutant, verdict, _ in results:
        rooms.setdefault(str(Path(mutant.file).parent), Counter())[verdict] += 1
    head = f"{'room':14} {'mutants':>7} " + " ".join(f"{name:>10}" for name in VERDICTS)
    rows = [head + f" {'rate':>7}", "-" * (len(head) + 8)]
    everything = sum(rooms.values(), Counter())
    for name, counts in [*sorted(rooms.items()), ("all", everything)]:
        cells = " ".join(f"{counts[verdict]:>{max(10, len(verdict))}}" for verdict in VERDICTS)
        rows.append(f"{name:14} {sum(counts.values()):>7} {cells} {rate(counts):6.1f}%")
    return rows, rate(everything)


def report(options, results, texts, stale):
    """Print what came of it; return the exit code."""
    results.sort(key=lambda one: (one[0].file, one[0].start, one[0].operator, one[0].change))
    for mutant, verdict, _ in results:
        if verdict == "lived":
            print("\n".join([f"\nlived: {mutant.describe()}",
                             *difference(mutant, texts[mutant.file])]))
    rows, percent = table(results)
    print("\n" + "\n".join(rows))
    for file, line, operator, change, nth in stale:
        print(f"mutants: {options.equivalent.name} names one that is not there: "
              f"{file}: {line!r}, {operator}, {change}, {nth}")
    enough = percent >= LEAST_KILLED
    print(f"mutants: {'' if enough else 'FAILED: '}{percent:.1f}% killed, "
          f"at least {LEAST_KILLED:.0f}% expected; all verdicts: {options.folder}/verdicts.txt")
    return 0 if enough and not stale else 1


def sample(options, mutants):
    """So many of them as are asked for, the same ones for the same seed."""
    if not options.sample or options.sample >= len(mutants):
        return mutants
    return random.Random(options.seed).sample(mutants, options.sample)


def work(options, twins):
    texts = {name: Path(name).read_text(encoding="utf-8") for name in options.files}
    mutants = [mutant for name in options.files for mutant in mutants_of(name, texts[name])]
    equivalents = Equivalents(options.equivalent)
    stale = equivalents.stale(mutants, options.files)
    mutants = sample(options, mutants)
    if not mutants:
        print("mutants: nothing to change in these files", file=sys.stderr)
        return 2
    groups = order_for(test_groups())("")  # as mutants are judged: a group that the twin lacks is no kill
    for twin in twins:
        failed = twin.check(groups)
        if failed:
            print(f"mutants: without any change a test fails: {failed}", file=sys.stderr)
            return 2
    results, began, lived = [], time.monotonic(), 0
    with open(options.folder / "verdicts.txt", "w", encoding="utf-8", buffering=1) as out:
        for mutant, verdict, killer in run_all(options, twins, mutants, texts, equivalents):
            results.append((mutant, verdict, killer))
            lived += verdict == "lived"
            print(f"{verdict:16} {mutant.describe()} | {mutant.line} | {killer}", file=out)
            progress(len(results), len(mutants), lived, began)
    return report(options, results, texts, stale)


def main():
    options = parse(sys.argv[1:])
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    children = Children()
    twins = [Twin(options.folder / name, options.objects, getattr(options, name), options.link,
                  children) for name in BUILDS]
    try:
        return work(options, twins)
    except (KeyboardInterrupt, Stopped):
        children.stop()
        print("\nmutants: interrupted", file=sys.stderr)
        return 130
    finally:
        shutil.rmtree(options.folder / "work", ignore_errors=True)


if __name__ == "__main__":
    sys.exit(plainly("mutants", main))
