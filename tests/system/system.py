"""What the system tests share: a bounded boot of the real kernel, or a run by the runner, and what
it left behind."""
import contextlib
import io
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "run"))

# pylint: disable=wrong-import-position
from campaign import arms  # noqa: E402
from machine import balloon, disks, qemu  # noqa: E402
from results import schema  # noqa: E402
from options import make_spec  # noqa: E402
import lowwater  # noqa: E402
import once  # noqa: E402

TIMEOUT = 300
RUNNER = ["/usr/bin/python3", "tests/run/lowwater.py"]
STATUS = {"finished": 33, "refused": 37, "panic": 39, "lockup": 41}
DEFAULTS = {"scenario": "info", "patch": "none", "mem": "64", "shift": "", "cpus": "1",
            "seed": "1", "sched": "0", "mode": "exact", "args": "", "devices": "", "boot": "kernel", "build": "release",
            "timeout": str(TIMEOUT), "results": "", "build_dir": "build"}


@dataclass
class Boot:
    """One boot's exit status, console text and events, these also as they were sent."""

    status: int
    console: str
    events: list
    channel: str

    def counter(self, name):
        return next(e["value"] for e in self.events
                    if e.get("event") == "counter" and e["name"] == name)

    def error_line(self):
        lines = [line for line in self.console.splitlines() if "lowwater: " in line]
        return lines[-1].split("] ", 1)[-1] if lines else ""


def settled(**options):
    """The spec of a run on the usual machine, whatever its scenario declares."""
    return arms.settle(make_spec(DEFAULTS | options), [])


def argv_for(folder, line=None, without=(), serial=None, **options):
    """The emulator's command line for a run; `line` replaces the kernel's whole command line."""
    spec = settled(results=str(folder), **options)
    text = qemu.kernel_line(spec) if line is None else line
    argv = qemu.command(spec, text, folder / "console.log", folder / "events.jsonl",
                        serial=serial)
    for device in without:
        at = next(i for i, word in enumerate(argv) if word.startswith(device))
        del argv[at - 1:at + 1]
    return argv


def boot(line=None, extra=(), without=(), while_running=None, again=0, **options):
    """Boot and return what happened; while_running() may talk to the emulator.

    An exact run of the same arguments is the same run, however many of them are said aloud, so one
    `make test` does it once. Whether it is the same, a second one tells, `again=1`; a third, `again=2`.
    """
    def fill(folder):
        emulate(folder, line, extra, without, while_running, options)

    if while_running or options.get("mode", "exact") != "exact":
        with tempfile.TemporaryDirectory() as name:
            fill(Path(name))
            return left_in(Path(name))
    said = DEFAULTS | {"shift": "0"} | options
    return left_in(once.folder(fill, "boot", again, line, *extra, *without, *sorted(said.items())))


def emulate(folder, line, extra, without, while_running, options):
    """Boot in a folder and leave the status there, too."""
    spec = settled(**options)
    argv = argv_for(folder, line, without, **options) + list(extra)
    with once.room(spec.mem), disks.made(spec, folder), balloon.host(
            spec, folder / "events.jsonl") as host, subprocess.Popen(
            argv + host.arguments, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL) as child:
        try:
            if while_running:
                while_running()
            status = child.wait(TIMEOUT)
        finally:
            if child.poll() is None:
                child.kill()
    (folder / "status").write_text(str(status))


def left_in(folder):
    """Return the boot that left its files in a folder."""
    channel = read(folder / "events.jsonl")
    return Boot(int(read(folder / "status")), read(folder / "console.log"), parse(channel), channel)


def repeated(**options):
    """Boot twice and return both; when they differ, the second and a third.

    On a busy host QEMU 7.2 itself slips now and then: its main loop, woken late, serves a timer
    that was the CPU thread's to serve, and a turn ends early (one run in some forty on an
    overloaded host). A kernel that does not repeat itself differs in the third as well.
    """
    first, second = boot(**options), boot(again=1, **options)
    if first == second:
        return first, second
    third = boot(again=2, **options)
    return (first if first == third else second), third


@dataclass
class Study:
    """One run by the runner, as its user has it: exit code, what it printed, the run's folder."""

    code: int
    shown: str
    complaints: str
    folder: Path

    @property
    def result(self):
        found = json.loads((self.folder / "result.json").read_text())
        wrong = schema.mistake("result", found)
        if wrong:
            raise AssertionError(f"{self.folder}/result.json: {wrong}")
        return found


def study(scenario, patch="none", *options):
    """Run an arm by the runner, once in a `make test`."""
    def fill(folder):
        argv = ["run", "--results", str(folder), "--scenario", scenario, "--patch", patch, *options]
        shown, complaints = io.StringIO(), io.StringIO()
        with once.room(memory(scenario, options)), contextlib.redirect_stdout(shown), \
                contextlib.redirect_stderr(complaints):
            code = lowwater.main(argv)
        (folder / "code").write_text(str(code))
        (folder / "shown").write_text(shown.getvalue())
        (folder / "complaints").write_text(complaints.getvalue())

    folder = once.folder(fill, "study", scenario, patch, *options)
    return Study(int(read(folder / "code")), read(folder / "shown"), read(folder / "complaints"),
                 newest(folder / scenario, patch) or folder)


def newest(results, patch="none"):
    """Return the folder of the last run of an arm, whatever its options were."""
    name = patch.replace(",", "+")
    found = [*results.glob(f"{name}/result.json"), *results.glob(f"{name}@*/result.json")]
    return max(found, key=lambda path: path.stat().st_mtime_ns).parent if found else None


def memory(scenario, options):
    """Return the MiB of a run's guest."""
    mem = options[options.index("--mem") + 1] if "--mem" in options else ""
    spec = make_spec(DEFAULTS | {"scenario": scenario, "mem": mem})
    return arms.settle(spec, arms.load(spec)).mem


def read(path):
    return path.read_text(errors="replace") if path.is_file() else ""


def parse(text):
    return [json.loads(line) for line in text.splitlines() if line.endswith("}")]
