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
    return struct.unpack(code, bytes(memory().read_memory(address, size)))[0]


def write(address, code, value):
    memory().write_memory(address, struct.pack(code, value))


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
