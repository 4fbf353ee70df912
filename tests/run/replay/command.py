"""`make replay`: rebuilds the machine that a report describes and makes its request again in each arm.

Exit code 0: it was asked again; 1: the log has no report of which a machine can be built; 2: bad input.
"""
import argparse
import sys
from pathlib import Path

from check import command as check, verdict, words
from options import UserError
from replay import engine, state, table
from reports import report


def arguments():
    found = check.Arguments(prog="lowwater.py replay", allow_abbrev=False, description=__doc__.split("\n", 1)[0])
    found.add_argument("log", nargs="?", default="", metavar="LOG", help="a log, or - for standard input")
    found.add_argument("--report", type=int, default=0, help="only the N-th of the log")
    found.add_argument("--state", default="", help="a state file instead of a log")
    found.add_argument("--patch", default="", help=f"arms, between blanks [{' '.join(engine.ARMS)}, and remedies]")
    found.add_argument("--boot", choices=("twin", "kernel"), default="twin", help="on the host, or in QEMU [twin]")
    found.add_argument("--build-dir", default="build", help=argparse.SUPPRESS)
    return found


def main(argv):
    """Do what argv says and return the exit code."""
    options = arguments().parse_args(argv)
    if bool(options.log) == bool(options.state):
        raise UserError("replay: expected LOG=file, or STATE=file instead of it")
    if options.report < 0:
        raise UserError(f"replay: --report {options.report}: expected 1 or above")
    if options.state:
        print("\n".join(answered(Path(options.state), None, None, options)))
        return 0
    return from_log(options)


def from_log(options):
    """Replay the reports of a log that are asked for; return the exit code."""
    asked, names, found = 0, check.named(options.log), 0
    for name in names:
        count = 0
        for count, one in enumerate(report.stream(check.Log(name)), 1):
            if options.report in (0, count):
                asked += again(one, count, name, options, asked > 0)
        found += count
        if count and options.report > count:
            raise UserError(f"replay: {check.spoken(name)}: report {options.report}: expected 1 to {count}")
    if not found:
        raise UserError(f"replay: {', '.join(map(check.spoken, names))}: no report of the OOM killer and no allocation "
                        "failure; expected at least one")
    return 0 if asked else 1


def again(one, number, name, options, follows):
    """Make the request of a report again; return how often that could be done."""
    found = verdict.judge(one)
    if follows:
        print()
    print(words.title(one, number, check.spoken(name)))
    if found.asked is None or not found.asked.zones or found.cut:
        print(f"Nothing to ask again: {found.why}.")
        return 0
    path = Path(options.build_dir) / "replay" / f"{stem(name)}.{number}.state"
    try:
        text = state.text(one, found.asked, f"{name} report {number}")
    except state.Impossible as error:
        print(f"Nothing to ask again: {error}.")
        return 0
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    try:
        lines = answered(path, words.outcome(one, found), one["kind"], options)
    except engine.Refused as error:  # the next report may be a better one
        print(f"Nothing to ask again: {error}.")
        return 0
    chosen = text.count("\nchoice ")
    print(f"Rebuilt as {path}, with {chosen} choices that it lists; edited, it is STATE=")
    print("\n".join(lines))
    return 1


def answered(path, happened, kind, options):
    arms = options.patch.split() or [*engine.ARMS, *engine.REMEDIES]
    if options.boot == "kernel":
        from replay import boot
        answers = boot.ask(path, arms, Path(options.build_dir))
    else:
        answers = engine.ask(Path(options.build_dir) / "host" / "replay", path, arms)
    return table.lines(happened, kind, answers)


def stem(name):
    return "stdin" if name == check.STDIN else Path(name).stem


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
