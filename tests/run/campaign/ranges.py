"""Seeds as a user writes them, such as 1..50,77, and the pairs of a sweep."""
import re

from options import MAX_SEED, UserError

MAX_RUNS = 1_000_000
PART = re.compile(r"([0-9]+)(?:\.\.([0-9]+))?", re.ASCII)


def pairs(seeds, scheds, spec):
    """Return every (seed, sched), ascending; an empty text stands for the spec's own one."""
    left = parts("SEEDS", seeds or str(spec.seed))
    right = parts("SCHEDS", scheds or str(spec.sched))
    count = size(left) * size(right)
    if count > MAX_RUNS:
        raise UserError(f"SEEDS and SCHEDS: expected at most {MAX_RUNS} runs, found {count}")
    return [(seed, sched) for seed in numbers(left) for sched in numbers(right)]


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
