"""Allocation masks of Linux 2.6.31 to 6.19: which bit means what, and the names that reports print.

Layouts are lists of names by bit, each from the version on that first has it; where a release between two
that were read may have either, the later one is named. Bits that depend on a kernel's configuration
(KASAN, LOCKDEP) follow the text of the report, if it has one. Source: reference eras-masks §1.
"""
from bisect import bisect_right

OLD = ("DMA HIGHMEM DMA32 MOVABLE WAIT HIGH IO FS COLD NOWARN REPEAT NOFAIL NORETRY - COMP ZERO "
       "NOMEMALLOC HARDWALL THISNODE RECLAIMABLE - NOTRACK").split()
MIDDLE = ("DMA HIGHMEM DMA32 MOVABLE RECLAIMABLE HIGH IO FS COLD NOWARN REPEAT NOFAIL NORETRY MEMALLOC "
          "COMP ZERO NOMEMALLOC HARDWALL THISNODE ATOMIC ACCOUNT NOTRACK DIRECT_RECLAIM").split()
NEW = ("DMA HIGHMEM DMA32 MOVABLE RECLAIMABLE HIGH IO FS ZERO ATOMIC DIRECT_RECLAIM KSWAPD_RECLAIM WRITE "
       "NOWARN RETRY_MAYFAIL NOFAIL NORETRY MEMALLOC COMP NOMEMALLOC HARDWALL THISNODE ACCOUNT").split()


def changed(names, **bits):
    """Return names with some of them, b13="MEMALLOC", changed or added."""
    names = list(names)
    for bit, name in bits.items():
        at = int(bit[1:])
        names += ["-"] * (at + 1 - len(names))
        names[at] = name
    return names


def layouts():
    """Return {first version: names by bit}."""
    table = {(2, 6, 31): OLD}
    at = table[(2, 6, 38)] = changed(OLD, b22="NO_KSWAPD")
    at = table[(2, 6, 39)] = changed(at, b23="OTHER_NODE")
    at = table[(3, 3, 0)] = changed(at, b24="WRITE")
    at = table[(3, 6, 0)] = changed(at, b13="MEMALLOC")
    table[(3, 8, 0)] = changed(at, b20="KMEMCG")
    table[(3, 16, 0)] = at
    table[(4, 1, 0)] = changed(at, b20="NOACCOUNT")
    at = changed(MIDDLE, b23="OTHER_NODE", b24="WRITE", b25="KSWAPD_RECLAIM")
    table[(4, 4, 0)] = changed(at, b20="NOACCOUNT")
    table[(4, 5, 0)] = at
    at = table[(4, 10, 0)] = changed(MIDDLE, b23="WRITE", b24="KSWAPD_RECLAIM")
    at = table[(4, 12, 0)] = changed(at, b25="NOLOCKDEP")
    at = table[(4, 13, 0)] = changed(at, b10="RETRY_MAYFAIL")
    at = table[(4, 15, 0)] = changed(at, b8="-", b21="-")
    table[(4, 18, 0)] = changed(at[:22], b8="WRITE", b21="DIRECT_RECLAIM", b22="KSWAPD_RECLAIM",
                                b23="NOLOCKDEP")
    table[(5, 1, 0)] = changed(NEW, b23="NOLOCKDEP")
    table[(5, 14, 0)] = changed(NEW, b23="ZEROTAGS", b24="SKIP_KASAN_POISON", b25="NOLOCKDEP")
    at = table[(5, 19, 0)] = changed(NEW, b23="ZEROTAGS", b24="SKIP_ZERO", b25="SKIP_KASAN_UNPOISON",
                                     b26="SKIP_KASAN_POISON", b27="NOLOCKDEP")
    table[(6, 3, 0)] = changed(at, b9="-")
    at = table[(6, 4, 0)] = changed(NEW, b9="-", b23="ZEROTAGS", b24="SKIP_ZERO", b25="SKIP_KASAN",
                                    b26="NOLOCKDEP")
    table[(6, 10, 0)] = changed(at, b27="NO_OBJ_EXT")
    return table


LAYOUTS = layouts()
SINCE = sorted(LAYOUTS)

RECLAIM = {"DIRECT_RECLAIM", "KSWAPD_RECLAIM"}


def composites(found):
    """Return what the names without underscores stand for, in version `found`."""
    wait = {"WAIT"} if found < (4, 4, 0) else RECLAIM
    soft = set() if found < (4, 4, 0) else {"KSWAPD_RECLAIM"}
    user = wait | {"IO", "FS", "HARDWALL"}
    movable = user | {"HIGHMEM", "MOVABLE"}
    if (5, 14, 0) <= found < (5, 18, 0):
        movable = movable | {"SKIP_KASAN_POISON"}
    huge = (movable - wait) | {"COMP", "NOMEMALLOC", "NOWARN"}
    atomic = {"HIGH"} | soft | ({"ATOMIC"} if (4, 4, 0) <= found < (6, 3, 0) else set())
    return {
        "GFP_NOWAIT": soft | ({"NOWARN"} if found >= (6, 8, 0) else set()),
        "GFP_ATOMIC": atomic, "GFP_NOIO": wait, "GFP_NOFS": wait | {"IO"},
        "GFP_KERNEL": wait | {"IO", "FS"}, "GFP_KERNEL_ACCOUNT": wait | {"IO", "FS", "ACCOUNT"},
        "GFP_TEMPORARY": wait | {"IO", "FS", "RECLAIMABLE"}, "GFP_USER": user,
        "GFP_HIGHUSER": user | {"HIGHMEM"}, "GFP_HIGHUSER_MOVABLE": movable,
        "GFP_TRANSHUGE_LIGHT": huge,
        "GFP_TRANSHUGE": transhuge(huge, found),
        "GFP_DMA": {"DMA"}, "GFP_DMA32": {"DMA32"}, "__GFP_RECLAIM": RECLAIM,
    }


def transhuge(huge, found):
    """Until 4.7 it hardly tries, and wakes nobody."""
    if found >= (4, 8, 0):
        return huge | {"DIRECT_RECLAIM"}
    if found < (4, 4, 0):
        return huge | {"NORETRY", "WAIT", "NO_KSWAPD"}
    return huge | {"NORETRY"} | ({"DIRECT_RECLAIM"} if found < (4, 6, 0) else set())


def layout(found):
    """Return the names by bit of version `found`."""
    return LAYOUTS[SINCE[max(bisect_right(SINCE, found) - 1, 0)]]


def decode(number, found):
    """Return (names, bits without one) of a mask's number in version `found`."""
    names, rest = set(), number
    for bit, name in enumerate(layout(found)):
        if name != "-" and number >> bit & 1:
            names.add(name)
            rest &= ~(1 << bit)
    return names, rest


def encode(names, found):
    """Return the number of a set of names in version `found`; None if one is not there."""
    at = {name: bit for bit, name in enumerate(layout(found))}
    if not names <= at.keys():
        return None
    return sum(1 << at[name] for name in names)


def read(text, found):
    """Return (names, bits in hex, words that are no names) of a mask's text in version `found`."""
    table, names, rest, unknown = composites(found), set(), 0, []
    known = set().union(*LAYOUTS.values())
    for word in text.split("|") if text else ():
        if word in table:
            names |= table[word]
        elif word.startswith("__GFP_") and word[6:] in known:
            names.add(word[6:])
        elif word.startswith("0x") and not word[2:].strip("0123456789abcdef"):
            rest |= int(word, 16)
        else:
            unknown.append(word)
    return names, rest, unknown


def fitting(number, text):
    """Return the versions, each the first of its layout or of its names, in which the text says the number."""
    found = []
    for since in sorted({*SINCE, (4, 6, 0), (4, 8, 0), (5, 18, 0), (6, 8, 0)}):
        names, rest, unknown = read(text, since)
        if not unknown and encode(names, since) is not None and \
                encode(names, since) | rest == number:
            found.append(since)
    return found


def candidates(number):
    """Return the versions, each the first of its layout, in which the number has no unknown bit."""
    return [since for since in SINCE if not decode(number, since)[1]]


def spoken(names, found):
    """Return a set of flags as text, as kernels print it: what stands for many of them first."""
    left, words = set(names), []
    for word, flags in sorted(composites(found).items(), key=lambda one: -len(one[1])):
        if flags and flags <= left and (word.startswith("GFP_") and len(flags) > 1 or word in ("GFP_DMA", "GFP_DMA32")):
            words.append(word)
            left -= flags
    return "|".join(words + [f"__GFP_{name}" for name in layout(found) if name in left])
