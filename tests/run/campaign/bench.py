"""`bench`: what the allocator's operations cost, in exact guest instructions, beside Linux's.

The stored baseline makes a change of even one instruction show; --update stores today's figures.
"""
import dataclasses
import json
import subprocess
from pathlib import Path

from campaign import arms, runner
from results import events, schema, whole
from options import UserError

DATA = Path(__file__).resolve().parent / "data"
LINUX = DATA / "linux_bench.json"
BASELINE = DATA / "bench.json"
HEADS = ("operation", "insns", "change")
GAP = "  "


def run(spec, known, update=False):
    """Run the benchmark, write bench.json, print the table; return the exit code."""
    if spec.mode != "exact":
        raise UserError("MODE=fast: expected exact; only an exact run counts instructions")
    base, linux = schema.load(BASELINE, "bench"), schema.load(LINUX, "linux_bench")
    spec = arms.settle(dataclasses.replace(spec, scenario="bench", patch="none"), known)
    result = runner.run(spec, None)
    rows = rows_of(spec.folder)
    if result["outcome"] != "completed" or not rows:
        raise UserError(f"bench: {result['message'] or result['outcome']}; see {spec.folder}")
    found = {"mem_mib": spec.mem, "cpus": spec.cpus, "build": spec.build, "compiler": compiler(),
             "rows": rows}
    out = spec.folder / "bench.json"
    whole.write(out, json.dumps(found, indent=1) + "\n")
    if update:
        base = found
        whole.write(BASELINE, json.dumps(found, indent=1) + "\n")
    print(table(found, base, linux))
    print(out)
    return 0


def rows_of(folder):
    """Return {"group: name": [instructions, operations]} in the order of the run."""
    said = events.read(folder / "events.jsonl")
    return {f"{one['group']}: {one['name']}": [one["insns"], one["ops"]] for one in said.benches}


def compiler():
    """Return the compiler's name and version: other code, other counts."""
    done = subprocess.run(["gcc", "-dumpfullversion"], capture_output=True, text=True, check=False)
    return f"gcc {done.stdout.strip()}"


def table(found, base, linux):
    """Return the table and the line that says what it was compared with."""
    columns = linux.get("columns", [])
    lines = [[*HEADS, *columns]]
    known = base.get("rows", {}) if alike(found, base) else {}
    for name, (insns, ops) in found["rows"].items():
        others = linux.get("rows", {}).get(name, [None] * len(columns))
        lines.append([name, f"{insns / ops:.1f}", change(insns, known.get(name, [None])[0]),
                      *("" if one is None else str(one) for one in others)])
    widths = [max(len(cell) for cell in column) for column in zip(*lines)]
    text = [GAP.join(cell.ljust(width) if at == 0 else cell.rjust(width)
                     for at, (cell, width) in enumerate(zip(row, widths))).rstrip()
            for row in lines]
    text.insert(1, "-" * (sum(widths) + len(GAP) * (len(widths) - 1)))
    return "\n".join(text + [closing(found, base, known)])


def alike(found, base):
    """Is the baseline of the same machine, build and compiler?"""
    return all(found[key] == base.get(key) for key in ("mem_mib", "cpus", "build", "compiler"))


def change(insns, before):
    """Return the change of the whole measurement: one instruction in a thousand rounds shows."""
    if before is None:
        return "new"
    return f"{insns - before:+d}" if insns != before else "="


def closing(found, base, known):
    if not known:
        stored = ", ".join(str(base.get(key)) for key in ("mem_mib", "build", "compiler"))
        return f"no baseline for this machine and build (stored: {stored or 'none'})"
    changed = sum(known.get(name, [None])[0] != insns for name, (insns, _) in
                  found["rows"].items())
    gone = len(known.keys() - found["rows"].keys())
    return f"{len(found['rows'])} results, {changed} changed since the baseline, {gone} gone"
