#!/usr/bin/python3
"""Writes the kernel's symbol table as assembly, from `nm -n` of the linked image.

Functions only: their addresses as offsets from KERNEL_BASE, ascending, and their names. The
last entry is the end of the text; it ends the function before it and is never looked up.
"""
import subprocess
import sys

KERNEL_BASE = 0xffffffff80000000


def functions(elf):
    lines = subprocess.run(["nm", "-n", elf], check=True, capture_output=True,
                           text=True).stdout.splitlines()
    found = {}
    end = None
    for line in lines:
        address, kind, name = line.split()[-3:] if len(line.split()) == 3 else (None,) * 3
        if name == "_etext":
            end = int(address, 16)
        if kind in ("t", "T", "W", "w") and name != "_etext" and not name.startswith("."):
            found[int(address, 16)] = name
    return [(a, n) for a, n in sorted(found.items()) if end is None or a < end] + [(end, "")]


def main():
    table = functions(sys.argv[1])
    out = ['\t.section .ksyms, "a"', "\t.balign 8"]
    out += ["\t.globl ksyms_count, ksyms_addr, ksyms_name, ksyms_text",
            f"ksyms_count:\n\t.long {len(table)}", "ksyms_addr:"]
    out += [f"\t.long {address - KERNEL_BASE:#x}" for address, _ in table]
    out.append("ksyms_name:")
    offset = 0
    for _, name in table:
        out.append(f"\t.long {offset}")
        offset += len(name) + 1
    out.append("ksyms_text:")
    out += [f'\t.asciz "{name}"' for _, name in table]
    out.append('\t.section .note.GNU-stack, "", @progbits')
    print("\n".join(out))


if __name__ == "__main__":
    main()
