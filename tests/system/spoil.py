"""Spoils what the boot loader told: a guest that stands at the kernel's first instruction is changed
over its gdbstub, and let go.

The information block is Multiboot 1, as QEMU's -kernel makes it.
"""
import functools
import struct

from machine import elf, rsp

FLAGS, CMDLINE, MMAP_LENGTH, MMAP_ADDR = 0, 16, 44, 48
INFO_SIZE = 116
ENTRY_SIZE = 24  # a size word and 20 bytes
BASE, LENGTH, TYPE = 4, 12, 20
KERNEL_BASE = 0xffffffff80000000
LAST_LINE = b"image scenario=info patch=none\0"
BIOS, BIOS_END = 0xf0000, 0x100000  # where QEMU's firmware has its RSDP
PIECE = 0x1000


def spoil(guest, path, what):
    """Let a halted guest come to the first instruction of the kernel at path, and on, spoilt."""
    target = Target(rsp.Stub(guest.stub, guest.deadline), image_of(path))
    target.spoil(what)
    target.stub.detach()


@functools.cache
def image_of(path):
    return elf.Image(path)


class Target:
    """A guest at its first instruction: its memory, its registers and what the loader told."""

    def __init__(self, stub, image):
        self.stub, self.image = stub, image
        entry = self.physical("boot_entry32")
        stub.insert(entry)
        self.info = stub.resume().rbx & 0xffffffff
        stub.remove(entry)

    def physical(self, symbol):
        return self.image.address(symbol) - KERNEL_BASE

    def read(self, address, code):
        values = struct.unpack(code, self.stub.read(address, struct.calcsize(code)))
        return values if len(values) > 1 else values[0]

    def write(self, address, code, *values):
        self.stub.write(address, struct.pack(code, *values))

    def move(self, start, size, to):
        self.stub.write(to, self.stub.read(start, size))

    def claim(self, base, length):
        """The map's last entry calls this usable."""
        entry = self.read(self.info + MMAP_ADDR, "<I") + self.read(self.info + MMAP_LENGTH, "<I")
        self.write(entry - ENTRY_SIZE + BASE, "<QQI", base, length, 1)

    def nmi_at(self, place):
        self.stub.insert(place)
        self.stub.resume()
        self.stub.remove(place)
        self.stub.change("qRcmd," + b"nmi".hex())  # a command of QEMU's monitor

    def find_rsdp(self):
        for start in range(BIOS, BIOS_END, PIECE):
            piece = self.stub.read(start, PIECE)
            for at in range(0, PIECE, 16):
                if piece.startswith(b"RSD PTR ", at):
                    return start + at
        raise AssertionError("the BIOS area has no RSDP")

    def find_madt(self):
        """Return the MADT's physical address, by the RSDP in the BIOS area."""
        rsdt = self.read(self.find_rsdp() + 16, "<I")
        tables = range(rsdt + 36, rsdt + self.read(rsdt + 4, "<I"), 4)
        found = (self.read(entry, "<I") for entry in tables)
        return next(table for table in found if self.stub.read(table, 4) == b"APIC")

    def entries(self, madt, size):
        at = madt + 44
        while at < madt + size:
            yield at
            at += self.read(at + 1, "<B")

    def spoil_madt(self, what, madt):
        """Damage the MADT; its first entry, at 44, is the boot CPU's local APIC."""
        size = self.read(madt + 4, "<I")
        if what == "madt-absent-cpu":  # a CPU that is not there, for the boot CPU's neighbour
            self.write(madt + 44 + 8, "<BBBBI", 0, 8, 1, 77, 1)
        elif what == "madt-entry":
            self.write(madt + 45, "<B", 0)
        elif what == "madt-checksum":
            self.write(madt + 9, "<B", self.read(madt + 9, "<B") ^ 1)
            return
        elif what == "madt-irq4":  # the override of ISA IRQ 5 becomes one of IRQ 4, to no pin
            at = next(entry for entry in self.entries(madt, size)
                      if self.read(entry, "<HBB") == (0x0a02, 0, 5))
            self.write(at, "<BBBBIH", 2, 10, 0, 4, 200, 0)
        elif what.startswith("madt-lapic-"):
            self.write(madt + 36, "<I", int(what.split("-")[2], 16))
        elif what.startswith("madt-ioapic-"):
            at = next(entry for entry in self.entries(madt, size) if self.read(entry, "<B") == 1)
            self.write(at + 4, "<I", int(what.split("-")[2], 16))
        elif what == "madt-gone":
            self.stub.write(madt, b"XPIC")
        self.write(madt + 9, "<B", 0)
        self.write(madt + 9, "<B", -sum(self.stub.read(madt, size)) & 0xff)

    def spoil(self, what):
        info = self.info
        entry = self.read(info + MMAP_ADDR, "<I")
        if what == "magic":
            self.stub.set_register(rsp.RAX, 0)
        elif what == "no-map":
            self.write(info + FLAGS, "<I", self.read(info + FLAGS, "<I") & ~0x40)
        elif what == "unsorted":
            self.write(entry + ENTRY_SIZE + BASE, "<Q", 1 << 40)
        elif what == "empty-entry":
            self.write(entry + LENGTH, "<Q", 0)
        elif what.startswith("usable-"):  # this much, far up, where nothing is
            self.claim(int(what.split("-")[1], 16), 1 << 20)
        elif what == "nmi-32":  # right after the table that holds a vector for it is loaded
            self.nmi_at(self.physical("boot_checks"))
        elif what == "nmi-64":
            self.nmi_at(self.physical("boot_entry64"))
        elif what == "nmi-late":
            self.nmi_at(self.image.address("boot_info_read"))
        elif what == "few-tables":  # all above the image is taken
            end = (self.physical("_kernel_end") + 0xfff) & ~0xfff
            self.write(entry + 3 * ENTRY_SIZE + LENGTH, "<Q", end + 0x4000 - 0x100000)
        elif what == "no-table-page":
            # Nor does it get one for its page tables from here on: xor %eax, %eax; ret.
            self.stub.write(self.physical("alloc_table_page"), b"\x31\xc0\xc3")
        elif what == "info-in-bss":
            self.move(info, INFO_SIZE, self.physical("boot_pml4"))
            self.stub.set_register(rsp.RBX, self.physical("boot_pml4"))
        elif what == "map-in-bss":
            self.move(entry, self.read(info + MMAP_LENGTH, "<I"), self.physical("boot_info"))
            self.write(info + MMAP_ADDR, "<I", self.physical("boot_info"))
        elif what == "line-at-1-gib":
            self.stub.write((1 << 30) - len(LAST_LINE), LAST_LINE)
            self.write(info + CMDLINE, "<I", (1 << 30) - len(LAST_LINE))
        elif what == "outside":
            self.write(info + MMAP_ADDR, "<I", 0xfffff000)
        elif what.startswith("madt-"):
            self.spoil_madt(what, self.find_madt())
        else:
            raise ValueError(what)
