"""Run inside GDB by the system tests: stops at the kernel's first instruction, spoils what the
boot loader told, and lets the kernel go on. LW_PORT names the stub, LW_SPOIL the damage.

The information block is Multiboot 1, as QEMU's -kernel makes it.
"""
import os
import struct

import gdb

FLAGS, CMDLINE, MMAP_LENGTH, MMAP_ADDR = 0, 16, 44, 48
INFO_SIZE = 116
ENTRY_SIZE = 24  # a size word and 20 bytes
BASE, LENGTH, TYPE = 4, 12, 20
KERNEL_BASE = 0xffffffff80000000
LAST_LINE = b"image scenario=info patch=none\0"


def memory():
    return gdb.selected_inferior()


def read(address, code):
    size = struct.calcsize(code)
    values = struct.unpack(code, bytes(memory().read_memory(address, size)))
    return values if len(values) > 1 else values[0]


def write(address, code, *values):
    memory().write_memory(address, struct.pack(code, *values))


def physical(symbol):
    return int(gdb.parse_and_eval(f"(unsigned long)&{symbol}")) - KERNEL_BASE


def last_entry(info):
    return read(info + MMAP_ADDR, "<I") + read(info + MMAP_LENGTH, "<I") - ENTRY_SIZE


def claim(info, base, length):
    """The map's last entry calls this usable."""
    entry = last_entry(info)
    write(entry + BASE, "<QQI", base, length, 1)


def move(start, size, to):
    memory().write_memory(to, bytes(memory().read_memory(start, size)))


def no_table_page():
    """From the start on the kernel gets no page for its page tables: xor %eax, %eax; ret."""
    memory().write_memory(physical("alloc_table_page"), b"\x31\xc0\xc3")


def nmi_at(place):
    gdb.execute(f"hbreak *({place})")
    gdb.execute("continue")
    gdb.execute("monitor nmi")


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
    elif what.startswith("madt-lapic-"):
        write(madt + 36, "<I", int(what.split("-")[2], 16))
    elif what.startswith("madt-ioapic-"):
        at = next(entry for entry in entries(madt, size) if read(entry, "<B") == 1)
        write(at + 4, "<I", int(what.split("-")[2], 16))
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
    elif what.startswith("usable-"):  # this much, far up, where nothing is
        claim(info, int(what.split("-")[1], 16), 1 << 20)
    elif what == "nmi-32":  # right after the table that holds a vector for it is loaded
        nmi_at(physical("boot_checks"))
    elif what == "nmi-64":
        nmi_at(physical("boot_entry64"))
    elif what == "nmi-late":
        nmi_at("&boot_info_read")
    elif what == "few-tables":  # all above the image is taken
        end = (physical("_kernel_end") + 0xfff) & ~0xfff
        write(entry + 3 * ENTRY_SIZE + LENGTH, "<Q", end + 0x4000 - 0x100000)
    elif what == "no-table-page":
        no_table_page()
    elif what == "info-in-bss":
        move(info, INFO_SIZE, physical("boot_pml4"))
        gdb.execute(f"set $rbx = {physical('boot_pml4')}")
    elif what == "map-in-bss":
        move(entry, read(info + MMAP_LENGTH, "<I"), physical("boot_info"))
        write(info + MMAP_ADDR, "<I", physical("boot_info"))
    elif what == "line-at-1-gib":
        memory().write_memory((1 << 30) - len(LAST_LINE), LAST_LINE)
        write(info + CMDLINE, "<I", (1 << 30) - len(LAST_LINE))
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
