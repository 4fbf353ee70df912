"""Allocation masks of Linux 4.8: their names, as it prints them with %pGg, and their zones.

Greedy, in the kernel's order: an entry is printed when all its bits are still unnamed. Bits have
moved with almost every release, so a mask of another one is a number and nothing more.
"""
import re

KNOWN = re.compile(r"4\.8\.\d")

# By the four zone bits; a machine without HighMem has Normal for it.
HIGHEST_ZONE = {0x0: "Normal", 0x1: "DMA", 0x2: "HighMem", 0x4: "DMA32", 0x8: "Normal",
                0x9: "DMA", 0xA: "Movable", 0xC: "DMA32"}

NAMES = (
    ("GFP_TRANSHUGE", 0x4342CA),
    ("GFP_TRANSHUGE_LIGHT", 0x342CA),
    ("GFP_HIGHUSER_MOVABLE", 0x24200CA),
    ("GFP_HIGHUSER", 0x24200C2),
    ("GFP_USER", 0x24200C0),
    ("GFP_TEMPORARY", 0x24000D0),
    ("GFP_KERNEL_ACCOUNT", 0x25000C0),
    ("GFP_KERNEL", 0x24000C0),
    ("GFP_NOFS", 0x2400040),
    ("GFP_ATOMIC", 0x2080020),
    ("GFP_NOIO", 0x2400000),
    ("GFP_NOWAIT", 0x2000000),
    ("GFP_DMA", 0x1),
    ("__GFP_HIGHMEM", 0x2),
    ("GFP_DMA32", 0x4),
    ("__GFP_HIGH", 0x20),
    ("__GFP_ATOMIC", 0x80000),
    ("__GFP_IO", 0x40),
    ("__GFP_FS", 0x80),
    ("__GFP_COLD", 0x100),
    ("__GFP_NOWARN", 0x200),
    ("__GFP_REPEAT", 0x400),
    ("__GFP_NOFAIL", 0x800),
    ("__GFP_NORETRY", 0x1000),
    ("__GFP_COMP", 0x4000),
    ("__GFP_ZERO", 0x8000),
    ("__GFP_NOMEMALLOC", 0x10000),
    ("__GFP_MEMALLOC", 0x2000),
    ("__GFP_HARDWALL", 0x20000),
    ("__GFP_THISNODE", 0x40000),
    ("__GFP_RECLAIMABLE", 0x10),
    ("__GFP_MOVABLE", 0x8),
    ("__GFP_ACCOUNT", 0x100000),
    ("__GFP_NOTRACK", 0x200000),
    ("__GFP_WRITE", 0x1000000),
    ("__GFP_RECLAIM", 0x2400000),
    ("__GFP_DIRECT_RECLAIM", 0x400000),
    ("__GFP_KSWAPD_RECLAIM", 0x2000000),
    ("__GFP_OTHER_NODE", 0x800000),
)


def decode(mask):
    """Return the text of a mask; bits without a name come last, in hex."""
    words = []
    for name, bits in NAMES:
        if mask & bits == bits:
            words.append(name)
            mask &= ~bits
    if mask:
        words.append(hex(mask))
    return "|".join(words)


def known(release):
    """Are masks of this kernel release (None: unknown) made of the bits that are named here?"""
    return release is not None and KNOWN.match(release) is not None


def highest_zone(mask):
    """Return the highest zone that a mask allows (reference 1.4), None for bits that exclude."""
    return HIGHEST_ZONE.get(mask & 0xF)
