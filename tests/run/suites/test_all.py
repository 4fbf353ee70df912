#!/usr/bin/python3
"""`make test`: every suite, one after the other, and one closing line `N passed, N failed`.

Suites: unittest cases of the runner, the system and GDB's helpers, the host twin and the allocator
on threads (TAP). A test is one unittest method or one TAP line. Each suite's own output goes to
build/test/SUITE.log and is shown only where something failed.
"""
import re
import subprocess
import sys
from pathlib import Path

LOGS = Path("build/test")
PYTHON = "/usr/bin/python3"
UNITTEST = ["env", "PYTHONPATH=tests/run", PYTHON, "-m", "unittest", "discover", "-v", "-s"]

SUITES = (
    ("runner", UNITTEST + ["tests/run/tests", "-p", "test_*.py"]),
    ("host", ["env", "CMOCKA_MESSAGE_OUTPUT=TAP", "make", "-s", "host-run"]),
    ("host-dbg", ["env", "CMOCKA_MESSAGE_OUTPUT=TAP", "make", "-s", "BUILD=debug", "host-run"]),
    ("threads", ["make", "-s", "host-threads"]),
    ("system", UNITTEST + ["tests/system", "-p", "test_system.py"]),
    ("sysrq", UNITTEST + ["tests/system", "-p", "test_sysrq.py"]),
    ("study", UNITTEST + ["tests/system", "-p", "test_study.py"]),
    ("oom", UNITTEST + ["tests/system", "-p", "test_study_oom.py"]),
    ("timeout", UNITTEST + ["tests/system", "-p", "test_timeout.py"]),
    ("sweep", UNITTEST + ["tests/system", "-p", "test_sweep.py"]),
    ("gdb", UNITTEST + ["tests/gdb", "-p", "test_*.py"]),
)


def count(text):
    """(passed, failed) by the lines of unittest -v and of TAP."""
    passed = failed = 0
    for line in text.splitlines():
        if re.search(r"\.\.\. (.* )?ok$", line) or re.match(r"ok \d+", line):
            passed += 1
        elif re.match(r"not ok \d+", line) or re.match(r"(FAIL|ERROR): ", line):
            failed += 1
    return passed, failed


def run(name, command):
    """Run a suite; a suite that ends badly without a failed test counts as one failure."""
    log = LOGS / f"{name}.log"
    with open(log, "w", encoding="utf-8") as out:
        status = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                check=False).returncode
    text = log.read_text(errors="replace")
    passed, failed = count(text)
    if (status or not passed) and not failed:
        failed = 1
    print(f"{name:8} {passed} passed, {failed} failed", flush=True)
    if failed:
        print("\n".join(line[:300] for line in text.splitlines()[-60:]))
        print(f"(all of it: {log})", flush=True)
    return passed, failed


def main():
    LOGS.mkdir(parents=True, exist_ok=True)
    wanted = sys.argv[1:]
    counts = [run(name, command) for name, command in SUITES if not wanted or name in wanted]
    passed, failed = (sum(column) for column in zip(*counts))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
