"""One finished run as data: the content of result.json.

Reads what the run left in its folder and puts it together; decides nothing itself.
"""
import hashlib
import shlex
from dataclasses import dataclass
from typing import Any

from reports import exact, identities, report
from results import console, events, ktap, outcome, phrase

END_MARK = "---[ end "  # a panic's or a lock-up's last line repeats its first
TRACED = "traced: its records took virtual time; compare its times with those of traced runs only"


@dataclass
class Ended:
    """How a run came to its end. argv is without the debugger's socket, which is gone by now."""

    argv: list
    accel: str
    status: int | None
    wall: float
    build_id: str | None
    facts: Any  # where a run stood at its time limit, with its file and notes: machine/facts.py


def build(spec, folder, arm, ended):
    """Return the result of a run whose console.log and events.jsonl are in folder."""
    said = events.read(folder / "events.jsonl")
    lines = console.read_lines(folder / "console.log")
    reports = report.parse(lines)
    notes = [TRACED] if is_traced(spec) else []
    notes += said.notes + exact.merge(reports, said.reports) + ended.facts.notes
    for one in reports:
        one["identities"] = identities.check(one, spec.cpus)
    found = outcome.outcome(ended.status, said.counters, reports)
    names = said.counters | {"victims": victims(said.timeline), "cpus": spec.cpus}
    as_expected, failed = outcome.judge(arm, found, names, reports)
    return {
        "scenario": spec.scenario, "source": spec.source, "arm": spec.arm,
        "patches": said.start.get("patches"), "rules": said.start.get("rules"), "seed": spec.seed, "sched": spec.sched,
        "cpus": spec.cpus, "mem_mib": spec.mem, "shift": spec.shift,
        "mode": spec.mode, "accel": ended.accel, "boot": spec.boot, "build": spec.build,
        "devices": spec.devices,
        "build_id": ended.build_id,
        "args": spec.args, "declared_args": spec.declared_args, "traced": is_traced(spec),
        "outcome": found, "expected": arm.outcome if arm else None,
        "as_expected": as_expected, "failed_checks": failed,
        "showed": phrase.showed(arm, found, failed, names, reports) or spec.undeclared or None,
        "message": message(found, lines, spec, folder, ended), "notes": notes,
        "console_sha256": digest(folder / "console.log"),
        "instructions": instructions(spec.mode, said), "virtual_ns": said.end.get("ns"),
        "wall_seconds": round(ended.wall, 3), "exit_status": ended.status,
        "qemu": shlex.join(ended.argv),
        "counters": said.counters, "locks": said.locks, "reports": reports,
        "ktap": ktap.tests(lines), "timeline": said.timeline, "samples": said.samples,
        "memory_samples": said.memory_samples, "zones": said.zones, "map": said.map,
        "points": said.points, "replay": {key: said.replay[key] for key in said.replay if key != "event"} or None,
    }


def victims(timeline):
    """Return the names of those whom the OOM killer killed, in order, as a check may have them."""
    return " ".join(one.get("comm", "?") for one in timeline if one["what"] == "killed")


def is_traced(spec):
    """Tell whether the run's records left it; a word of ARGS replaces a declared one."""
    words = [one for one in f"{spec.declared_args} {spec.args}".split() if one.startswith("trace=")]
    return words[-1:] == ["trace=on"]


def instructions(mode, said):
    """Guest instructions, which only an exact run counts."""
    if mode != "exact":
        return {"to_scenario_start": None, "total": None}
    return {"to_scenario_start": said.start.get("insns"), "total": said.end.get("insns")}


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None


def message(found, lines, spec, folder, ended):
    """Return the one line that best explains a run that did not finish, else None."""
    if found in ("completed", "oom-killed"):
        return None
    if found == "bad-parameter":
        return console.error_line(lines) or console.last_line(lines)
    if found == "timeout" and ended.facts.where:
        return f"after {spec.timeout:g} s {ended.facts.where}; more in {ended.facts.path.name}"
    own = console.last_line(console.read_lines(folder / "qemu.log"))
    last = console.last_line(lines)
    return (own if found == "crash" else None) or last and last.removeprefix(END_MARK)
