"""`matrix`: every arm on many machines, MEM by CPUS, in one table: does it hold where it says that it holds?

A cell is `ok`, `NO`, or `.` where the arm does not say that it holds. Exit code 0 when no cell is NO.
"""
import dataclasses
from pathlib import Path

from campaign import choice
from options import MAX_CPUS, MAX_MIB, MIN_MIB, UserError, integer
from results import outcome, table, whole

MEMS = "32 64 65 100 128 256 512 1000 1025 2048 3072 4096"
CPUS = "1 2 3 4 8"
LEFT_OUT, CELLS = ".", {"ok": "ok", "FAIL": "NO", "-": "-"}


def run(spec, known, options, at_once):
    """Do all runs, print the table and what is wrong; return the exit code."""
    machines = [(mem, cpus) for mem in numbers("MEM", options.mems or MEMS, MIN_MIB, MAX_MIB)
                for cpus in numbers("CPUS", options.many_cpus or CPUS, 1, MAX_CPUS)]
    pairs, wrong = [], []
    for mem, cpus in machines:
        some, faults = on(spec, known, options, mem, cpus)
        pairs += some
        wrong += [line for line in faults if line not in wrong]
    if not pairs:
        raise UserError((wrong or ["no arm holds on any of these machines"])[0])
    from campaign import fleet  # pylint: disable=import-outside-toplevel
    results = fleet.run(pairs, at_once)
    shown = text(results, machines)
    for line in [shown, *problems(results), *wrong]:
        print(line)
    path = Path(spec.results) / "matrix.txt"
    whole.write(path, shown + "\n")
    bad = sum(outcome.is_bad(one) for one in results)
    print(f"table: {path}; of each run: {spec.results}/SCENARIO/ARM@.../")
    print(f"{len(results)} runs, {len(results) - bad} as declared, {bad} not")
    return 2 if wrong else 1 if bad else 0


def numbers(name, words, low, high):
    found = [integer(name, word, low, high) for word in words.split()]
    if not found:
        raise UserError(f"{name}={words!r}: expected numbers between blanks")
    return list(dict.fromkeys(found))


def on(spec, known, options, mem, cpus):
    """Return the pairs of one machine, none where no arm holds, and what is wrong."""
    one = dataclasses.replace(spec, mem=mem, cpus=cpus)
    pairs, _, wrong = choice.pairs(one, known, options.scenario, options.patch, may_be_none=True)
    return pairs, wrong


def text(results, machines):
    """Return the table: a row for each arm, a column for each machine."""
    rows = {}
    for one in results:
        cells = rows.setdefault((one["scenario"], table.arm_name(one)), {})
        cells[one["mem_mib"], one["cpus"]] = CELLS[outcome.verdict(one)]
    lines = [once(["", "MEM", *(str(mem) for mem, _ in machines)]),
             ["scenario", "arm, CPUS", *(str(cpus) for _, cpus in machines)]]
    before = None
    for (scenario, arm), cells in rows.items():
        lines.append([scenario if scenario != before else "", arm,
                      *(cells.get(machine, LEFT_OUT) for machine in machines)])
        before = scenario
    widths = [max(map(len, column)) for column in zip(*lines)]
    shown = ["  ".join(cell.ljust(width) if at < 2 else cell.rjust(width)
                       for at, (cell, width) in enumerate(zip(line, widths))).rstrip() for line in lines]
    shown.insert(2, "-" * max(map(len, shown)))
    return "\n".join(shown)


def once(heads):
    """Return heads with each memory size at its first column only."""
    return [head if at == 0 or head != heads[at - 1] else "" for at, head in enumerate(heads)]


def problems(results):
    """Yield a line for each cell that is NO."""
    for one in results:
        if outcome.is_bad(one):
            why = (one["failed_checks"] or outcome.violations(one["reports"]) or [one["message"]])[0]
            yield f"{one['scenario']} {one['arm']} MEM={one['mem_mib']} CPUS={one['cpus']}: {why}"
