#!/usr/bin/python3
"""Writes the places of the debug build's schedule points as assembly, from the first link.

A place is "function+line", as the explorer names it (tests/host/explore/sites.c): of what is expanded
from kernel/core's headers, where that was called. A replay_point() stands for the line behind it; the
point of replay_sleep() is what the explorer calls "sleep".
"""
import re
import struct
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

# pylint: disable=wrong-import-position
from machine import elf  # noqa: E402

SITE = struct.Struct("<QQQ")  # struct sched_point_site


def sites(image):
    """Return (address, is of its own) of each point, in the table's order."""
    first, own, end = (image.symbols[name][0] for name in (
        "_sched_points", "_sched_points_end", "_replay_points_end"))
    return [(SITE.unpack(image.read(at, SITE.size))[0], at >= own)
            for at in range(first, end, SITE.size)]


def frames(path, addresses):
    """Yield, for each address, its (function, file, line), the innermost first."""
    asked = "".join(f"{at:#x}\n" for at in addresses)
    out = subprocess.run(["addr2line", "-a", "-i", "-f", "-e", path], input=asked, text=True,
                         capture_output=True, check=True).stdout
    for part in re.split(r"^0x[0-9a-f]+\n", out, flags=re.M)[1:]:
        lines = part.splitlines()
        yield [frame(function, place) for function, place in zip(lines[::2], lines[1::2])]


def frame(function, place):
    name, _, line = place.split(" (")[0].rpartition(":")
    return function.split(".")[0], name, int(line) if line.isdecimal() else 0


def is_everybodys(name):
    return name.endswith(".h") and "kernel/core/" in name


def place(found, own):
    """Return the place of a point by its frames."""
    if any(function == "replay_sleep" for function, _, _ in found):
        return "sleep"
    for depth, (function, name, line) in enumerate(found):
        if not is_everybodys(name):
            line += own and depth == 0
            return f"{function}+{line - first_line(name, function, line)}"
    return "?"


@lru_cache(None)
def source(name):
    return Path(name).read_text(encoding="utf-8").splitlines()


def first_line(name, function, line):
    """Return the line at which that function begins: the last one above that looks like it."""
    begins = re.compile(rf"(?=[A-Za-z_]).*?(?<![A-Za-z0-9_]){re.escape(function)}\(")
    return next((at for at in range(line, 0, -1) if begins.match(source(name)[at - 1])), 0)


def main():
    path = Path(sys.argv[1])
    image = elf.Image(path)
    known = sites(image)
    places = [place(found, own) for (_, own), found in
              zip(known, frames(path, [at for at, _ in known]))]
    names = sorted(set(places))
    out = ['\t.section .ksyms, "a"', "\t.balign 8",
           "\t.globl replay_nr_places, replay_place_of, replay_place_name", "replay_place_name:"]
    out += [f"\t.quad 1{number:04}f" for number in range(len(names))]
    out += [f"replay_nr_places:\n\t.long {len(names)}", "replay_place_of:"]
    out += [f"\t.short {names.index(one)}" for one in places]
    out += [f'1{number:04}:\t.asciz "{name}"' for number, name in enumerate(names)]
    print("\n".join(out))


if __name__ == "__main__":
    main()
