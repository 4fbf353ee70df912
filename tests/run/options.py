"""What one run is: the options of a run, checked.

Checks only what the runner itself must understand. Names of scenarios, patches and kernel
parameters are judged by the kernel, which knows them and answers a typo with the nearest name.
"""
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import devices

MODES = ("exact", "fast")
BOOTS = ("kernel", "iso")
BUILDS = ("release", "debug")
MAX_CPUS = 8
MIN_MIB = 3  # with less there is nothing where the image is loaded, and nobody to say so
MAX_MIB = 16384
MAX_SHIFT = 10  # of -icount, as the kernel and QEMU have it
MAX_JOBS = 1024
MAX_SEED = (1 << 31) - 1  # of SEED and SCHED, as the kernel has them
MAX_LINE = 2047  # characters of the kernel's command line: boot/bootinfo.h
TOKEN = "sched=@"  # a schedule in words, which has no option of its own
RESERVED = ("scenario", "patch", "seed", "sched", "icount")

NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")
PATCH = re.compile(r"[A-Za-z0-9_-]+(,[A-Za-z0-9_-]+)*")
WORD = re.compile(r"[!-~]+")


class UserError(Exception):
    """A mistake the user can mend; its text is the one line that is printed."""


@dataclass(frozen=True)
class RunSpec:
    """One run, every field valid. arms.settle() fills in what the user left to the scenario."""

    scenario: str
    patch: str
    mem: int | None  # None: what the scenario declares
    shift: int | None  # the same, of an exact run; a fast one has none
    cpus: int | None  # the same as of mem
    seed: int
    sched: int
    mode: str
    args: str
    boot: str
    build: str
    devices: str | None  # the canonical text (devices.py); None: what the scenario declares
    timeout: float
    results: Path
    build_dir: Path
    declared_args: str = ""  # parameters that the scenario and the arm declare
    fills_memory: bool = False  # the scenario writes to nearly all of it
    source: str = ""  # the seed behind the scenario
    undeclared: str = ""  # why no arm speaks for this run
    state: Path | None = None  # a state file, which goes with the image (scenario replay)
    variant: str = ""  # "@cpus=2@seed=7": what is not as usual, for the folder's name

    @property
    def elf(self):
        return elf_path(self.build_dir, self.build)

    @property
    def replays(self):
        """Is a schedule in words given?"""
        return any(word.startswith(TOKEN) for word in self.args.split())

    @property
    def arm(self):
        """The arm's folder name: its PATCH text with commas as '+'."""
        return self.patch.replace(",", "+")

    @property
    def folder(self):
        """Runs that differ in anything but their time limit have folders of their own."""
        return self.results / self.scenario / f"{self.arm}{self.variant}"


USUAL = {"seed": 1, "sched": 0, "mode": "exact", "boot": "kernel", "build": "release"}
LONGEST = 150  # characters of a variant


def variant(spec, mem, cpus, shift, equipment):
    """Return the variant of a run whose usual memory, CPUs, shift and devices are these."""
    usual = {"mem": mem, "cpus": cpus, "shift": shift if spec.mode == "exact" else None} | USUAL
    usual |= {"devices": equipment}
    words = [f"{name}={value}".replace(" ", "+") for name, usually in usual.items()
             if (value := getattr(spec, name)) not in (None, usually)]
    words += [f"state={spec.state.name}"] if spec.state else []
    words += [re.sub(r"[^\w.,:=-]", "_", word) for word in spec.args.split()]
    name = "".join(f"@{word}" for word in words)
    if len(name) <= LONGEST:
        return name
    return f"{name[:LONGEST]}@{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def make_spec(raw):
    """Return the RunSpec of a mapping of option texts, or raise UserError."""
    spec = RunSpec(
        scenario=match("SCENARIO", raw["scenario"], NAME, "a scenario name such as spike"),
        patch=match("PATCH", raw["patch"], PATCH, "none, all or a list a,b,-c"),
        mem=integer("MEM", raw["mem"], MIN_MIB, MAX_MIB, " MiB") if raw["mem"] else None,
        shift=exact_shift(raw["shift"], raw["mode"]),
        cpus=integer("CPUS", raw["cpus"], 1, MAX_CPUS) if raw["cpus"] else None,
        seed=integer("SEED", raw["seed"], 0, MAX_SEED),
        sched=integer("SCHED", raw["sched"], 0, MAX_SEED),
        mode=choice("MODE", raw["mode"], MODES),
        args=kernel_words(raw["args"]),
        boot=choice("BOOT", raw["boot"], BOOTS),
        build=choice("BUILD", raw["build"], BUILDS),
        devices=wanted("DEVICES=", raw["devices"]) if raw["devices"].strip() else None,
        timeout=seconds("timeout", raw["timeout"]),
        results=Path(raw["results"] or Path(raw["build_dir"]) / "results"),
        build_dir=Path(raw["build_dir"]),
        state=state_file(raw.get("state", ""), raw["boot"]),
    )
    if spec.state and spec.scenario not in ("replay", "*"):
        raise UserError(f"STATE={raw['state']!r}: expected none with SCENARIO={spec.scenario}, which does not read it")
    if spec.sched and spec.replays:
        raise UserError(f"SCHED='{spec.sched}': expected none with {TOKEN}... in ARGS")
    return spec


def text(value):
    """Return a field of a spec as the text that it is made of again; None is the empty one."""
    return "" if value is None else str(value)


def elf_path(build_dir, build):
    """Return where make puts the kernel of a build."""
    folder = Path(build_dir) / "debug" if build == "debug" else Path(build_dir)
    return folder / "lowwater.elf"


def need_elf(path):
    """Return path, or raise UserError when the kernel has not been built."""
    if not path.is_file():
        raise UserError(f"{path}: no such kernel; build it with `make`")
    return path


def match(name, text, pattern, expected):
    if not pattern.fullmatch(text):
        raise UserError(f"{name}={text!r}: expected {expected}")
    return text


def integer(name, text, low, high, unit=""):
    if not re.fullmatch(r"[0-9]+", text, re.ASCII) or not low <= int(text) <= high:
        raise UserError(f"{name}={text!r}: expected a whole number from {low} to {high}{unit}")
    return int(text)


def jobs(text, usual):
    """Return how many runs are done at a time."""
    return integer("JOBS", text, 1, MAX_JOBS) if text else usual


def exact_shift(text, mode):
    """Check SHIFT; without a count of instructions there is nothing that it could mean."""
    if not text:
        return None
    if mode == "fast":
        raise UserError(f"SHIFT={text!r}: expected none with MODE=fast, which counts no "
                        "instructions")
    return integer("SHIFT", text, 0, MAX_SHIFT)


def state_file(text, boot):
    """Check STATE; an ISO has no room for it."""
    if not text:
        return None
    if boot == "iso":
        raise UserError(f"STATE={text!r}: expected none with BOOT=iso")
    if not Path(text).is_file():
        raise UserError(f"STATE={text!r}: no such file; make replay LOG=... writes one")
    return Path(text)


def seconds(name, text):
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)?", text, re.ASCII) or float(text) <= 0:
        raise UserError(f"{name}={text!r}: expected a number of seconds above 0")
    return float(text)


def choice(name, text, allowed):
    if text not in allowed:
        raise UserError(f"{name}={text!r}: expected {' or '.join(allowed)}")
    return text


def wanted(where, text):
    """Return the canonical text of devices, or raise UserError, which says where they are named."""
    try:
        return devices.canonical(text)
    except devices.Wrong as error:
        raise UserError(f"{where}{text!r}: {error}") from error


def kernel_words(text):
    """Check ARGS: plain words, none of them a parameter that has an option of its own."""
    for word in text.split():
        if not WORD.fullmatch(word) or "'" in word or '"' in word:
            raise UserError(f"ARGS word {word!r}: expected plain characters and no quotes")
        name = word.split("=")[0]
        if name in RESERVED and not word.startswith(TOKEN):
            own = "SHIFT" if name == "icount" else name.upper()
            raise UserError(f"ARGS word {word!r}: set {own}=... instead of passing {name} in ARGS")
    return " ".join(text.split())
