"""The language of DEVICES, and of .devices of a scenario: what a machine has besides memory and CPUs.

Words between blanks: disk=MIB[:zero|pattern|ext4|ext2][:ro][:legacy|modern], as often as there shall be
disks, balloon[=deflate][:legacy|modern], card=MIB; or none alone. What the words mean to the emulator is in
machine/slots.py, and what is on a disk in machine/disks.py and machine/images.py.
"""
import re
from dataclasses import dataclass

from nearest import hint

NONE = "none"  # no device, also where the scenario declares some
MAX_DISKS = 8
MAX_DISK_MIB = 65536  # of all disks
MAX_PATTERN_MIB = 1024  # of all disks with a pattern, which is written for each run
FILE_SYSTEMS = ("ext4", "ext2")
MIN_FILES_MIB = 32  # of a disk with a file system: its files, and room for what tells where they lie
MAX_FILES_MIB = 1024  # of all of them, which are made for each run
MAX_CARD_MIB = 4096
DEFLATE = "deflate"
TRANSPORTS = ("legacy", "modern")
MARKS = {  # in the order in which they are written; of each group one at most
    "disk": (("zero", "pattern", *FILE_SYSTEMS), ("ro",), TRANSPORTS),
    "balloon": (TRANSPORTS,),
    "card": (),
}
USUAL = "zero"  # a mark that need not be said
FORMS = "disk=MIB[:zero|pattern|ext4|ext2][:ro][:legacy|modern], balloon[=deflate][:legacy|modern], card=MIB or none"


class Wrong(Exception):
    """A mistake in the words; its text is a part of a line."""


@dataclass(frozen=True)
class Device:
    """One device. A balloon has no size; `deflate` says that it gives back before a kill."""

    kind: str
    mib: int = 0
    deflate: bool = False
    marks: tuple = ()

    @property
    def word(self):
        value = f"={self.mib}" if self.mib else f"={DEFLATE}" if self.deflate else ""
        return ":".join((self.kind + value, *self.marks))


def parse(text):
    """Return the devices of a text: disks first, in their order, then balloon, then card."""
    words = text.split()
    if words == [NONE]:
        return ()
    if NONE in words:
        raise Wrong(f"{NONE} stands beside other words; expected it alone")
    found = sorted(map(device, words), key=lambda one: list(MARKS).index(one.kind))
    check_numbers(found)
    return tuple(found)


def canonical(text):
    """Return the one text of those devices; an empty one is none."""
    return " ".join(one.word for one in parse(text)) or NONE


def device(word):
    head, *marks = word.split(":")
    kind, equals, value = head.partition("=")
    if kind not in MARKS:
        raise Wrong(f"no device is named {kind}{hint(kind, [*MARKS, NONE])}; expected {FORMS}")
    ordered = in_order(kind, marks, word)
    if kind == "balloon":
        if equals and value != DEFLATE:
            raise Wrong(f"{word}; expected balloon or balloon={DEFLATE}")
        return Device(kind, deflate=bool(equals), marks=ordered)
    most = MAX_CARD_MIB if kind == "card" else MAX_DISK_MIB
    if not (re.fullmatch("[0-9]{1,9}", value, re.ASCII) and 1 <= int(value) <= most):
        raise Wrong(f"{word}; expected {kind}=MIB, 1 to {most}")
    if set(ordered) & set(FILE_SYSTEMS) and int(value) < MIN_FILES_MIB:
        raise Wrong(f"{word}; expected {MIN_FILES_MIB} MiB at least, for a file system with its files")
    if kind == "card" and int(value) & (int(value) - 1):
        near = 1 << int(value).bit_length()
        raise Wrong(f"{word}; expected a power of two, as the memory of a PCI card is: {near // 2} or {near}")
    return Device(kind, int(value), marks=ordered)


def in_order(kind, marks, word):
    """Return a device's marks in the order of their groups, without the usual one."""
    groups = MARKS[kind]
    known = [mark for group in groups for mark in group]
    for mark in marks:
        if mark not in known:
            raise Wrong(f"{word}: {kind} has no {mark}{hint(mark, known)}; expected "
                        f"{' or '.join(known) or 'nothing behind the size'}")
    for group in groups:
        if sum(marks.count(mark) for mark in group) > 1:
            raise Wrong(f"{word}: expected {' or '.join(group)} once")
    return tuple(mark for mark in known if mark in marks and mark != USUAL)


def check_numbers(found):
    """There is room for so many, and no more."""
    for kind in MARKS:
        count, most = sum(one.kind == kind for one in found), MAX_DISKS if kind == "disk" else 1
        if count > most:
            raise Wrong(f"{count} of {kind}; expected at most {most}")
    for what, most, some in (
            ("MiB of disks", MAX_DISK_MIB, [one for one in found if one.kind == "disk"]),
            ("MiB of disks with a pattern", MAX_PATTERN_MIB, [one for one in found if "pattern" in one.marks]),
            ("MiB of disks with files", MAX_FILES_MIB, [one for one in found if set(FILE_SYSTEMS) & set(one.marks)])):
        total = sum(one.mib for one in some)
        if total > most:
            raise Wrong(f"{total} {what}; expected at most {most}")
