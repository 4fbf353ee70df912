"""What the tests of GDB's commands share: the runner, GDB, cores that several of them look at."""
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
RUN, SYSTEM = HERE.parent / "run", HERE.parent / "system"
RUNNER = RUN / "lowwater.py"
HELPERS = HERE / "lowwater.py"
BUILD = Path(os.environ.get("LOWWATER_BUILD_DIR", "build")).resolve()
ELF = BUILD / "lowwater.elf"
TIMEOUT = 120
HZ = 250
sys.path[:0] = [str(RUN), str(SYSTEM)]

# pylint: disable=wrong-import-position
import once  # noqa: E402

COMMANDS = ("lw-zones", "lw-buddy", "lw-pageblocks", "lw-pcp", "lw-lru", "lw-swap", "lw-page 5000", "lw-tasks -b",
            "lw-locks", "lw-oom", "lw-schedule", "lw-dmesg", "lw-oom-last", "lw-events 20")
FIRST_FREE = ("((unsigned long)system_memory.zone[1].free_area[9].free_list[3].next"
              " - (unsigned long)system_memory.mem_map) / sizeof(struct page)")
APP_PAGE = "lw-page (system_memory.zone[1].start_pfn + 904)"
VALUES = tuple(f"output/d {name}" for name in ("system_memory.totalram_pages", "log_ring.total", "jiffies",
                                               "system_memory.event[OOM_KILLS]"))
OF_A_SLAB, OF_RESERVES = (f"python import lw_page; print(lw_page.use({words}))" for words in (
    "16, int(gdb.parse_and_eval('(unsigned long)&system_memory.slab.kmalloc[6]'))",
    "0, 0x7265736572766573"))
STAMP = re.compile(r"^\[ *\d+\.\d+\] ")

MISTAKES = (
    ("lw-page", "lw-page: expected `lw-page PFN`"),
    ("lw-page nonsense", "lw-page: 'nonsense': expected a page frame number from 0 to "),
    ("lw-page -1", "lw-page: '-1': expected a page frame number from 0 to "),
    ("lw-page 99999999999", "expected a page frame number from 0 to "),
    ("lw-buddy Highmem", "lw-buddy: zone 'Highmem': expected one of DMA, DMA32"),
    ("lw-pageblocks DMA x", "lw-pageblocks: expected `lw-pageblocks [ZONE]`"),
    ("lw-lru nothing", "lw-lru: list 'nothing': expected one of inactive_anon, active_anon, "),
    ("lw-lru active_anon 0", "lw-lru: '0': expected a number of pages, 1 to "),
    ("lw-swap card 1", "lw-swap: area 'card': expected one, but there is none"),
    ("lw-swap card", "lw-swap: expected `lw-swap [AREA SLOT]`"),
    ("lw-zones all", "lw-zones: expected `lw-zones`"),
    ("lw-tasks -z", "lw-tasks: '-z': expected -b or nothing"),
    ("lw-sysrq", "lw-sysrq: expected `lw-sysrq KEY`"),
    ("lw-sysrq ff", "lw-sysrq: 'ff': expected one key, such as f"),
    ("lw-sysrq f", "lw-sysrq: a core takes no keys: expected a live guest of `make debug`"),
    ("lw-dmesg many", "lw-dmesg: 'many': expected a number of lines, 1 or more"),
)


def run(*argv):
    """Run a program to its end; return (status, stdout, stderr)."""
    done = subprocess.run([str(arg) for arg in argv], stdin=subprocess.DEVNULL, check=False,
                          capture_output=True, text=True, timeout=TIMEOUT)
    return done.returncode, done.stdout, done.stderr


def lowwater(command, results, *options):
    return run(sys.executable, RUNNER, command, "--build-dir", BUILD, "--results", results,
               "--timeout", TIMEOUT, *options)


def plain(text):
    """Return a log's lines without their time stamps."""
    return [STAMP.sub("", line) for line in text.splitlines()]


class Core:
    """A core made by the runner, with its console."""

    def __init__(self, results, scenario, at, mem, *options):
        status, out, err = lowwater("core", results, "--scenario", scenario, "--at", at,
                                    "--mem", mem, *options)
        if status or not self.found(results, scenario, at, mem):
            raise AssertionError(f"no core of {scenario} at {at}: {out}{err}")

    @classmethod
    def shared(cls, scenario, at, mem, *options):
        """Return the core that several tests look at."""
        core = cls.__new__(cls)
        core.found(once.folder(lambda folder: cls(folder, scenario, at, mem, *options), "core", scenario, at,
                               mem, *options), scenario, at, mem)
        return core

    def found(self, results, scenario, at, mem):
        """Take the last one that is there; return whether one is."""
        found = sorted(Path(results, scenario).glob(f"none*@core-{at}/core-{at}.elf"),
                       key=lambda path: path.stat().st_mtime_ns)
        if not found:
            return False
        self.path, folder, self.mem = found[-1], found[-1].parent, mem
        self.console = (folder / f"core-{at}.log").read_text()
        self.events = folder / f"core-{at}-events.jsonl"
        return True

    def gdb(self, *commands):
        """Return what each command printed."""
        return gdb([ELF, self.path], commands)


def gdb(files, commands, setup=()):
    """Run commands in GDB on files; return a list of what each of them printed."""
    argv = ["gdb", "-q", "-nx", "-batch", "-x", HELPERS, "-ex", "set width 0"]
    for command in setup:
        argv += ["-ex", command]
    status, out, err = run(*argv, *marked(commands), *files)
    return sections(out, len(commands), f"{status} {err}")


def marked(commands):
    """GDB options that run the commands with a mark in front of each; errors are shown too."""
    argv = []
    for command in commands:
        text = f"gdb.execute({command!r})"
        argv += ["-ex", r"echo \n@@@\n", "-ex", "python\ntry:\n " + text
                 + "\nexcept gdb.error as e: print(e)"]
    return argv


def sections(out, count, said):
    parts = [part.strip("\n") for part in out.split("\n@@@\n")[1:]]
    if len(parts) != count:
        raise AssertionError(f"GDB answered {len(parts)} of {count} commands: {out} {said}")
    return parts


class Base(unittest.TestCase):
    """Gives a test class a folder for results."""

    @classmethod
    def setUpClass(cls):
        cls.place = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.place.cleanup)
        cls.results = Path(cls.place.name)

    def assert_one_line(self, text, part):
        self.assertEqual(text.count("\n"), 0, text)
        self.assertIn(part, text)
