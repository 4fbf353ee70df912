"""The runs of both sides. An exact run of an image is the same run every time: it is done once, and its folder is
under the image's build id, so that a base, or a tree that has come back to what it was, costs nothing.

The image lies there as well: a kernel is told its own path, and reading a longer one takes longer.
"""
import dataclasses
import json
import shutil
import tempfile
from pathlib import Path

from campaign import arms, asked, choice, fleet, ranges
from results import outcome
from options import MAX_CPUS, UserError, elf_path, integer

FOLDER = "runs"


def pairs(spec, revision, options):
    """Return ([(settled spec, arm)], lines on what was left out) of a revision: one for each arm, seed and machine."""
    one = placed(spec, revision)
    known, found, left_out = arms.load(one), [], []
    for cpus in options.many_cpus.split() or [None]:
        for seed, sched, _ in ranges.jobs(options.seeds, options.scheds, "", spec):
            wanted = dataclasses.replace(one, seed=seed, sched=sched,
                                         cpus=integer("CPUS", cpus, 1, MAX_CPUS) if cpus else spec.cpus)
            some, out, wrong = chosen(wanted, known, options, revision)
            found += some
            left_out += [line for line in (*out, *wrong) if line not in left_out]
    return found, left_out


def placed(spec, revision):
    """Return the spec with a revision's image, in a folder of its build id, and results beside it."""
    source = elf_path(revision.build_dir, spec.build)
    home = spec.build_dir / "compare" / FOLDER / arms.build_id(source)
    image = elf_path(home, spec.build)
    if not image.is_file():
        image.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=image.parent) as name:
            shutil.copy2(source, Path(name) / image.name)
            (Path(name) / image.name).replace(image)
    return dataclasses.replace(spec, build_dir=home, results=home / "results")


def chosen(spec, known, options, revision):
    try:
        return choice.pairs(spec, known, options.scenario, options.patch, may_be_none=True)
    except (UserError, asked.Faulty) as error:
        raise UserError(f"{revision.name} ({revision.spoken()}): {error}") from error


def do(sides, at_once):
    """Return {folder: result} of all runs of the sides, those done before from their files."""
    wanted = {spec.folder: (spec, arm) for side in sides for spec, arm in side}
    found = {folder: kept(spec) for folder, (spec, _) in wanted.items()}
    missing = [wanted[folder] for folder, result in found.items() if result is None]
    if missing:
        guesses = [likely(spec, arm, found) for spec, arm in missing]
        for (spec, _), result in zip(missing, fleet.run(missing, at_once, guesses=guesses)):
            found[spec.folder] = result
    return found


def likely(spec, arm, found):
    """Return the seconds that a run will take: those of the other side's, if that is there."""
    for folder, result in found.items():
        if result and folder.name == spec.folder.name and folder.parent.name == spec.folder.parent.name:
            return float(result["wall_seconds"])
    return fleet.expected(spec, arm)


def kept(spec):
    """Return the result of a run that has been done, or None; only an exact one repeats itself."""
    if spec.mode != "exact":
        return None
    try:
        found = json.loads((spec.folder / "result.json").read_text(encoding="utf-8"))
        return found if found["outcome"] not in outcome.BY_THE_HOST else None
    except (OSError, ValueError, KeyError):
        return None
