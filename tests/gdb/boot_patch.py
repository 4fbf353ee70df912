"""Run inside GDB by the system tests: stops at the kernel's first instruction, spoils what the
boot loader told, and lets the kernel go on. LW_PORT names the stub, LW_SPOIL the damage.

The information block is Multiboot 1, as QEMU's -kernel makes it.
"""
import os
import struct

import gdb

FLAGS, MMAP_LENGTH, MMAP_ADDR = 0, 44, 48
ENTRY_SIZE = 24  # a size word and 20 bytes
BASE, LENGTH = 4, 12


def memory():
    return gdb.selected_inferior()


def read(address, code):
    size = struct.calcsize(code)
    values = struct.unpack(code, bytes(memory().read_memory(address, size)))
    return values if len(values) > 1 else values[0]


def write(address, code, value):
    memory().write_memory(address, struct.pack(code, value))


def find_madt():
    """Return the MADT's physical address, by the RSDP in the BIOS area."""
    for at in range(0xe0000, 0x100000, 16):
        if read(at, "<Q") == int.from_bytes(b"RSD PTR ", "little"):
            break
    rsdt = read(at + 16, "<I")
    for entry in range(rsdt + 36, rsdt + read(rsdt + 4, "<I"), 4):
        if bytes(memory().read_memory(read(entry, "<I"), 4)) == b"APIC":
            return read(entry, "<I")
    raise gdb.GdbError("no MADT")


def entries(madt, size):
    at = madt + 44
    while at < madt + size:
        yield at
        at += read(at + 1, "<B")


def spoil_madt(what, madt):
    """Damage the MADT; its first entry, at 44, is the boot CPU's local APIC."""
    size = read(madt + 4, "<I")
    if what == "madt-absent-cpu":  # a second CPU that is not there, for the boot CPU's neighbour
        second = madt + 44 + 8
        memory().write_memory(second, struct.pack("<BBBBI", 0, 8, 1, 77, 1))
    elif what == "madt-entry":
        write(madt + 45, "<B", 0)
    elif what == "madt-no-cpu":
        write(madt + 48, "<I", 0)
    elif what == "madt-checksum":
        write(madt + 9, "<B", read(madt + 9, "<B") ^ 1)
        return
    elif what == "madt-irq4":  # the override of ISA IRQ 5 becomes one of IRQ 4, to no pin
        at = next(entry for entry in entries(madt, size) if read(entry, "<HBB") == (0x0a02, 0, 5))
        memory().write_memory(at, struct.pack("<BBBBIH", 2, 10, 0, 4, 200, 0))
    elif what == "madt-gone":
        memory().write_memory(madt, b"XPIC")
    write(madt + 9, "<B", 0)
    total = sum(bytes(memory().read_memory(madt, size)))
    write(madt + 9, "<B", -total & 0xff)


def spoil(what, info):
    entry = read(info + MMAP_ADDR, "<I")
    if what == "magic":
        gdb.execute("set $rax = 0")
    elif what == "no-map":
        write(info + FLAGS, "<I", read(info + FLAGS, "<I") & ~0x40)
    elif what == "empty-map":
        write(info + MMAP_LENGTH, "<I", 0)
    elif what == "truncated":
        write(info + MMAP_LENGTH, "<I", ENTRY_SIZE + 10)
    elif what == "entry-size":
        write(entry, "<I", 5000)
    elif what == "unsorted":
        write(entry + ENTRY_SIZE + BASE, "<Q", 1 << 40)
    elif what == "overlap":
        write(entry + LENGTH, "<Q", 1 << 30)
    elif what == "empty-entry":
        write(entry + LENGTH, "<Q", 0)
    elif what == "beyond":
        write(entry + 3 * ENTRY_SIZE + LENGTH, "<Q", 1 << 60)
    elif what == "outside":
        write(info + MMAP_ADDR, "<I", 0xfffff000)
    elif what.startswith("madt-"):
        spoil_madt(what, find_madt())
    else:
        raise gdb.GdbError(f"LW_SPOIL={what}: unknown")


gdb.execute("set pagination off")
gdb.execute("set confirm off")
gdb.execute(f"target remote 127.0.0.1:{os.environ['LW_PORT']}")
gdb.execute("hbreak *(boot_entry32 - 0xffffffff80000000)")
gdb.execute("continue")
spoil(os.environ["LW_SPOIL"], int(gdb.parse_and_eval("$rbx")) & 0xffffffff)
gdb.execute("delete")
gdb.execute("continue")
