"""ELF files, as pyelftools reads them: symbols, calls, program headers, notes, the build's identity.

It takes longer to load than a short run, so it is loaded where a file is read.
"""
import contextlib
import struct
from dataclasses import dataclass

from options import UserError

PROGRAM = struct.Struct("<IIQQQQQQ")

PT_LOAD, PT_NOTE = "PT_LOAD", "PT_NOTE"
KINDS = {PT_LOAD: 1, PT_NOTE: 4}
CALL, CALL_SIZE = b"\xe8", 5
NOTE_HEAD = 12  # three words before the name
PN_XNUM = 0xffff  # the count of program headers does not fit its field
PHOFF_AT, PHNUM_AT = 32, 56  # where the ELF header holds the table's place and its length


@dataclass(frozen=True)
class Segment:
    """One program header."""

    kind: str
    flags: int
    offset: int
    vaddr: int
    paddr: int
    filesz: int
    memsz: int
    align: int

    def pack(self):
        return PROGRAM.pack(KINDS[self.kind], self.flags, self.offset, self.vaddr, self.paddr,
                            self.filesz, self.memsz, self.align)


@contextlib.contextmanager
def reading(path):
    """Yield the file as pyelftools has it; a UserError when it is no whole 64-bit ELF file."""
    # pylint: disable=import-outside-toplevel
    from elftools.elf.elffile import ELFFile
    with open(path, "rb") as stream:
        try:
            file = ELFFile(stream)
            if file.elfclass != 64:
                raise ValueError("32 bits")
            yield file
        except Exception as error:  # pylint: disable=broad-except
            # What is torn shows in as many ways as there are things to read.
            raise UserError(f"{path}: expected a whole 64-bit ELF file") from error


def segments(path):
    """Return the program headers."""
    with reading(path) as file:
        return [Segment(one["p_type"], *(one[f"p_{name}"] for name in (
            "flags", "offset", "vaddr", "paddr", "filesz", "memsz", "align")))
            for one in file.iter_segments()]


def notes(path):
    """Return (name, offset of its contents, their length) of each note of a core."""
    with reading(path) as file:
        return [(note["n_name"], note["n_offset"] + NOTE_HEAD + round_up(note["n_namesz"]),
                 note["n_descsz"]) for segment in file.iter_segments(PT_NOTE)
                for note in segment.iter_notes()]


def round_up(size):
    return (size + 3) & ~3


def build_id(path):
    """Return the identity that the linker gave an executable, in hexadecimal; None if it has none."""
    with contextlib.suppress(UserError), reading(path) as file:
        for section in file.iter_sections("SHT_NOTE"):
            for note in section.iter_notes():
                if note["n_type"] == "NT_GNU_BUILD_ID":
                    return note["n_desc"]
    return None


class Image:
    """An executable: its symbols as {name: (address, size)} and its code."""

    def __init__(self, path):
        self.path = path
        with reading(path) as file:
            table = file.get_section_by_name(".symtab")
            self.symbols = {one.name: (one["st_value"], one["st_size"])
                            for one in (table.iter_symbols() if table else ())}
            self.code = [(section["sh_addr"], section.data()) for section in file.iter_sections()
                         if section["sh_flags"] & 4]  # SHF_EXECINSTR
            self.loaded = [(segment["p_vaddr"], segment.data())
                           for segment in file.iter_segments(PT_LOAD)]

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

    def read(self, address, size):
        """Return what the file holds for an address."""
        for start, data in self.loaded:
            if start <= address <= start + len(data) - size:
                return data[address - start:address - start + size]
        raise UserError(f"{self.path}: holds nothing for {address:#x}")

    def returns(self, name):
        """Return the addresses behind each call of a function from outside its own code."""
        target, size = self.function(name)
        found = [at for base, code in self.code for at in calls(base, code, target)]
        return [at for at in found if not target <= at <= target + size]


def calls(base, code, target):
    """Yield the address behind every `call target` of a section's code."""
    at = code.find(CALL)
    while at >= 0:
        after = base + at + CALL_SIZE
        distance = int.from_bytes(code[at + 1:at + CALL_SIZE], "little", signed=True)
        if after + distance == target:
            yield after
        at = code.find(CALL, at + 1)
