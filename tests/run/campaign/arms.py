"""The table of scenarios and arms, which only the kernel knows.

Booted with scenario=list the kernel sends one event for each arm, scenario, parameter, patch and counter.
The answer is kept beside the ELF, in scenarios.json, for as long as that very ELF is there; and so is the
ELF's build id, since loading what reads it takes longer than a short run.
"""
import dataclasses
import hashlib
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from machine import elf as files, qemu
from results import console, events, outcome, whole
from campaign import declared
from campaign.patches import Patches
from options import UserError, variant, wanted

CACHE = "scenarios.json"
MEMORY_MIB = 512
TIMEOUT = 60.0
TEXTS = ("scenario", "group", "source", "patch", "outcome", "every", "args", "showed", "help",
         "devices", "every_devices")
NUMBERS = ("mem", "ncpus", "shift")
CHOICES = ("fills",)
LISTS = {"checks": str, "mem_hold": int, "cpus_hold": int}
MOST_AT_ONCE = 4096  # MiB that the emulator is given at once; more keeps it from starting for seconds
USUAL_MIB, USUAL_CPUS, USUAL_SHIFT = 2048, 1, 0  # of a scenario that declares nothing


@dataclass(frozen=True)
class Arm:
    """One scenario under one set of patches, and what it declares."""

    scenario: str
    group: str
    source: str  # the seed behind the scenario, or ""
    mem: int  # MiB; 0: the usual
    ncpus: int  # the same
    shift: int
    fills: bool  # it writes to nearly all of its memory
    every: str  # parameters of every arm of the scenario
    patch: str
    outcome: str
    checks: tuple
    args: str  # parameters of this arm, those of every arm among them
    showed: str  # what it has shown when it is as declared, with {expressions}
    help: str
    mem_hold: tuple  # MiB with which it holds, the first and the last; (0, 0): any
    cpus_hold: tuple
    devices: str  # that its machine has, as devices.py reads it; the scenario's where it says nothing
    every_devices: str  # of the scenario


class Known(list):
    """Every Arm, and what else the kernel tells of itself; an old one tells less."""

    def __init__(self, said):
        self.said = said
        self.scenarios = {one["name"]: one["file"] for one in said.get("scenarios", [])}
        self.params = {one["name"]: one for one in said.get("params", [])}
        self.patches = Patches(said.get("patches", []))
        self.counters = said.get("counters", [])
        super().__init__(make_arm(item) for item in said["arms"])
        self.faults = declared.faults(self)  # {scenario: lines}

    def said_names(self, kind):
        return [one["name"] for one in self.said.get(kind, [])]


def make_arm(item):
    """Return the Arm of an event, or raise UserError naming the field that is of a wrong kind."""
    fields = {"group": "study", "source": "", "mem": 0, "ncpus": 0, "shift": 0, "fills": False, "every": "", "args": "",
              "showed": "", "help": "", "mem_hold": [0, 0], "cpus_hold": [0, 0], "checks": [], "devices": "",
              "every_devices": ""} | item
    name = f"{fields.get('scenario')} {fields.get('patch')}"
    for field in TEXTS:
        if not isinstance(fields.get(field), str):
            raise UserError(f"the kernel's arm {name}: expected text as {field!r}")
    for field in NUMBERS:
        if type(fields[field]) is not int:
            raise UserError(f"the kernel's arm {name}: expected a number as {field!r}")
    for field in CHOICES:
        if type(fields[field]) is not bool:
            raise UserError(f"the kernel's arm {name}: expected true or false as {field!r}")
    for field, kind in LISTS.items():
        if not isinstance(fields[field], list) or any(type(one) is not kind for one in fields[field]):
            raise UserError(f"the kernel's arm {name}: expected a list as {field!r}")
    return Arm(**{field: fields[field] for field in (*TEXTS, *NUMBERS, *CHOICES)},
               **{field: tuple(fields[field]) for field in LISTS})


def load(spec):
    """Return what the spec's kernel tells, from the cache when it fits the ELF."""
    found = cached(spec.elf)
    if found is not None:
        return found
    found = Known(ask(spec))
    keep(spec.elf, found)
    return found


def digest(elf):
    return hashlib.sha256(elf.read_bytes()).hexdigest()


def keep(elf, table):
    """Let load() answer with this table for as long as that very ELF is there."""
    kept = {"elf_sha256": digest(elf), "build_id": files.build_id(elf)} | table.said
    whole.write(elf.with_name(CACHE), json.dumps(kept, indent=1) + "\n")


def cached(elf):
    """Return the arms that are kept for this ELF; a damaged file has none."""
    try:
        kept = kept_for(elf)
        return Known(kept) if kept["arms"] else None
    except (KeyError, TypeError, AttributeError, UserError):
        return None


def kept_for(elf):
    """Return what is kept for this ELF as it was written; nothing when that is damaged."""
    try:
        kept = json.loads(elf.with_name(CACHE).read_text())
        return kept if kept["elf_sha256"] == digest(elf) else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def build_id(elf):
    """Return the identity that the linker gave a kernel, None if it has none."""
    kept = kept_for(elf)
    return kept["build_id"] if "build_id" in kept else files.build_id(elf)


def ask(spec):
    """Boot the kernel with scenario=list and return what it said, by kind."""
    plain = dataclasses.replace(spec, scenario="list", patch="none", args="", declared_args="",
                                devices=None, fills_memory=False, boot="kernel", mem=MEMORY_MIB, shift=0, cpus=1, seed=1, sched=0,
                                mode="exact")
    with tempfile.TemporaryDirectory(prefix="lowwater-") as name:
        folder = Path(name)
        log, channel = folder / "console.log", folder / "events.jsonl"
        argv = qemu.command(plain, qemu.kernel_line(plain), log, channel)
        status, _ = qemu.run(argv, folder / "qemu.log", TIMEOUT)
        said = events.read(channel)
        lines = console.read_lines(log)
    if status != outcome.EXIT_BASE or not said.arms:
        ended = "its time limit" if status is None else f"status {status}"
        last = console.error_line(lines) or console.last_line(lines) or "an empty console"
        raise UserError(f"{spec.elf}: scenario=list gave {len(said.arms)} arms and ended with "
                        f"{ended}: {last}")
    if said.notes:  # an arm that is lost would not be missed
        raise UserError(f"{spec.elf}: scenario=list: {said.notes[0]}")
    return {"arms": said.arms, "scenarios": said.scenarios, "patches": said.patches,
            "params": said.params, "counters": said.counter_names}


def find(table, scenario, patch):
    """Return the arm of that name, or None."""
    return next((arm for arm in table if (arm.scenario, arm.patch) == (scenario, patch)), None)


def settle(spec, table):
    """Return the spec with what its scenario declares wherever the user left it open.

    A scenario's machine and parameters hold for any patch, also for one that no arm is about.
    """
    own = [arm for arm in table if arm.scenario == spec.scenario]
    arm = find(own, spec.scenario, spec.patch)
    mem, cpus, shift, every, source, has = USUAL_MIB, USUAL_CPUS, USUAL_SHIFT, "", "", ""
    if own:
        has = arm.devices if arm else own[0].every_devices
        mem, cpus, shift = own[0].mem or mem, own[0].ncpus or cpus, own[0].shift
        every, source = own[0].every, own[0].source
    if spec.mode != "exact":
        shift = None
    wanted_mib = mem if spec.mem is None else spec.mem
    has = wanted(f"scenario {spec.scenario}: .devices: ", has)
    return dataclasses.replace(spec, variant=variant(spec, mem, cpus, shift, has),
                               mem=wanted_mib,
                               cpus=cpus if spec.cpus is None else spec.cpus,
                               shift=shift if spec.shift is None else spec.shift,
                               devices=has if spec.devices is None else spec.devices,
                               declared_args=arm.args if arm else every, source=source,
                               fills_memory=bool(own) and own[0].fills and wanted_mib <= MOST_AT_ONCE)


def study(table):
    """Return the arms of the study, those of one seed together, those of none first.

    A scenario under the rules of another kernel stands behind the one that it is named after.
    """
    return sorted((arm for arm in table if arm.group == "study"),
                  key=lambda arm: (arm.source, arm.scenario))
