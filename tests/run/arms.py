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

import console
import events
import outcome
import qemu
from options import UserError

CACHE = "scenarios.json"
MEMORY_MIB = 512
TIMEOUT = 60.0
TEXTS = ("scenario", "group", "patch", "outcome", "args", "help")


@dataclass(frozen=True)
class Arm:
    """One scenario under one set of patches, and what it declares."""

    scenario: str
    group: str
    patch: str
    outcome: str
    checks: tuple
    args: str
    help: str


def make_arm(item):
    """Return the Arm of an event, or raise UserError naming the field that is wrong."""
    fields = {"group": "study", "args": "", "help": ""} | item
    for name in TEXTS:
        if not isinstance(fields.get(name), str):
            raise UserError(f"the kernel's arm {item}: expected text as {name!r}")
    checks = fields.get("checks", [])
    if not isinstance(checks, list) or not all(isinstance(text, str) for text in checks):
        raise UserError(f"the kernel's arm {item}: expected a list of texts as 'checks'")
    return Arm(**{name: fields[name] for name in TEXTS}, checks=tuple(checks))


def load(spec):
    """Return every Arm of the spec's kernel, from the cache when it fits the ELF."""
    items = cached(spec.elf)
    if items is not None:
        return [make_arm(item) for item in items]
    found = [make_arm(item) for item in ask(spec)]
    keep(spec.elf, found)
    return found


def digest(elf):
    return hashlib.sha256(elf.read_bytes()).hexdigest()


def keep(elf, table):
    """Let load() answer with this table for as long as that very ELF is there."""
    rows = [dataclasses.asdict(arm) for arm in table]
    kept = {"elf_sha256": digest(elf), "arms": rows}
    elf.with_name(CACHE).write_text(json.dumps(kept, indent=1) + "\n")


def cached(elf):
    try:
        kept = json.loads(elf.with_name(CACHE).read_text())
        return kept["arms"] if kept["elf_sha256"] == digest(elf) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def ask(spec):
    """Boot the kernel with scenario=list and return the arm events."""
    plain = dataclasses.replace(spec, scenario="list", patch="none", args="", boot="kernel",
                                mem=MEMORY_MIB, cpus=1, seed=1, sched=0, mode="exact")
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
    return said.arms


def find(table, scenario, patch):
    """Return the arm of that name, or None."""
    return next((arm for arm in table if (arm.scenario, arm.patch) == (scenario, patch)), None)


def study(table):
    return [arm for arm in table if arm.group == "study"]


def listing(table):
    """Return the table as text: a scenario's line, then its arms and their checks."""
    lines, scenario = [], None
    for arm in table:
        if arm.scenario != scenario:
            scenario = arm.scenario
            lines += [""] if lines else []
            lines.append(f"{scenario} ({arm.group}){': ' + arm.help if arm.help else ''}")
        lines.append(f"  {arm.patch:<40} {arm.outcome:<14} {arm.args}".rstrip())
        lines += [f"      {text}" for text in arm.checks]
    return "\n".join(lines)
