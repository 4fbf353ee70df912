"""`sweep`: one arm under many seeds, or with many a request refused, by GNU parallel, here or on
other machines that share the folder; it may be interrupted and then goes on where it was.

Exit code 0 when every run did what its arm declares, else 1; 130 when interrupted.
"""
import dataclasses
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from campaign import asked, distribution, ranges, record
from machine import accel
from results import whole
from options import UserError, jobs, text
from campaign.progress import Many
from campaign.store import BUILD, OPTIONS, RUNS, Store

PARALLEL = "parallel"
PYTHON = "/usr/bin/python3"
RUNNER = Path(__file__).resolve().parent.parent / "lowwater.py"
TERM_SECONDS = 2.0  # GNU parallel ends its jobs on SIGTERM


def run(spec, table, options):
    """Do what is missing of a sweep and print what all of it came to."""
    jobs = ranges.jobs(options.seeds, options.scheds, options.fail_nth, spec)
    command = parallel(options.jobs, options.parallel_options)
    settled, _ = asked.settle(spec, table)
    with Store(settled, table) as store:
        done = [store.records[one]["outcome"] for one in jobs if one in store.records]
        progress = Many(f"sweep {spec.scenario} {spec.arm}", len(jobs), done)
        missing = [one for one in jobs if one not in store.records]
        interrupted = not work(store, command, missing, progress)
        found = [store.records[one] for one in jobs if one in store.records]
        report(found, dataclasses.replace(settled, shift=spec.shift, devices=spec.devices), store)
    if interrupted:
        print(f"lowwater: interrupted: {len(found)} of {len(jobs)} runs are done; the same "
              "command goes on from here", file=sys.stderr)
        return 130
    return 0 if all(map(record.good, found)) else 1


def parallel(at_once, more):
    """Return GNU parallel's own part of the command."""
    if not shutil.which(PARALLEL):
        raise UserError(f"{PARALLEL}: not found; install the package parallel")
    wanted = str(jobs(at_once, "100%"))
    try:
        words = shlex.split(more)
    except ValueError as error:
        raise UserError(f"PARALLEL_OPTIONS={more!r}: {error}") from error
    return [PARALLEL, "--will-cite", "--plain", "--colsep", " ", "--halt", "soon,fail=1",
            "--jobs", wanted, *words]


def work(store, command, missing, progress):
    """Do the missing jobs; return False when the user interrupted them."""
    if not missing:
        progress.finish()
        return True
    with tempfile.TemporaryFile() as numbers, tempfile.TemporaryFile() as complaints:
        numbers.write("".join("%d %d %d\n" % one for one in missing).encode())
        numbers.seek(0)
        child = start([*command, job(store, missing[0][-1] > 0)], numbers, complaints, store)
        try:
            gather(child.stdout, store, progress)
            child.wait()
        except KeyboardInterrupt:
            return False
        finally:
            end(child)
            progress.finish()
        if not all(one in store.records for one in missing):
            complaints.seek(0)
            raise UserError(why(complaints.read().decode("utf-8", "replace")))
    return True


def job(store, nth):
    """Return the shell command of one job, where parallel puts seed and sched, and fail_nth if asked."""
    spec, folder = store.spec, "{1}-{2}"
    if nth:
        spec = dataclasses.replace(spec, args=f"{spec.args} fail_nth={{3}}".strip())
        folder += "-{3}"
    words = [f"--{name}={text(getattr(spec, name))}" for name in ("scenario", "patch", *OPTIONS)]
    run_it = shlex.join([PYTHON, str(RUNNER), "run", "--record", *words, "--seed={1}",
                         "--sched={2}", f"--build-dir={BUILD}", f"--results={RUNS}/{folder}"])
    return f"cd {shlex.quote(str(store.folder.absolute()))} && {run_it}"


def start(argv, numbers, complaints, store):
    """Start parallel in a session of its own: a Ctrl-C is for the runner alone.

    The jobs here share compiled Python and the choice of an accelerator; other machines do not.
    """
    compiled = Path(sys.pycache_prefix or store.folder.parents[3] / "pycache").absolute()
    shared = {"PARALLEL_SHELL": "/bin/sh", "PYTHONDONTWRITEBYTECODE": "",
              "PYTHONPYCACHEPREFIX": str(compiled)}
    if store.spec.mode == "fast":
        shared["LOWWATER_ACCEL"] = accel.name_of(store.options["accel"])
    return subprocess.Popen(argv, stdin=numbers, stdout=subprocess.PIPE, stderr=complaints,
                            env=os.environ | shared, text=True, start_new_session=True)


def gather(stream, store, progress):
    """Take in the records as they come; another line, of a login for example, is none."""
    for line in stream:
        try:
            one = json.loads(line)
            record.place(one)
        except (ValueError, KeyError, TypeError):
            continue
        store.add(one)
        progress.add(one["outcome"])


def end(child):
    """End parallel and with it its jobs; it may not listen in its first moments."""
    child.stdout.close()
    for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGKILL):
        if child.poll() is not None:
            return
        child.send_signal(number)
        try:
            child.wait(TERM_SECONDS)
        except subprocess.TimeoutExpired:
            continue


def why(complaints):
    """Return the one line that best explains why jobs are missing."""
    lines = [line.strip() for line in complaints.splitlines() if line.strip()]
    own = [line.removeprefix("lowwater: ") for line in lines if line.startswith("lowwater: ")]
    others = [line for line in lines if not line.startswith("parallel:")]
    return ([*own[:1], *others[-1:], *lines[:1]] or ["some jobs left no record"])[0]


def report(found, spec, store):
    if found:
        shown = distribution.text(found, spec, store.files_of)
        whole.write(store.folder / "table.txt", shown + "\n")
        print(shown)
        print(store.folder)
