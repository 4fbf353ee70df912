#!/usr/bin/python3
"""`make test`: the suites side by side on all cores, by pytest, and one closing line.

    test_all.py [--jobs N] [--test WORDS] [SUITE...]   run them, or all
    test_all.py --builds [SUITE...]                    the make targets that they need
"""
import argparse
import contextlib
import json
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

# pylint: disable=wrong-import-position
from options import UserError, jobs  # noqa: E402

FOLDER = Path("build/test")
IN_MEMORY = Path("/dev/shm")  # a file system whose files are memory, if it is there
ROOM_MIB = 2048  # in it
KERNELS = ("image", "image-debug")
SUITES = {  # name: where its tests are, what they need
    "system": ("tests/system/test_system.py", KERNELS),
    "boot": ("tests/system/test_boot.py", KERNELS),
    "study": ("tests/system/test_study.py", KERNELS),
    "oom": ("tests/system/test_study_oom.py", KERNELS),
    "sysrq": ("tests/system/test_sysrq.py", KERNELS),
    "iso": ("tests/system/test_iso.py", KERNELS),
    "hardware": ("tests/system/test_hardware.py", ("image",)),
    "replay": ("tests/system/test_replay.py", KERNELS),
    "state": ("tests/system/test_state.py", ("image", "host-replay")),
    "foreign": ("tests/system/test_foreign.py", ("image", "host-replay")),
    "disk": ("tests/system/test_disk.py", ("image",)),
    "files": ("tests/system/test_files.py", KERNELS),
    "soak": ("tests/system/test_soak.py", ("image",)),
    "swap": ("tests/system/test_swap.py", KERNELS),
    "oracle": ("tests/system/test_oracle.py", ("image",)),
    "vmscan": ("tests/system/test_vmscan.py", ("image",)),
    "map": ("tests/system/test_map.py", ("image",)),
    "vmstat": ("tests/system/test_vmstat.py", ("image",)),
    "rooms": ("tests/system/test_rooms.py", ("image",)),
    "faults": ("tests/system/test_faults.py", KERNELS),
    "timeout": ("tests/system/test_timeout.py", KERNELS),
    "page": ("tests/system/test_report_html.py", ("browser",)),
    "readme": ("tests/system/test_readme.py", ("image", "host-replay")),
    "sweep": ("tests/system/test_sweep.py", KERNELS),
    "gdb": ("tests/gdb", KERNELS),
    "runner": ("tests/run/tests", ("image",)),
    "host-dbg": ("build/host-debug/twin", ("host-tests-debug",)),
    "host": ("build/host/twin", ("host-tests",)),
    "explore": ("build/explore/explore", ("build/explore/explore", "explore-plants", "image-debug")),
    "threads": ("build/threads/threads", ("threads-tests",)),
}
ALWAYS = ("clang-check",)  # when all are asked for


class Parser(argparse.ArgumentParser):
    def error(self, message):
        raise UserError(message)


def parse(argv):
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--builds", action="store_true")
    parser.add_argument("--jobs", default="")
    parser.add_argument("--test", default="", help="words of pytest -k")
    parser.add_argument("suite", nargs="*")
    options = parser.parse_args(argv)
    for name in options.suite:
        if name not in SUITES:
            raise UserError(f"SUITE={name!r}: expected some of {' '.join(SUITES)}")
    check_words(options.test)
    # One more than cores: some tests wait for a time limit or another process.
    options.jobs = jobs(options.jobs, len(os.sched_getaffinity(0)) + 1)
    options.all = not options.suite
    options.suite = options.suite or list(SUITES)
    return options


def check_words(text):
    """Refuse what pytest cannot read: it would say so with a traceback."""
    if not text:
        return  # pytest need not be there yet
    from _pytest.mark import expression  # pylint: disable=import-outside-toplevel
    try:
        expression.Expression.compile(text)
    except expression.ParseError as error:
        raise UserError(f"TEST={text!r}: expected a word of a test's name, or several with or, and, "
                        "not between them") from error


def builds(options):
    """Return the make targets that the suites need."""
    found = [target for name in options.suite for target in SUITES[name][1]]
    return list(dict.fromkeys([*found, *(ALWAYS if options.all else ())]))


def suite_of(test):
    """Return the suite of a test by its file."""
    path = test.split("::")[0]
    return next(name for name, (place, _) in SUITES.items()
                if path == place or path.startswith(place + "/"))


def run(options):
    """Run the suites and return the exit code."""
    with working_place() as place:
        status = run_in(place, options)
        if status:  # what they left tells more
            shutil.rmtree(FOLDER / "once", ignore_errors=True)
            shutil.copytree(place / "once", FOLDER / "once", symlinks=True)
        return status


@contextlib.contextmanager
def working_place():
    """A folder for what the tests write: every character of a guest's console is a write of its own,
    which a disk's file system takes much longer for.
    """
    FOLDER.mkdir(parents=True, exist_ok=True)
    found = IN_MEMORY.is_dir() and os.access(IN_MEMORY, os.W_OK) and \
        shutil.disk_usage(IN_MEMORY).free >= ROOM_MIB << 20
    with tempfile.TemporaryDirectory(prefix="lowwater-test-", dir=IN_MEMORY if found else FOLDER.resolve(),
                                     ignore_cleanup_errors=True) as name:
        yield Path(name)


def run_in(place, options):
    import pytest  # pylint: disable=import-outside-toplevel
    from suites import order, summary  # pylint: disable=import-outside-toplevel

    for name, variable in (("once", "LOWWATER_ONCE"), ("tmp", "TMPDIR")):
        (place / name).mkdir()
        os.environ[variable] = str(place / name)
    tempfile.tempdir = None
    os.environ["PYTHONDONTWRITEBYTECODE"] = ""
    os.environ["PYTHONPYCACHEPREFIX"] = str(FOLDER.resolve().parent / "pycache")
    shown = summary.Summary(suite_of)
    argv = ["-p", "suites.tap", "-p", "suites.order", "-p", "no:cacheprovider", "--rootdir", ".",
            "-c", os.devnull, "-n", str(options.jobs), "--tb", "short", f"--basetemp={place / 'pytest'}",
            f"--junitxml={FOLDER / 'junit.xml'}", *(["-k", options.test] if options.test else []),
            *(SUITES[name][0] for name in options.suite)]
    status = pytest.main(argv, plugins=[shown])
    if status == pytest.ExitCode.NO_TESTS_COLLECTED:
        raise UserError(f"TEST={options.test!r}: no test of these suites has such a name")
    keep(order, shown.seconds)
    shown.show()
    passed, failed = shown.totals()
    return 0 if status == pytest.ExitCode.OK and passed and not failed else 1


def keep(order, seconds):
    """Remember how long the tests took, those not run now as well."""
    order.SECONDS.write_text(json.dumps(order.last() | seconds, indent=0) + "\n", encoding="utf-8")


def main():
    # Whoever started this in the background may ignore Ctrl-C; the tests that send one must not.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        options = parse(sys.argv[1:])
        if options.builds:
            print(*builds(options))
            return 0
        return run(options)
    except UserError as error:
        print(f"lowwater: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"lowwater: {error.filename or 'output'}: {error.strerror}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
