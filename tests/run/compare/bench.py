"""Instructions of `make bench` on both sides."""
import dataclasses

from campaign import arms, bench
from compare import runs
from options import UserError


def run_of(spec, revision):
    """Return the settled run that counts them on a side."""
    one = runs.placed(dataclasses.replace(spec, scenario="bench", patch="none"), revision)
    return arms.settle(one, arms.load(one))


def rows(one, result):
    """Return {operation: [instructions, operations]} of such a run that has been done."""
    found = bench.rows_of(one.folder)
    if result["outcome"] != "completed" or not found:
        raise UserError(f"bench: {result['message'] or result['outcome']}; see {one.folder}")
    return found


def differences(before, now):
    """Return [(operation, before, now)] in instructions for each operation, of those that differ; None: is not there."""
    found = []
    for name in dict.fromkeys((*before, *now)):
        old, new = (side[name][0] / side[name][1] if name in side else None for side in (before, now))
        if old != new:
            found.append((name, old, new))
    return found
