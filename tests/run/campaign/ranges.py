"""Numbers as a user writes them, such as 1..50,77, and the jobs of a sweep: (seed, sched, fail_nth)."""
import itertools
import math
import re

from options import MAX_SEED, UserError

MAX_RUNS = 1_000_000
PART = re.compile(r"([0-9]+)(?:\.\.([0-9]+))?", re.ASCII)


def jobs(seeds, scheds, nths, spec):
    """Return every (seed, sched, fail_nth), ascending.

    An empty text stands for the spec's own seed, and for a fail_nth of 0: nothing is refused.
    """
    found = [parts("SEEDS", seeds or str(spec.seed)), parts("SCHEDS", scheds or str(spec.sched)),
             parts("FAIL_NTH", nths or "0")]
    count = math.prod(map(size, found))
    if count > MAX_RUNS:
        raise UserError(f"SEEDS, SCHEDS and FAIL_NTH: expected at most {MAX_RUNS} runs, found {count}")
    return list(itertools.product(*map(numbers, found)))


def parts(name, text):
    """Return the (first, last) of each part between commas, or raise UserError."""
    found = []
    for part in text.split(","):
        match = PART.fullmatch(part.strip())
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if not first <= last <= MAX_SEED:
            raise UserError(f"{name}={text!r}: expected numbers from 0 to {MAX_SEED}, such as "
                            "1..50,77")
        found.append((first, last))
    return found


def size(found):
    """Return how many numbers the parts name, those twice that are named twice."""
    return sum(last - first + 1 for first, last in found)


def numbers(found):
    return sorted({number for first, last in found for number in range(first, last + 1)})
