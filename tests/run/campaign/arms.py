"""The table of scenarios and arms, which only the kernel knows.

Booted with scenario=list the kernel sends one event for each arm. The answer is kept beside the
ELF, in scenarios.json, for as long as that very ELF is there.
"""
import dataclasses
import hashlib
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from machine import qemu
from results import console, events, outcome, whole
from options import MAX_MIB, MAX_SHIFT, UserError

CACHE = "scenarios.json"
MEMORY_MIB = 512
TIMEOUT = 60.0
TEXTS = ("scenario", "group", "source", "patch", "outcome", "every", "args", "showed", "help")
NUMBERS = {"mem": MAX_MIB, "shift": MAX_SHIFT}  # and the greatest of each
USUAL_MIB, USUAL_SHIFT = 2048, 0  # of a scenario that declares nothing


@dataclass(frozen=True)
class Arm:
    """One scenario under one set of patches, and what it declares."""

    scenario: str
    group: str
    source: str  # the seed behind the scenario, or ""
    mem: int  # MiB; 0: the usual
    shift: int
    every: str  # parameters of every arm of the scenario
    patch: str
    outcome: str
    checks: tuple
    args: str  # parameters of this arm, those of every arm among them
    showed: str  # what it has shown when it is as declared, with {expressions}
    help: str


def make_arm(item):
    """Return the Arm of an event, or raise UserError naming the field that is wrong."""
    fields = {"group": "study", "source": "", "mem": 0, "shift": 0, "every": "", "args": "",
              "showed": "", "help": ""} | item
    for name in TEXTS:
        if not isinstance(fields.get(name), str):
            raise UserError(f"the kernel's arm {item}: expected text as {name!r}")
    for name, most in NUMBERS.items():
        if type(fields[name]) is not int or not 0 <= fields[name] <= most:
            raise UserError(f"the kernel's arm {item}: expected 0 to {most} as {name!r}")
    checks = fields.get("checks", [])
    if not isinstance(checks, list) or not all(isinstance(text, str) for text in checks):
        raise UserError(f"the kernel's arm {item}: expected a list of texts as 'checks'")
    return Arm(**{name: fields[name] for name in (*TEXTS, *NUMBERS)}, checks=tuple(checks))


def load(spec):
    """Return every Arm of the spec's kernel, from the cache when it fits the ELF."""
    found = cached(spec.elf)
    if found:
        return found
    found = [make_arm(item) for item in ask(spec)]
    keep(spec.elf, found)
    return found


def digest(elf):
    return hashlib.sha256(elf.read_bytes()).hexdigest()


def keep(elf, table):
    """Let load() answer with this table for as long as that very ELF is there."""
    rows = [dataclasses.asdict(arm) for arm in table]
    kept = {"elf_sha256": digest(elf), "arms": rows}
    whole.write(elf.with_name(CACHE), json.dumps(kept, indent=1) + "\n")


def cached(elf):
    """Return the arms that are kept for this ELF; a damaged file has none."""
    try:
        kept = json.loads(elf.with_name(CACHE).read_text())
        return [make_arm(item) for item in kept["arms"]] if kept["elf_sha256"] == digest(elf) else None
    except (OSError, ValueError, KeyError, TypeError, UserError):
        return None


def ask(spec):
    """Boot the kernel with scenario=list and return the arm events."""
    plain = dataclasses.replace(spec, scenario="list", patch="none", args="", declared_args="",
                                boot="kernel", mem=MEMORY_MIB, shift=0, cpus=1, seed=1, sched=0,
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
    return said.arms


def find(table, scenario, patch):
    """Return the arm of that name, or None."""
    return next((arm for arm in table if (arm.scenario, arm.patch) == (scenario, patch)), None)


def settle(spec, table):
    """Return the spec with what its scenario declares wherever the user left it open.

    A scenario's machine and parameters hold for any patch, also for one that no arm is about.
    """
    own = [arm for arm in table if arm.scenario == spec.scenario]
    arm = find(own, spec.scenario, spec.patch)
    mem, shift, every, source = USUAL_MIB, USUAL_SHIFT, "", ""
    if own:
        mem, shift, every, source = own[0].mem or mem, own[0].shift, own[0].every, own[0].source
    if spec.mode != "exact":
        shift = None
    return dataclasses.replace(spec, mem=mem if spec.mem is None else spec.mem,
                               shift=shift if spec.shift is None else spec.shift,
                               declared_args=arm.args if arm else every, source=source)


def study(table):
    """Return the arms of the study, those of one seed together, those of none first."""
    return sorted((arm for arm in table if arm.group == "study"), key=lambda arm: arm.source)


def machine(arm):
    """Return what a scenario declares besides its arms, as its user would set it."""
    words = [f"MEM={arm.mem}"] if arm.mem else []
    words += [f"SHIFT={arm.shift}"] if arm.shift else []
    words += [f'ARGS="{arm.every}"'] if arm.every else []
    return " ".join(words)


def listing(table):
    """Return the table as text: a scenario's line, then its arms and their checks."""
    lines, scenario = [], None
    for arm in table:
        if arm.scenario != scenario:
            scenario = arm.scenario
            lines += [""] if lines else []
            kind = f"{arm.group}, {arm.source}" if arm.source else arm.group
            lines.append(f"{scenario} ({kind}){': ' + arm.help if arm.help else ''}")
            lines += [f"  {machine(arm)}"] if machine(arm) else []
        own = "" if arm.args == arm.every else arm.args
        lines.append(f"  {arm.patch:<40} {arm.outcome:<14} {own}".rstrip())
        lines += [f"      {text}" for text in arm.checks]
        lines += [f'      "{arm.showed}"'] if arm.showed else []
    return "\n".join(lines)
