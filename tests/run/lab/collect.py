"""Which runs a page is about: the folders that hold a result.json, read."""
import json
from dataclasses import dataclass

from options import UserError
from results import console

NEEDED = ("scenario", "arm", "outcome", "as_expected", "failed_checks", "showed", "counters", "reports",
          "instructions", "wall_seconds", "message", "notes")


@dataclass
class Run:
    """One run: its result.json, the lines of its log, and a name that no other run of the page has."""

    name: str
    result: dict
    lines: list


def below(folder):
    """Return every run below a folder, those of one seed together, and a line for each that is none."""
    if not folder.is_dir():
        raise UserError(f"RESULTS={str(folder)!r}: no such folder; make run fills one")
    runs, wrong = [], []
    for path in sorted(folder.rglob("result.json")):
        if any(part.startswith(".") for part in path.relative_to(folder).parts):
            continue  # of a run that is at work
        try:
            runs.append(load(path.parent, str(path.parent.relative_to(folder))))
        except UserError as error:
            wrong.append(str(error))
    return sorted(runs, key=place), wrong


def place(run):
    arm = run.result["arm"]
    last = (arm != "none") + (arm == "all")
    return run.result.get("source", ""), run.result["scenario"], last, run.name


def load(folder, name):
    """Return the Run of a folder, or raise UserError."""
    path = folder / "result.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: expected a run's result ({error})") from error
    lacks = [field for field in NEEDED if not isinstance(found, dict) or field not in found]
    if lacks:
        raise UserError(f"{path}: expected a run's result; it has no {lacks[0]}")
    return Run(name, found, console.read_lines(folder / "console.log"))


def of(places, folder):
    """Return the runs of folders that have just been filled; folder: of all results."""
    return [load(one, str(one.relative_to(folder))) for one in dict.fromkeys(places)]
