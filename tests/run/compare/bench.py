"""Instructions of `make bench` on both sides."""
import dataclasses

from campaign import arms, bench, runner
from compare import runs
from options import UserError


def rows(spec, revision):
    """Return {operation: [instructions, operations]} of a revision, from the run that it has done before if it has."""
    one = runs.placed(dataclasses.replace(spec, scenario="bench", patch="none"), revision)
    one = arms.settle(one, arms.load(one))
    found = bench.rows_of(one.folder) if (one.folder / "result.json").is_file() else {}
    if not found:
        result = runner.run(one, None)
        found = bench.rows_of(one.folder)
        if result["outcome"] != "completed" or not found:
            raise UserError(f"{revision.name}: bench: {result['message'] or result['outcome']}; see {one.folder}")
    return found


def differences(before, now):
    """Return [(operation, before, now)] in instructions for each operation, of those that differ; None: is not there."""
    found = []
    for name in dict.fromkeys((*before, *now)):
        old, new = (side[name][0] / side[name][1] if name in side else None for side in (before, now))
        if old != new:
            found.append((name, old, new))
    return found
