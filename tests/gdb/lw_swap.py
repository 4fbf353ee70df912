"""lw-swap: areas of swap, and what one slot holds."""
import gdb

import lw_index
from lw_read import Command, Trouble, cache, chars, length, symbol, word
from lw_zones import Machine

TYPE_SHIFT = 57  # of an entry: above it the area's number, below it the slot
CACHED, BAD, SHMEM = 0x40, 0x3f, 0xbf  # of a slot's byte (mm/swap/swap_area.h)
PAGE_SHIFT, PAGE_STRUCT = 12, 64
WORD = 8
NO_CLUSTER = 0xffffffff
COLUMNS = ("prio", "pages", "used", "cached", "lowest", "highest", "next")


class Swap(Command):
    """Areas of swap: slots, used ones, pages in the swap cache, hints, where the next slot is.

With an area's name and a slot: the slot's byte, and its page in the swap cache.
lw-swap [AREA SLOT], such as lw-swap card 123"""

    name, usage, limits = "lw-swap", "[AREA SLOT]", (0, 2)

    def run(self, argv):
        machine = Machine()
        if len(argv) == 1:
            raise Trouble(f"expected `{self.name} {self.usage}`")
        if argv:
            show_slot(machine, pick(machine, argv[0]), argv[1])
            return
        for line in overview(machine):
            print(line)


def areas(machine):
    """Return [(type, area)] of all that there are."""
    table = machine.value["swap"]["area"]
    return [(kind, table[kind].dereference()) for kind in range(length(table)) if int(table[kind])]


def pick(machine, name):
    found = [one for one in areas(machine) if chars(one[1]["dev"]["name"]) == name.removeprefix("/dev/")]
    if not found:
        names = ", ".join(chars(area["dev"]["name"]) for _, area in areas(machine))
        raise Trouble(f"area {name!r}: expected {f'one of {names}' if names else 'one, but there is none'}")
    return found[0]


def overview(machine):
    """Yield a row for each area, and what is of all of them."""
    state = machine.value["swap"]
    yield f"{'area':<10}" + "".join(f"{name:>9}" for name in COLUMNS)
    for _, area in areas(machine):
        row = (area["prio"], area["pages"], area["inuse"], area["tree"]["entries"], area["lowest_bit"],
               area["highest_bit"], area["cluster_next"])
        yield f"{chars(area['dev']['name']):<10}" + "".join(f"{int(number):>9}" for number in row)
        yield f"  {places(area)}"
    yield (f"{int(machine.value['total_swap_pages'])} slots, {int(state['nr_swap_pages'])} free; "
           f"swap cache: {int(state['cached'])} pages, add {int(state['added'])}, delete "
           f"{int(state['deleted'])}, find {int(state['find_success'])}/{int(state['find_total'])}")


def places(area):
    """Where new slots are taken: in runs on a disk that rotates, else from each CPU's cluster."""
    state = "" if area["writable"] else "being emptied; "
    if not int(area["cluster"]):
        return f"{state}rotates: {int(area['cluster_nr'])} more slots of this run"
    here = []
    for cpu in range(int(symbol("nr_cpus"))):
        cluster, slot = int(area["here"][cpu]["cluster"]), int(area["here"][cpu]["next"])
        here.append(f"CPU {cpu}: " + ("no cluster" if cluster == NO_CLUSTER else f"slot {slot} of cluster {cluster}"))
    return f"{state}{free_clusters(area)} free clusters; next " + ", ".join(here)


def free_clusters(area):
    """Count along the list of free clusters."""
    at, last, count = int(area["free_head"]), int(area["free_tail"]), 0
    while at != NO_CLUSTER:
        count += 1
        if at == last:
            break
        if count > int(area["max"]):
            raise Trouble("the list of free clusters has no end; the guest may be changing it at this stop")
        at = int(area["cluster"][at]["next"])
    return count


def show_slot(machine, found, text):
    kind, area = found
    slot = number(text, int(area["max"]))
    value = byte(area, slot)
    print(f"slot {slot} of {chars(area['dev']['name'])}: byte {value:#04x}: {meaning(value)}")
    page = lw_index.entry(area["tree"], kind << TYPE_SHIFT | slot)
    if page:
        pfn = (page - int(machine.value["mem_map"])) // PAGE_STRUCT
        print(f"  page frame {pfn} ({pfn:#x}) in the swap cache; lw-page {pfn} tells more")
    elif value & CACHED and value != SHMEM:
        print("  no page in the swap cache: one is about to come, or to go, at this stop")


def number(text, limit):
    try:
        slot = int(gdb.parse_and_eval(text))
    except (gdb.error, OverflowError, ValueError):
        slot = 0
    if not 1 <= slot < limit:
        raise Trouble(f"{text!r}: expected a slot from 1 to {limit - 1}")
    return slot


def byte(area, slot):
    page = word(int(area["map"]) + (slot >> PAGE_SHIFT) * WORD)
    return cache.read(page + (slot & (1 << PAGE_SHIFT) - 1), 1)[0]


def meaning(value):
    if value == BAD:
        return "cannot be used"
    if value | CACHED == SHMEM | CACHED:
        return "shmem's" + (", the swap cache has it" if value & CACHED else "")
    count = value & ~CACHED
    tables = f"{count} table{'' if count == 1 else 's'} name{'s' if count == 1 else ''} it" if count else ""
    return ", ".join(filter(None, (tables, "the swap cache has it" if value & CACHED else ""))) or "free"


def entry_text(machine, entry):
    """Return what an entry names, and its slot's byte."""
    kind, slot = entry >> TYPE_SHIFT, entry & (1 << TYPE_SHIFT) - 1
    area = dict(areas(machine)).get(kind)
    if area is None or slot >= int(area["max"]):
        return f"entry {entry:#x}, which is no area's"
    value = byte(area, slot)
    return f"slot {slot} of {chars(area['dev']['name'])}, byte {value:#04x}: {meaning(value)}"


COMMANDS = (Swap,)
