#!/usr/bin/python3
"""`make fuzz` and `make fuzz-fs`: libFuzzer on all cores for some seconds, and one closing line.

In the given folder: the target (fuzz_alloc, fuzz_fs), corpus/ (kept and grown from run to run), job-N.log,
and what was found: crash-*, timeout-*, oom-*, leak-*. Exits 0 without findings, 1 with, 2 when the
target did not run.
"""
import os
import re
import subprocess
import sys
import time
from pathlib import Path

from suites.parser import Parser, plainly

MOST_BYTES = 1024  # of an input
SLOW_INPUT = 20  # seconds that one input may take
TARGETS = {"fuzz_alloc": ("machines", "PLAY_TRACE"), "fuzz_fs": ("images", "WALK_TRACE")}  # what an input is, and tells it
WORTH_READING = re.compile(r"panic: |play: |ERROR: AddressSanitizer|runtime error: |ERROR: libFuzzer")


def parse(argv):
    parser = Parser("fuzz", __doc__)
    parser.add_argument("--target", default="fuzz_alloc", choices=TARGETS)
    parser.add_argument("--seconds", default="")
    parser.add_argument("--jobs", default="")
    parser.add_argument("folder", type=Path)
    options = parser.parse_args(argv)
    for name, usual in (("seconds", 60), ("jobs", os.cpu_count() or 1)):
        text = getattr(options, name) or str(usual)
        if not text.isdecimal() or int(text) == 0:
            parser.error(f"{name.upper()}={text!r}: expected a number of at least 1")
        setattr(options, name, int(text))
    return options


def start(options, number):
    """Start one fuzzer; they share the corpus and read each other's additions."""
    argv = [options.folder / options.target, f"-max_total_time={options.seconds}",
            f"-max_len={MOST_BYTES}", f"-timeout={SLOW_INPUT}", "-rss_limit_mb=4096",
            "-reload=10", "-print_final_stats=1", f"-artifact_prefix={options.folder}/",
            options.folder / "corpus"]
    with open(log_of(options, number), "wb") as log:
        return subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def log_of(options, number):
    return options.folder / f"job-{number}.log"


def run_all(options):
    """Run the jobs to their end, or until one has found something; return their exit codes."""
    jobs = [start(options, number) for number in range(options.jobs)]
    try:
        while any(job.poll() is None for job in jobs) and not any(job.poll() for job in jobs):
            time.sleep(0.2)
    finally:
        for job in jobs:
            if job.poll() is None:
                job.terminate()
    return [job.wait() for job in jobs]


def executions(text):
    """Return the last count that a log states: of the end, or of the last line of progress."""
    counts = re.findall(r"^(?:stat::number_of_executed_units: |#)(\d+)", text, re.MULTILINE)
    return int(counts[-1]) if counts else 0


def findings(text):
    """Return what was written to, and the lines that say what is wrong."""
    files = re.findall(r"Test unit written to (\S+)", text)
    return files, [line for line in text.splitlines() if WORTH_READING.search(line)]


def report(options, logs, elapsed):
    """Print what was found, and the closing line; return the number of findings."""
    what, tells = TARGETS[options.target]
    total = sum(map(executions, logs))
    found = 0
    for text in logs:
        files, lines = findings(text)
        for name in files:
            found += 1
            print("\n".join([*lines[:10], f"  again: {options.folder}/{options.target} {name}",
                             f"  in words: {tells}=1 {options.folder}/{options.target} {name}"]))
    kept = sum(1 for _ in (options.folder / "corpus").iterdir())
    print(f"fuzz: {options.jobs} jobs, {elapsed:.0f} s, {kept} inputs in {options.folder}/corpus")
    print(f"fuzz: {total} executions, {total / max(elapsed, 1):.0f} {what} a second, "
          f"{found or 'no'} finding{'s' if found != 1 else ''}")
    return found


def main():
    options = parse(sys.argv[1:])
    (options.folder / "corpus").mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    codes = run_all(options)
    elapsed = time.monotonic() - began
    logs = [log_of(options, number).read_text(errors="replace") for number in range(options.jobs)]
    if report(options, logs, elapsed):
        return 1
    if any(code > 0 for code in codes):
        print("\n".join(logs[0].splitlines()[-20:]))
        print("fuzz: the target did not run", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(plainly("fuzz", main))
