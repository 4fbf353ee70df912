#!/usr/bin/python3
"""The nearest of several names to one that nobody knows, by the kernel's own rule (kernel/core/nearest.h).

As a program it answers the Makefile: nearest.py KNOWN... -- UNKNOWN...: one line about the first of these.
"""
import sys


def find(want, names):
    """Return the nearest name; one that shares next to nothing is none."""
    near = [(distance(want, name), name) for name in names]
    near = [one for one in near if 2 * one[0] < max(len(want), len(one[1]))]
    return min(near, key=lambda one: one[0])[1] if near else None


def hint(want, names, end=""):
    """Return the words that offer the nearest name, or none."""
    near = find(want, names)
    return f"; the nearest is {near}{end}" if near else ""


def distance(first, second):
    """Return how many characters to change, leave out, put in, or swap with their neighbour."""
    rows = [list(range(len(second) + 1))]
    for i, char in enumerate(first, 1):
        rows.append([i])
        for j, other in enumerate(second, 1):
            least = min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + (char != other))
            if i > 1 and j > 1 and char == second[j - 2] and first[i - 2] == other:
                least = min(least, rows[i - 2][j - 2] + 1)
            rows[i].append(least)
    return rows[-1][-1]


def main(argv):
    at = argv.index("--")
    known, unknown = argv[:at], argv[at + 1]
    print(f"{unknown}: make has no such variable here{hint(unknown, known) or '; make help names them'}")


if __name__ == "__main__":
    main(sys.argv[1:])
