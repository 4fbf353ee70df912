"""Gives a dump of physical memory the guest's virtual addresses, so that GDB can read it.

QEMU's own program headers carry physical addresses only, and where GDB finds no address in a
core it quietly reads the initial contents from the kernel's ELF file. Here the guest's page
tables are walked and a new table of program headers, which points into the same data, is put at
the end of the file. The memory itself is neither moved nor copied.
"""
import mmap
import os
import struct
from bisect import bisect_right
from dataclasses import dataclass

from machine import elf
from options import UserError

PAGE = 4096
PRESENT, LARGE = 1, 1 << 7
ADDRESS = 0x000ffffffffff000
TOP = 3  # level of the root table; 0 holds pages
KERNEL_HALF = 1 << 63
MAX_SEGMENTS = 20000  # GDB slows down with more, and 65535 would not fit the field
CR3_AT = 8 + 18 * 8 + 10 * 24 + 3 * 8  # in QEMU's note: header, registers, segments, cr0 to cr2
READ_WRITE_EXEC = 7
TABLE = struct.Struct("<512Q")


@dataclass
class Range:
    """Virtually contiguous memory that is contiguous in the file too."""

    va: int
    pa: int
    offset: int
    size: int


class Dump:
    """The file as physical memory."""

    def __init__(self, data, path):
        self.data = data
        self.path = path
        table = elf.segments(path)
        self.note = next((one for one in table if one.kind == elf.PT_NOTE), None)
        self.loads = sorted((one for one in table if one.kind == elf.PT_LOAD),
                            key=lambda one: one.paddr)
        self.starts = [one.paddr for one in self.loads]
        if not self.loads or not self.note:
            raise UserError(f"{path}: expected a dump with memory and registers")

    def parts(self, va, pa, size):
        """Yield the Ranges of [pa, pa + size) that are in the file: devices are not."""
        end = pa + size
        for load in self.loads[max(0, bisect_right(self.starts, pa) - 1):]:
            if load.paddr >= end:
                break
            first, last = max(pa, load.paddr), min(end, load.paddr + load.filesz)
            if first < last:
                yield Range(va + first - pa, first, load.offset + first - load.paddr, last - first)

    def table(self, pa):
        """Return the entries of the table page at pa, none when it is not in the file."""
        for part in self.parts(0, pa, PAGE):
            if part.size == PAGE:
                return TABLE.unpack_from(self.data, part.offset)
        return ()

    def cr3(self, cpu):
        bodies = [(body, size) for name, body, size in elf.notes(self.path) if name == "QEMU"]
        if cpu >= len(bodies) or bodies[cpu][1] < CR3_AT + 8:
            raise UserError(f"{self.path}: has no control registers of CPU {cpu}")
        return struct.unpack_from("<Q", self.data, bodies[cpu][0] + CR3_AT)[0]


def walk(dump, table, level=TOP, base=0):
    """Yield (va, pa, size) of every page that is mapped, ascending."""
    span = PAGE << 9 * level
    for index, entry in enumerate(dump.table(table)):
        if not entry & PRESENT:
            continue
        va = base + index * span
        if level == TOP and index >= 256:
            va |= 0xffff << 48
        if level == 0 or (entry & LARGE and level < TOP):
            yield va, entry & ADDRESS & ~(span - 1), span
        else:
            yield from walk(dump, entry & ADDRESS, level - 1, va)


def ranges(dump, cr3):
    """Return the mapped memory that is in the file, merged where both sides continue."""
    found = []
    for page in walk(dump, cr3 & ADDRESS):
        for part in dump.parts(*page):
            last = found[-1] if found else None
            if last and (last.va + last.size, last.offset + last.size) == (part.va, part.offset):
                last.size += part.size
            else:
                found.append(part)
    return found


def choose(found):
    """Return (the ranges to keep, pages left out): a scattered app may have too many."""
    if len(found) <= MAX_SEGMENTS:
        return found, 0
    kernel = [one for one in found if one.va >= KERNEL_HALF]
    app = sorted((one for one in found if one.va < KERNEL_HALF), key=lambda one: -one.size)
    room = max(0, MAX_SEGMENTS - len(kernel))
    kept = sorted(app[:room], key=lambda one: one.va) + kernel
    return kept, sum(one.size for one in app[room:]) // PAGE


def rewrite(path, cpu):
    """Give the dump at path the addresses that `cpu` sees; return (segments, pages left out)."""
    path.chmod(0o644)  # QEMU makes it for reading only
    with open(path, "r+b") as file:
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            dump = Dump(data, path)
            kept, left_out = choose(ranges(dump, dump.cr3(cpu)))
            note = dump.note
        if not kept or len(kept) + 1 >= elf.PN_XNUM:
            raise UserError(f"{path}: the page tables give {len(kept)} ranges: expected 1 to "
                            f"{elf.PN_XNUM - 2}")
        put_headers(file, note, kept)
    return len(kept), left_out


def put_headers(file, note, kept):
    """Append the new table of program headers and let the ELF header point to it."""
    loads = [elf.Segment(elf.PT_LOAD, READ_WRITE_EXEC, one.offset, one.va, one.pa, one.size,
                         one.size, PAGE) for one in kept]
    table = b"".join(one.pack() for one in (note, *loads))
    place = file.seek(0, os.SEEK_END)
    file.write(bytes(-place % 8) + table)
    file.seek(elf.PHOFF_AT)
    file.write(struct.pack("<Q", place + -place % 8))
    file.seek(elf.PHNUM_AT)
    file.write(struct.pack("<H", len(loads) + 1))
