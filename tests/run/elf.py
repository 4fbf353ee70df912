"""The few parts of ELF64 that are needed here: symbols, program headers and notes."""
import struct
from dataclasses import dataclass

from options import UserError

HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
PROGRAM = struct.Struct("<IIQQQQQQ")
SECTION = struct.Struct("<IIQQQQIIQQ")
SYMBOL = struct.Struct("<IBBHQQ")
NOTE = struct.Struct("<III")

PT_LOAD, PT_NOTE = 1, 4
SHT_SYMTAB = 2
PN_XNUM = 0xffff  # the count of program headers does not fit its field
PHOFF_AT, PHNUM_AT = 32, 56  # where the ELF header holds the table's place and its length


@dataclass(frozen=True)
class Segment:
    """One program header."""

    kind: int
    flags: int
    offset: int
    vaddr: int
    paddr: int
    filesz: int
    memsz: int
    align: int

    def pack(self):
        return PROGRAM.pack(self.kind, self.flags, self.offset, self.vaddr, self.paddr,
                            self.filesz, self.memsz, self.align)


def header(data, path):
    """Return the ELF header's fields, or raise UserError when data is no 64-bit ELF file."""
    if len(data) < HEADER.size or bytes(data[:5]) != b"\x7fELF\x02":
        raise UserError(f"{path}: expected a 64-bit ELF file")
    return HEADER.unpack_from(data)


def segments(data, path):
    """Return the program headers; the count may be held by section 0 when it is large."""
    fields = header(data, path)
    phoff, shoff, count = fields[5], fields[6], fields[10]
    if count == PN_XNUM:
        count = SECTION.unpack_from(data, shoff)[7]
    return [Segment(kind, flags, *rest) for kind, flags, *rest in
            (PROGRAM.unpack_from(data, phoff + i * PROGRAM.size) for i in range(count))]


def notes(data, segment):
    """Yield (name, type, offset of its contents, their length) of each note."""
    place, end = segment.offset, segment.offset + segment.filesz
    while place + NOTE.size <= end:
        name_len, size, kind = NOTE.unpack_from(data, place)
        name_at = place + NOTE.size
        body = name_at + round_up(name_len)
        yield bytes(data[name_at:name_at + name_len]).rstrip(b"\0").decode(), kind, body, size
        place = body + round_up(size)


def round_up(size):
    return (size + 3) & ~3


def symbols(path):
    """Return the addresses of an ELF file's symbols by name."""
    data = path.read_bytes()
    fields = header(data, path)
    shoff, count = fields[6], fields[12]
    table = [SECTION.unpack_from(data, shoff + i * SECTION.size) for i in range(count)]
    found = {}
    for section in table:
        if section[1] == SHT_SYMTAB:
            found |= section_symbols(data, section, table[section[6]])
    return found


def section_symbols(data, section, strings):
    offset, size = section[4], section[5]
    found = {}
    for place in range(offset, offset + size, SYMBOL.size):
        name, _, _, _, value, _ = SYMBOL.unpack_from(data, place)
        start = strings[4] + name
        found[data[start:data.index(b"\0", start)].decode()] = value
    return found


def function(table, name, path):
    """Return a function's address; a compiler may have put a suffix to a static one's name."""
    if name in table:
        return table[name]
    for other, address in table.items():
        if other.startswith(name + ".") and not other.endswith(".cold"):
            return address
    raise UserError(f"{path}: has no function {name}; it is needed as a place to stop at")
