#!/usr/bin/python3
"""The runner's command line: run, all, sweep, bench, oracle, iso, list, console, debug, core, and for those who
have logs or results: check, replay, report; other modules do the work.

Exit code of `run`: 0 as expected, 1 finished otherwise or a report's sums are wrong, 2 bad
parameter, 3 panic, 4 lockup, 5 timeout, 6 crash. `all`: 0 when every arm did what it declares.
"""
import argparse
import contextlib
import dataclasses
import os
import re
import signal
import sys
from collections import Counter
from pathlib import Path

sys.dont_write_bytecode = not sys.pycache_prefix  # the source tree stays as it is

TORN = (f"lowwater: {sys.pycache_prefix}: holds a half of what Python compiled (was the disk full?); "
        "expected it whole: please remove that folder")

# pylint: disable=wrong-import-position
try:
    from campaign import arms, asked, choice as chosen, matrix, record, runner  # noqa: E402
    from campaign.progress import Console, Progress  # noqa: E402
    from devices import FORMS  # noqa: E402
    from machine import accel, disks, facts, iso  # noqa: E402
    from results import ktap, outcome, table, tracefile, whole  # noqa: E402
    from options import UserError, choice, jobs, make_spec, need_elf, variant  # noqa: E402
except EOFError:
    print(TORN, file=sys.stderr)
    sys.exit(2)

OPTIONS = (  # name, default, help
    ("scenario", "spike", "what to run"), ("patch", "none", "none, all or a list"),
    ("mem", "", "guest memory in MiB, else what the scenario declares"),
    ("shift", "", "2^SHIFT ns an instruction, 0 to 10, else what the scenario declares"),
    ("cpus", "", "1 to 8, else what the scenario declares"),
    ("seed", "1", "draws the workload"), ("sched", "0", "draws the turns of the CPUs"),
    ("mode", "exact", "exact or fast"), ("args", "", "further kernel parameters"),
    ("devices", "", f"{FORMS}, else what the scenario declares"),
    ("state", "", "a state file, which scenario replay wants"),
    ("boot", "kernel", "kernel or iso"), ("build", "release", "release or debug"),
    ("timeout", "300", "seconds before a run is ended"),
    ("results", "", "folder for results (BUILD_DIR/results)"),
    ("build-dir", "build", "where make put the kernel"),
)


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaint is one line."""

    def error(self, message):
        raise UserError(f"{message} (try --help)")


def main(argv=None):
    """Do what argv says and return the exit code."""
    argv = sys.argv[1:] if argv is None else argv
    try:
        if argv[:1] in (["check"], ["replay"], ["report"]):
            return reports_of(argv)
        options = parser().parse_args(argv)
        spec = make_spec(one_of(options))
        need_elf(spec.elf)
        code = options.command(spec, options)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # who read it has read enough
        return 141
    except UserError as error:
        print(f"lowwater: {error}", file=sys.stderr)
        return 2
    except EOFError:  # of a module that is imported where it is used
        print(TORN, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"lowwater: {error.filename or 'output'}: {error.strerror}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("lowwater: interrupted", file=sys.stderr)
        return 130


def reports_of(argv):
    """For those who have a log, or results: none of a run's options are read; of check and report nothing is built."""
    if argv[0] == "check":
        from check import command
    elif argv[0] == "replay":
        from replay import command
    else:
        from lab import command
    code = command.main(argv[1:])
    sys.stdout.flush()
    return code


def one_of(options):
    """Return the options of a run; where several are meant, of one that stands for them all."""
    found = dict(vars(options))
    if found["patch"] is None:
        options.patch = found["patch"] = "*" if chosen.is_many(options.scenario) else "none"
    many = any(map(chosen.is_many, (options.scenario, options.patch)))
    if many and options.command in (run, run_all, run_matrix, run_compare, show_list):
        options.command = run_all if options.command is run else options.command
        found |= {"scenario": "info", "patch": "none"}
    return found


def parser():
    top = Parser(prog="lowwater.py", description="Runs Lowwater under QEMU and judges it.",
                 allow_abbrev=False)
    choices = commands()
    subs = top.add_subparsers(required=True, metavar="|".join(choices))
    for name, (command, text, *own) in choices.items():
        sub = subs.add_parser(name, help=text, allow_abbrev=False)
        for option, default, note in OPTIONS:
            sub.add_argument(f"--{option}", default=default, help=f"{note} [{default}]")
        for option, more in own:
            sub.add_argument(f"--{option}", **more)
        sub.set_defaults(command=command)
        if command in (run, run_all, run_matrix, run_compare):
            sub.set_defaults(patch=None)  # none; of several scenarios: every arm's
        if command in (run_all, run_matrix, run_compare, show_list):
            sub.set_defaults(scenario="*")
        if command is run_sweep:
            sub.set_defaults(scenario="")  # hours of the wrong one would be a pity
        if command is run_console:
            sub.set_defaults(mode="fast")  # at a person's pace
    return top


def commands():
    """Return {name: (what does it, help, options of its own)}."""
    return {
        "run": (run, "one run, or several side by side",
                flag("record", "one line of JSON, for a sweep"), flag("log", "show the console as it comes"),
                text_option("jobs", "at a time, of several [as many as CPUs]")),
        "all": (run_all, "every study arm, side by side",
                text_option("jobs", "at a time [as many as CPUs]")),
        "matrix": (run_matrix, "every arm on many machines",
                   text_option("mems", f"MiB [{matrix.MEMS}]"), text_option("many-cpus", f"[{matrix.CPUS}]"),
                   text_option("jobs", "at a time [as many as CPUs]")),
        "sweep": (run_sweep, "one arm under many seeds, in parallel",
                  text_option("seeds", "such as 1..50,77 [--seed]"),
                  text_option("scheds", "the same for the turns of the CPUs [--sched]"),
                  text_option("fail-nth", "such as 1..200: the request for memory that is refused"),
                  text_option("jobs", "at a time [as many as CPUs]"),
                  text_option("parallel-options", "GNU parallel's own, such as --sshlogin")),
        "bench": (run_bench, "instructions of the allocator's operations",
                  flag("update", "store the figures as the baseline")),
        "compare": (run_compare, "this tree against another revision, arm by arm",
                    text_option("base", "the revision [HEAD]", "HEAD"),
                    text_option("seeds", "such as 1..8 [--seed]"),
                    text_option("scheds", "the same for the turns of the CPUs [--sched]"),
                    text_option("many-cpus", "such as \"1 2\" [as each scenario declares]"),
                    text_option("fail-on", "outcome, counters, bench: exit code 1 where these differ"),
                    text_option("jobs", "at a time [as many as CPUs]")),
        "oracle": (run_oracle, "the workloads of a real Linux 4.8.15, side by side with it",
                   text_option("workload", "words of their names, such as W1 or 256 [all]"),
                   text_option("jobs", "at a time [as many as CPUs]")),
        "iso": (make_iso, "the GRUB image with a menu",
                text_option("out", "the image [BUILD_DIR/lowwater.iso]")),
        "list": (show_list, "the scenarios and their arms"),
        "console": (run_console, "one run with its serial console on this terminal"),
        "debug": (run_debug, "one run under GDB",
                  text_option("port", "of the gdbstub [a free one]"),
                  flag("halt", "stay at reset, do not continue"),
                  text_option("batch", "GDB commands a;b instead of a prompt"),
                  ("ex", {"action": "append", "default": [], "help": "one such command"})),
        "core": (make_core, "a core of one run for GDB",
                 text_option("at", "oom, panic or end [oom]", "oom")),
    }


def text_option(name, note, default=""):
    return name, {"default": default, "help": note}


def flag(name, note):
    return name, {"action": "store_true", "help": note}


def run(spec, options):
    spec, arm = asked.settle(spec, known_arms(spec))
    if options.record:  # a sweep has folders of its own
        return record.job(dataclasses.replace(spec, variant=""), arm)
    result = runner.run(spec, arm, Console if options.log else Progress)
    code = outcome.exit_code(result)
    if code == outcome.EXITS["bad-parameter"]:
        print(result["message"])  # one line that names it is all there is to say
        return code
    print(table.render([result]))
    for line in table.summaries(result) + table.problems(result):
        print(line)
    for name in ("console.log", "result.json", ktap.NAME, facts.NAME, *tracefile.FILES):
        if (spec.folder / name).exists():
            print(spec.folder / name)
    print_page([spec.folder], spec.results)
    return code


def print_page(folders, results, before=""):
    """Make the page about runs that have just been, and say where it is."""
    from lab import command  # pylint: disable=import-outside-toplevel
    page = command.after(folders, results)
    if page:
        print(f"{before}{page}")


def known_arms(spec):
    """Return the arms; a kernel that cannot tell them still runs, only unjudged."""
    try:
        return arms.load(spec)
    except UserError as error:
        print(f"lowwater: no arms, so nothing is expected: {error}", file=sys.stderr)
        return arms.Known({"arms": []})


# What one command alone needs is imported by it: a sweep starts this script for each of its jobs.
# pylint: disable=import-outside-toplevel
def run_all(spec, options):
    from campaign import fleet
    if getattr(options, "log", False):
        raise UserError("LOG=1: expected one scenario and one list of patches, whose console it shows")
    at_once = jobs(options.jobs, fleet.usual_jobs(spec))
    pairs, left_out, wrong = chosen.pairs(spec, arms.load(spec), options.scenario, options.patch)
    for line in wrong:
        print(f"lowwater: {line}", file=sys.stderr)
    if spec.mode == "fast":
        accel.choose(spec)  # it is timed, so before there is other work
    results = fleet.run(pairs, at_once)
    folder = spec.results / folder_name(spec, options)
    folder.mkdir(parents=True, exist_ok=True)
    print(runner.publish(results, folder))
    for line in left_out:
        print(f"left out: {line}")
    for result in results:
        for line in table.problems(result):
            print(f"{result['scenario']} {result['arm']}: {line}")
    print(f"results: {folder}/table.txt and junit.xml; of each run: {spec.results}/SCENARIO/ARM/")
    print_page([one.folder for one, _ in pairs], spec.results, "pictures: ")
    print(closing(results))
    return 2 if wrong else max(map(outcome.is_bad, results), default=0)


def folder_name(spec, options):
    """Return where the table of several runs is: one of other options replaces none."""
    words = [f"@{word}" for word in (options.scenario, options.patch) if word != "*"]
    return re.sub(r"[^\w.,:=@+-]", "_", "".join(words).replace(" ", "+")) + variant(spec, None, None, None, None)


def closing(results):
    counts = Counter(outcome.verdict(result) for result in results)
    free = f", {counts['-']} not declared" if counts["-"] else ""
    return f"{len(results)} arms, {counts['ok']} as declared, {counts['FAIL']} not{free}"


def run_matrix(spec, options):
    from campaign import fleet
    return matrix.run(spec, arms.load(spec), options, jobs(options.jobs, fleet.usual_jobs(spec)))


def run_sweep(spec, options):
    from campaign import sweep
    return sweep.run(spec, known_arms(spec), options)


def run_bench(spec, options):
    from campaign import bench
    return bench.run(spec, known_arms(spec), options.update)


def run_compare(spec, options):
    from compare import command
    return command.run(spec, options)


def run_oracle(spec, options):
    from campaign import fleet, oracle
    return oracle.run(spec, known_arms(spec), jobs(options.jobs, fleet.usual_jobs(spec)), options.workload)


def run_console(spec, _options):
    from machine import terminal
    with beside(spec, "console") as own, disks.made(own, own.folder):
        return terminal.run(own)


def run_debug(spec, options):
    from machine import debug
    wanted = debug.commands(options.batch, options.ex)
    with beside(spec, "debug") as own, disks.made(own, own.folder):
        return debug.run(own, wanted, options.port, options.halt)


def make_core(spec, options):
    from machine import core
    choice("AT", options.at, core.PLACES)
    with beside(spec, f"core-{options.at}") as own, disks.made(own, own.folder):
        return core.run(own, options.at)


@contextlib.contextmanager
def beside(spec, what):
    """Yield the settled spec of a run that is not judged, with an empty folder beside those that are."""
    spec, _ = asked.settle(spec, known_arms(spec))
    spec = dataclasses.replace(spec, variant=f"{spec.variant}@{what}")
    with whole.emptied(spec.folder):
        yield spec


def make_iso(spec, options):
    out = Path(options.out or spec.build_dir / "lowwater.iso")
    iso.build(iso.menu(arms.study(arms.load(spec))), spec.elf, out)
    print(out)
    print(f"boot it: {iso.boot_command(out)}")
    return 0


def show_list(spec, options):
    from campaign import listing
    print(listing.text(arms.load(spec), options.scenario))
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is ended on the way
    sys.exit(main())
