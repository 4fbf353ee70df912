#!/usr/bin/python3
"""`make explore` and `make explore-test`: the explorer of interleavings (tests/host/explore).

    explore.py run FOLDER    scenarios, each to its bound, one after the other; a table in the end,
                             results as JSON and JUnit in RESULTS. Exit code 1, and the token, when
                             one fails. With a token: that schedule alone, step by step.
    explore.py plants FOLDER   build the plants; what is wrong with one, its test says.
    explore.py test FOLDER   TAP: every scenario at its quick bound, the same counts twice, the same
                             without the cache, or when nothing is kept, every plant found, its
                             token repeated, words of memory have their names, and the guest's
                             places are places here.
                             --part names one of the parts.

FOLDER holds the program `explore`. Exit code 2: a wrong option.
"""
import difflib
import json
import os
import shlex
import subprocess
import sys
import time
import xml.etree.ElementTree as tree
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from suites import places, plants
from suites.parser import Parser, plainly

SCENARIOS = ("scenarios-1", "scenarios-2", "scenarios-3")
PLANTS = ("plants-1", "plants-2", "plants-3")
PARTS = (*SCENARIOS, "itself", *PLANTS)  # of the self-test: a few for workers to share
RESULTS = Path("build/results/explore")
HEADS = ("scenario", "arm", "bound", "schedules at bound 0 / 1 / 2 / ...", "a second", "cut",
         "points", "reset", "ok")
RIGHT = (2, 4, 5, 6, 7)  # columns of numbers
DEBUG_ELF = Path("build/debug/obj/first.elf")
NAMES = (("innocent-4.9", "start>2", ("mm 0 users", "mm 0 mmap_sem+56", "mm 1 flags")),
         ("two-ooms", "-", ("task fat memdie", "zone DMA32 stat")))
KEPT = ("hand-over", "n5-outside", "unmap-locked", "unmap-tlb-alloc")
CACHE_OFF = (("r4", 3), ("r5", 2), ("hand-over", 1), ("killer-disabled", 1), ("wait-kill", 2))


def parse(argv):
    parser = Parser("explore", __doc__)
    parser.add_argument("what", choices=("run", "plants", "test"))
    parser.add_argument("folder", type=Path)
    for name in ("scenario", "bound", "seconds", "token", "jobs"):
        parser.add_argument(f"--{name}", default="")
    parser.add_argument("--part", default="", choices=("", *PARTS))
    parser.add_argument("--compile", type=shlex.split, default=[], help="of a file of the subject")
    parser.add_argument("--link", type=shlex.split, default=[])
    parser.add_argument("--objects", type=shlex.split, default=[], help="that the program is of")
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args(argv)
    for name, most in (("bound", 6), ("seconds", 1000000), ("jobs", 64)):
        text = getattr(options, name)
        if text and not (text.isdecimal() and int(text) <= most):
            parser.error(f"{name.upper()}={text!r}: expected a number up to {most}")
    if options.token and not options.scenario:
        parser.error("TOKEN: expected SCENARIO as well")
    options.jobs = int(options.jobs or os.cpu_count() or 1)
    return options


def scenarios(folder):
    """What the program can run: a dictionary for each scenario."""
    out = subprocess.run([folder / "explore", "--list"], stdout=subprocess.PIPE, check=True).stdout
    return [json.loads(line) for line in out.decode().splitlines()]


def chosen(options):
    known = scenarios(options.folder)
    names = [one["scenario"] for one in known]
    if not options.scenario:
        return known
    if options.scenario not in names:
        near = difflib.get_close_matches(options.scenario, names, 3, 0) or names[:3]
        print(f"explore: SCENARIO={options.scenario!r}: no such scenario; near it: "
              f"{', '.join(near)}", file=sys.stderr)
        sys.exit(2)
    return [one for one in known if one["scenario"] == options.scenario]


def explore(program, name, *arguments):
    """Run one scenario; its result, or one that says how the program ended."""
    done = subprocess.run([program, name, *arguments], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, check=False)
    try:
        return json.loads(done.stdout)
    except ValueError:
        return {"scenario": name, "title": "", "arm": "", "bounds": [], "shows": [], "ok": False,
                "message": f"the explorer ended with status {done.returncode}"}


def cells(result):
    bounds = result["bounds"]
    runs = sum(one["schedules"] for one in bounds)
    seconds = sum(one["cpu_seconds"] for one in bounds)
    counts = " / ".join(f"{one['schedules']:,}" + ("" if one["exhausted"] else "+")
                        for one in bounds)
    return [result["scenario"], result["arm"], str(bounds[-1]["bound"]) if bounds else "-", counts,
            f"{runs / seconds:,.0f}" if seconds else "-",
            f"{100 * sum(one['cut'] for one in bounds) / runs:.0f} %" if runs else "-",
            str(max((one["points"] for one in bounds), default=0)),
            f"{result.get('reset_us', 0):.1f} us", "yes" if result["ok"] else "NO"]


def table(results):
    rows = [HEADS, *map(cells, results)]
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = ["  ".join(cell.rjust(width) if place in RIGHT else cell.ljust(width)
                       for place, (cell, width) in enumerate(zip(row, widths))).rstrip()
             for row in rows]
    lines.insert(1, "-" * max(map(len, lines)))
    return "\n".join(lines)


def shown(results):
    """A line for each named result: the least schedule that shows it."""
    lines = []
    for result in results:
        for one in result["shows"]:
            lines += [f"{result['scenario']}: {one['result']}",
                      f"    bound {one['bound']}, in {one['schedules']:,} schedules of the last "
                      f"bound; TOKEN='{one['token']}'"]
    return "\n".join(lines)


def failures(results):
    lines = []
    for result in results:
        if result["ok"]:
            continue
        lines.append(f"{result['scenario']}: {result['message']}")
        if "token" in result:
            lines.append(f"    make explore SCENARIO={result['scenario']} "
                         f"TOKEN='{result['token']}'")
    return "\n".join(lines)


def junit(results, path):
    suite = tree.Element("testsuite", name="explore", tests=str(len(results)), errors="0",
                         failures=str(sum(not one["ok"] for one in results)))
    for result in results:
        seconds = sum(one["cpu_seconds"] for one in result["bounds"])
        case = tree.SubElement(suite, "testcase", classname="lowwater.explore",
                               name=result["scenario"], time=f"{seconds:.3f}")
        if not result["ok"]:
            failure = tree.SubElement(case, "failure", message=result["message"])
            failure.text = failures([result])
    root = tree.Element("testsuites")
    root.append(suite)
    tree.indent(root)
    tree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def keep(results, folder):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "result.json").write_text(json.dumps(results, indent=1) + "\n")
    (folder / "table.txt").write_text(table(results) + "\n")
    junit(results, folder / "junit.xml")


def run(options):
    program = options.folder / "explore"
    if options.token:
        chosen(options)
        return subprocess.run([program, options.scenario, "--token", options.token],
                              check=False).returncode
    arguments = ["--jobs", str(options.jobs)]
    for name in ("bound", "seconds"):
        if getattr(options, name):
            arguments += [f"--{name}", getattr(options, name)]
    results = []
    for one in chosen(options):
        if not sys.stderr.isatty():
            print(f"explore {one['scenario']}", file=sys.stderr, flush=True)
        results.append(explore(program, one["scenario"], *arguments))
    keep(results, options.results)
    for text in (table(results), shown(results), failures(results)):
        if text:
            print(text)
    return 0 if all(one["ok"] for one in results) else 1


class Tap:
    """One line a test, as they come."""

    def __init__(self):
        self.number = self.failed = 0

    def line(self, is_ok, text, why=""):
        self.number += 1
        self.failed += not is_ok
        if not is_ok:
            print("\n".join(f"# {one}" for one in str(why).splitlines()))
        print(f"{'ok' if is_ok else 'not ok'} {self.number} - {text}", flush=True)


def counts_of(result):
    """What must be the same each time."""
    return ([{name: value for name, value in one.items() if name != "cpu_seconds"}
             for one in result["bounds"]], result["shows"], result.get("token"))


def test_scenario(program, one):
    result = explore(program, one["scenario"], "--quick")
    bounds = result["bounds"]
    text = f"explore {one['scenario']}"
    if bounds:
        text += f": bound {bounds[-1]['bound']}, {bounds[-1]['schedules']} schedules"
    return result["ok"] and all(b["exhausted"] for b in bounds), text, result


def test_repeats(program):
    """Twice the same command, in two shards: the same counts, the same tokens."""
    first, second = (explore(program, "hand-over", "--bound", "1", "--jobs", "2")
                     for _ in range(2))
    return (counts_of(first) == counts_of(second), "explore twice: the same counts and tokens",
            f"{first}\n{second}")


def found(result):
    """What a search came to, and with how many preemptions; not in how many schedules."""
    return (result["ok"], result.get("message"),
            [(one["result"], one["bound"]) for one in result["shows"]])


def test_cache(program, name, bound):
    """What the cache cuts would have shown nothing else."""
    results = [explore(program, name, "--bound", str(bound), *more)
               for more in ((), ("--no-cache",))]
    runs = [sum(one["schedules"] for one in result["bounds"]) for result in results]
    return (found(results[0]) == found(results[1]) and runs[0] < runs[1],
            f"explore {name}: the cache off finds the same ({runs[1]} schedules, not {runs[0]})",
            results)


def test_kept(program, name):
    """A run that goes on from a kept one is the run that repeats what led there."""
    kept, repeated = (explore(program, name, "--quick", *more) for more in ((), ("--no-keep",)))
    return (counts_of(kept) == counts_of(repeated),
            f"explore {name}: going on is as good as repeating", f"{kept}\n{repeated}")


def test_plant(options, plant):
    """The fault is found within its bound, and its token finds it again."""
    text = f"plant {plant.name}"
    program, problem = plants.build(options, plant)
    if problem:
        return False, text, problem
    result = explore(program, plant.scenario, "--bound", str(plant.bound))
    if result["ok"] or "token" not in result:
        return False, text + ": found", result.get("message", "missed")
    again = subprocess.run([program, plant.scenario, "--token", result["token"]],
                           stdout=subprocess.PIPE, check=False)
    text += (f": found after {sum(b['schedules'] for b in result['bounds'])} schedules, "
             f"preemptions {result['bounds'][-1]['bound']}: {result['message']}")
    return (again.returncode == 1, text,
            f"the token does not find it again: {result['token']}\n"
            + again.stdout.decode()[-2000:])


def test_names(program, scenario, token, names):
    """A schedule in words names the fields of objects that lie in slabs, and of tasks."""
    said = subprocess.run([program, scenario, "--token", token],
                          stdout=subprocess.PIPE, check=False).stdout.decode(errors="replace")
    lost = [name for name in names if f" {name}," not in said]
    return (lost == [], f"explore {scenario}: {', '.join(names)} have their names",
            f"not named: {', '.join(lost)}\n{said}")


def test_places(program):
    """What the debug build calls a place, the explorer does: a token of here finds it there."""
    lost = sorted(places.of_guest(DEBUG_ELF) - places.of_explorer(program))
    return lost == [], "explore: the guest's places are places here", " ".join(lost)


def cases(options):
    """Yield (part, function that gives an outcome) of each test."""
    program = options.folder / "explore"
    for number, one in enumerate(scenarios(options.folder)):
        yield SCENARIOS[number % len(SCENARIOS)], partial(test_scenario, program, one)
    yield "itself", partial(test_repeats, program)
    for case in CACHE_OFF:
        yield "itself", partial(test_cache, program, *case)
    for name in KEPT:
        yield "itself", partial(test_kept, program, name)
    for case in NAMES:
        yield "itself", partial(test_names, program, *case)
    yield "itself", partial(test_places, program)
    for number, one in enumerate(plants.known()):
        yield PLANTS[number % len(PLANTS)], partial(test_plant, options, one)


def test(options):
    tap, before = Tap(), time.monotonic()
    wanted = [case for part, case in cases(options) if options.part in ("", part)]
    with ThreadPoolExecutor(options.jobs) as pool:
        for outcome in pool.map(lambda case: case(), wanted):
            tap.line(*outcome)
    spent = os.times()
    print(f"1..{tap.number}")
    seconds = spent.children_user + spent.children_system
    print(f"# {time.monotonic() - before:.0f} s, {seconds:.0f} s of CPUs")
    return 1 if tap.failed else 0


def build_plants(options):
    with ThreadPoolExecutor(options.jobs) as pool:
        list(pool.map(partial(plants.build, options), plants.known()))
    return 0


def main():
    options = parse(sys.argv[1:])
    return {"run": run, "plants": build_plants, "test": test}[options.what](options)


if __name__ == "__main__":
    sys.exit(plainly("explore", main))
