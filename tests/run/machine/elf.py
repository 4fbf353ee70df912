"""The few parts of ELF64 that are needed here: symbols, calls, program headers and notes."""
import struct
from dataclasses import dataclass

from options import UserError

HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
PROGRAM = struct.Struct("<IIQQQQQQ")
SECTION = struct.Struct("<IIQQQQIIQQ")
SYMBOL = struct.Struct("<IBBHQQ")
NOTE = struct.Struct("<III")

PT_LOAD, PT_NOTE = 1, 4
SHT_SYMTAB, SHT_NOTE = 2, 7
NT_GNU_BUILD_ID = 3
SHF_EXECINSTR = 4
CALL, CALL_SIZE = b"\xe8", 5
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


def build_id(path):
    """Return the identity that the linker gave an executable, in hexadecimal; None if it has none."""
    data = path.read_bytes()
    try:
        fields = header(data, path)
    except UserError:
        return None
    for at in range(fields[6], fields[6] + fields[12] * SECTION.size, SECTION.size):
        _, kind, _, address, offset, size, *_ = SECTION.unpack_from(data, at)
        if kind != SHT_NOTE:
            continue
        for name, number, body, extent in notes(data, Segment(PT_NOTE, 0, offset, address, 0, size,
                                                              size, 4)):
            if (name, number) == ("GNU", NT_GNU_BUILD_ID):
                return data[body:body + extent].hex()
    return None


class Image:
    """An executable: its symbols as {name: (address, size)} and its code."""

    def __init__(self, path):
        self.path = path
        self.data = path.read_bytes()
        fields = header(self.data, path)
        shoff, count = fields[6], fields[12]
        self.sections = [SECTION.unpack_from(self.data, shoff + i * SECTION.size)
                         for i in range(count)]
        self.symbols = {}
        for section in self.sections:
            if section[1] == SHT_SYMTAB:
                self.symbols |= section_symbols(self.data, section, self.sections[section[6]])

    def function(self, name):
        """Return (address, size); a compiler may have put a suffix to a static one's name."""
        if name in self.symbols:
            return self.symbols[name]
        for other, found in self.symbols.items():
            if other.startswith(name + ".") and not other.endswith(".cold"):
                return found
        raise UserError(f"{self.path}: has no function {name}; it is needed as a place to stop at")

    def address(self, name):
        return self.function(name)[0]

    def returns(self, name):
        """Return the addresses behind each call of a function from outside its own code."""
        target, size = self.function(name)
        found = [at for section in self.sections if section[2] & SHF_EXECINSTR
                 for at in self.calls(section, target)]
        return [at for at in found if not target <= at <= target + size]

    def calls(self, section, target):
        """Yield the address behind every `call target` of a section."""
        base, start, end = section[3], section[4], section[4] + section[5]
        at = self.data.find(CALL, start, end)
        while at >= 0:
            after = base + at + CALL_SIZE - start
            distance = int.from_bytes(self.data[at + 1:at + CALL_SIZE], "little", signed=True)
            if after + distance == target:
                yield after
            at = self.data.find(CALL, at + 1, end)


def section_symbols(data, section, strings):
    offset, size = section[4], section[5]
    found = {}
    for place in range(offset, offset + size, SYMBOL.size):
        name, _, _, _, value, extent = SYMBOL.unpack_from(data, place)
        start = strings[4] + name
        found[data[start:data.index(b"\0", start)].decode()] = (value, extent)
    return found
