"""The folder of a sweep, BUILD_DIR/sweep/SCENARIO/ARM/KEY: what is done stays done.

KEY stands for the kernel, the emulator and every option but the seeds. In the folder are

    build/       the ELF as it was at the start, so that `make` may go on meanwhile, and its arms
    jobs.jsonl   a record for each finished job; what the host may have ended is done again
    runs/        SEED-SCHED/ or SEED-SCHED-FAIL_NTH/: the files of the first job of each distinct outcome
    options.json, table.txt   what KEY stands for, the report

Jobs run in this folder: QEMU tells the kernel the path that it was given, and reading that takes
instructions, so a job's log is that of `make run` only where both say build/lowwater.elf.
"""
import contextlib
import dataclasses
import fcntl
import hashlib
import json
import shutil

from campaign import arms, record
from machine import accel, qemu
from results import console, outcome, schema, whole
from options import UserError

BUILD, RUNS = "build", "runs"
OPTIONS = ("mem", "shift", "cpus", "mode", "args", "boot", "build", "devices", "timeout")


class Store:
    """A sweep's folder, opened: `with Store(spec, arms) as store`. One sweep at a time has it."""

    def __init__(self, spec, table):
        self.options = options(spec)
        key = hashlib.sha256(json.dumps(self.options).encode()).hexdigest()[:12]
        self.folder = spec.build_dir / "sweep" / spec.scenario / spec.arm / key
        self.spec = dataclasses.replace(spec, build_dir=self.folder / BUILD,
                                        results=self.folder / RUNS)
        self.original = spec.elf
        self.table = table
        self.jobs = self.folder / "jobs.jsonl"
        self.records = {}
        self.seen = set()

    def __enter__(self):
        self.spec.results.mkdir(parents=True, exist_ok=True)
        self.lock = open(self.folder / "lock", "w", encoding="utf-8")
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.keep_kernel()
            self.load()
        except BlockingIOError as error:
            self.lock.close()
            raise UserError(f"{self.folder}: another sweep is at work here") from error
        except BaseException:
            self.lock.close()
            raise
        return self

    def __exit__(self, *_):
        self.clear()
        self.lock.close()

    def keep_kernel(self):
        whole.write(self.folder / "options.json", json.dumps(self.options, indent=1) + "\n")
        elf = self.spec.elf
        elf.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(self.original, elf)
        if arms.digest(elf) != self.options["elf_sha256"]:
            raise UserError(f"{self.original}: changed just now; please start the sweep again")
        arms.keep(elf, self.table)

    def load(self):
        """Read the records. A line that is none, torn by an abrupt end perhaps, is dropped, and so is a
        run that the host may have ended: it is done again.
        """
        for line in filter(None, console.read_lines(self.jobs)):
            with contextlib.suppress(ValueError):
                one = json.loads(line)
                if not schema.mistake("jobs", one) and one["outcome"] not in outcome.BY_THE_HOST:
                    self.enter(one)
        whole.write(self.jobs, "".join(map(as_line, self.records.values())))
        self.clear()

    def clear(self):
        """Remove what unfinished jobs left."""
        kept = {self.runs_of(one) for one in self.records.values() if one["kept"]}
        for folder in self.spec.results.iterdir():
            if folder not in kept:
                shutil.rmtree(folder)

    def enter(self, one):
        place, kind, one["kept"] = record.place(one), record.signature(one), bool(one["kept"])
        self.records[place] = one
        self.seen.add(kind)

    def add(self, one):
        """Keep a new record, and its files when nothing came to the same before."""
        one["kept"] = record.signature(one) not in self.seen
        if not one["kept"]:
            shutil.rmtree(self.runs_of(one), ignore_errors=True)
        self.enter(one)
        with open(self.jobs, "a", encoding="utf-8") as out:
            out.write(as_line(one))

    def runs_of(self, one):
        seed, sched, nth = record.place(one)
        return self.spec.results / (f"{seed}-{sched}-{nth}" if nth else f"{seed}-{sched}")

    def files_of(self, one):
        """Return the folder of a job's files, None when they were not kept."""
        return self.runs_of(one) / self.spec.scenario / self.spec.arm if one["kept"] else None


def options(spec):
    """Return all that makes a sweep another one."""
    found = {"elf_sha256": arms.digest(spec.elf), "emulator": qemu.version()}
    found |= {name: getattr(spec, name) for name in OPTIONS}
    return found | {"accel": accel.choose(spec) if spec.mode == "fast" else "icount"}


def as_line(one):
    return json.dumps(one) + "\n"

