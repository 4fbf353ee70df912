"""Places in the source ("function+line") at which schedules change: those of the explorer, where its hooks
are called, and those of the debug build's points (toolchain/points.py), which must be some of them.
"""
import re
import subprocess

from machine import elf
from toolchain import points

HOOKED = re.compile(r"^ *([0-9a-f]+):\s+(?:call|jmp) +[0-9a-f]+ <(?:__tsan_|explore_)", re.M)
# What the explorer does not run, and what is a point of a schedule seed by itself, between accesses.
OTHERS = re.compile(r"/(tests|kernel/task|kernel/dev|kernel/fs|mm/slab|kernel/core/(sched/(sched|alarm|still)|time/timer))[/.]")
ALONE = "sched_point"


def of_explorer(program):
    code = subprocess.run(["objdump", "-d", "--no-show-raw-insn", program], check=True,
                          capture_output=True, text=True).stdout
    calls = [int(at, 16) for at in HOOKED.findall(code)]
    return {points.place(found, False) for found in points.frames(program, calls)}


def of_guest(path):
    known = points.sites(elf.Image(path))
    return {points.place(found, own) for (_, own), found in
            zip(known, points.frames(path, [at for at, _ in known]))
            if found[0][0] != ALONE and not OTHERS.search(found[-1][1])}
