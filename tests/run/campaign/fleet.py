"""Several runs side by side, the longest first, so that the last ones to end are short.

A thread waits for each emulator. When the user interrupts, or a run cannot be done, every other
emulator is ended at its next tick and its results stay what they were before.
"""
import json
import os
import threading
from concurrent import futures

from campaign import runner
from campaign.progress import Fleet

DRAW_SECONDS = 0.2
START_SECONDS = 0.3  # of the emulator and the runner
MIB_PER_SECOND = 600  # that a scenario fills
WATCHDOG_SECONDS = 8  # that a watchdog's 3 s take at shift 0


class Stopped(Exception):
    """The runs are to end; says so to a thread."""


def run(pairs, jobs, stream=None, guesses=None):
    """Do runs, pairs of a settled spec and its arm, and return their results in that order.

    guesses: the seconds that each will take, where somebody knows better than the last one's result does.
    """
    guesses = guesses or [expected(spec, arm) for spec, arm in pairs]
    progress, stop = Fleet(guesses, jobs, stream), threading.Event()
    pool = futures.ThreadPoolExecutor(jobs)

    def one(at):
        spec, arm = pairs[at]
        return runner.run(spec, arm, lambda name, _: Member(progress.start(at, name), stop))

    longest_first = sorted(range(len(pairs)), key=lambda at: -guesses[at])
    try:  # an interrupt may come as soon as the first one runs
        tasks = {at: pool.submit(one, at) for at in longest_first}
        watch(tasks.values(), progress)
        return [tasks[at].result() for at in range(len(pairs))]
    finally:
        stop.set()
        pool.shutdown(cancel_futures=True)
        progress.close()


def watch(tasks, progress):
    """Wait for the end of all runs, or for one that cannot be done."""
    left = tasks
    while left:
        done, left = futures.wait(left, DRAW_SECONDS, futures.FIRST_EXCEPTION)
        if any(task.exception() for task in done):
            return
        progress.show()


class Member:
    """What one run of several tells its progress to."""

    def __init__(self, row, stop):
        self.row = row
        self.stop = stop

    def tick(self, spent):
        self.row.spent = spent
        if self.stop.is_set():
            raise Stopped

    def finish(self, outcome, wall):
        self.row.finish(outcome, wall)


def usual_jobs(spec):
    """Return how many runs this machine does at a time; in a fast one each CPU has a thread."""
    cores = len(os.sched_getaffinity(0))
    return max(1, cores // (spec.cpus or 1)) if spec.mode == "fast" else cores


def expected(spec, arm):
    """Return the seconds that a run will take: those of the last one, else a guess."""
    try:
        last = json.loads((spec.folder / "result.json").read_text(encoding="utf-8"))
        same = all(last[key] == value for key, value in
                   (("mem_mib", spec.mem), ("shift", spec.shift), ("cpus", spec.cpus)))
        return float(last["wall_seconds"]) if same else guess(spec, arm)
    except (OSError, ValueError, KeyError, TypeError):
        return guess(spec, arm)


def guess(spec, arm):
    waits = arm is not None and arm.outcome == "lockup"
    return (START_SECONDS + spec.mem / MIB_PER_SECOND
            + waits * WATCHDOG_SECONDS / 2 ** (spec.shift or 0))
