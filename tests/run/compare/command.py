"""`make compare`: this tree against another revision. Prints what differs, and only that.

Exit code 0, or 1 where something differs that FAIL_ON names; 2: a revision, an arm or a number that is none.
"""
import json
import shlex
from dataclasses import dataclass, field

from campaign import arms, fleet
from compare import base, bench, differ, runs, words
from options import UserError, jobs
from results import whole

FAILS = ("outcome", "counters", "bench")
ORIGIN = ("toolchain", "qemu_version", "image_sha256")


@dataclass
class Found:
    """A whole comparison."""

    base: base.Revision
    this: base.Revision
    same_image: bool
    command: str
    rows: list
    bench: list
    benched: int
    left_out: list
    origins: list = field(default_factory=list)  # what either side's runs were made with


def run(spec, options):
    """Do what the options say and return the exit code."""
    fails = wanted_fails(options.fail_on)
    this = base.this(spec.build_dir)
    other = base.other(options.base, spec.build_dir, spec.build)
    sides, left_out = [], []
    for revision in (other, this):
        pairs, out = runs.pairs(spec, revision, options)
        sides.append(pairs)
        left_out += [line for line in out if line not in left_out]
    if not any(sides):
        raise UserError("compare: expected at least one run, found none: " + "; ".join(left_out))
    benched = [bench.run_of(spec, one) for one in (other, this)] if options.scenario == "*" else []
    results = runs.do([*sides, [(one, None) for one in benched]], jobs(options.jobs, fleet.usual_jobs(spec)))
    refuse_bad(sides, results)
    rows = differ.rows(*([(one, results[one.folder]) for one, _ in side] for side in sides))
    benches = [bench.rows(one, results[one.folder]) for one in benched] or [{}, {}]
    found = Found(other, this, same_image(spec, other), repeated(spec, options), rows,
                  bench.differences(*benches), len(benches[1]), left_out + missing(sides),
                  [origin(side, results) for side in sides])
    keep(spec, found)
    print("\n".join(words.text(found)))
    return int(fails_on(found, fails))


def refuse_bad(sides, results):
    """A run that neither side's kernel has taken compares nothing."""
    bad = [{(spec.scenario, spec.patch, spec.cpus): results[spec.folder]["message"] for spec, _ in side
            if results[spec.folder]["outcome"] == "bad-parameter"} for side in sides]
    for scenario, patch, cpus in bad[0].keys() & bad[1].keys():
        raise UserError(f"compare: {scenario} {patch}: neither side can be run: {bad[1][scenario, patch, cpus]}")


def origin(side, results):
    """Return what the runs of a side say that they were made with, and how many of each seed there are."""
    if not side:
        return {}
    one = results[side[0][0].folder]
    return {key: one.get(key) for key in ORIGIN} | {
        "seeds": sorted({spec.seed for spec, _ in side}), "runs": len(side),
        "logs_sha256": {f"{spec.scenario} {spec.patch} seed {spec.seed} cpus {spec.cpus}": results[spec.folder]["console_sha256"]
                        for spec, _ in side}}


def wanted_fails(text):
    found = [word for word in text.split(",") if word]
    for word in found:
        if word not in FAILS:
            raise UserError(f"FAIL_ON={text!r}: expected some of {', '.join(FAILS)}")
    return found


def missing(sides):
    """Return a line for each arm that one side alone has."""
    names = [{(one.scenario, one.patch) for one, _ in side} for side in sides]
    return [f"{' '.join(name)}: {where} does not have it" for where, gone in
            (("the base", names[1] - names[0]), ("this tree", names[0] - names[1])) for name in sorted(gone)]


def same_image(spec, other):
    return arms.build_id(spec.elf) == arms.build_id(base.elf_path(other.build_dir, spec.build))


def repeated(spec, options):
    """Return the command that makes this comparison again."""
    given = {"BASE": options.base, "SCENARIO": "" if options.scenario == "*" else options.scenario,
             "PATCH": "" if options.patch in (None, "*") else options.patch, "SEEDS": options.seeds,
             "SCHEDS": options.scheds, "CPUS": options.many_cpus, "MEM": spec.mem or "", "ARGS": spec.args}
    return " ".join(["make compare", *(f"{name}={shlex.quote(str(value))}" for name, value in given.items() if value)])


def keep(spec, found):
    folder = spec.build_dir / "compare"
    whole.write(folder / "compare.json", json.dumps(words.as_json(found), indent=1) + "\n")
    whole.write(folder / "compare.md", "\n".join(words.markdown(found)) + "\n")


def fails_on(found, fails):
    return ("outcome" in fails and any(row.words for row in found.rows)
            or "counters" in fails and any(row.counters for row in found.rows)
            or "bench" in fails and bool(found.bench))
