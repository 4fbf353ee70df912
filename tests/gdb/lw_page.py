"""lw-page: what one page frame is, from its struct page and the lists around it."""
import gdb

from lw_read import Command, Trouble, entries, nodes, offset, word, length
from lw_zones import Machine

PG_BUDDY, PG_SLAB = 1, 0x10
FROM_RESERVES = 0x7265736572766573
PAGE_SHIFT = 12
ANON = 1  # of mapping: the rest is an anon_vma (mm/space/anon_vma.h)
MAX_TASKS = 1 << 16


class Page(Command):
    """One page frame: state, zone, pageblock type, list, owner. lw-page PFN

PFN is a number or any expression, such as 0x1000 or ($rax >> 12)."""

    name, usage, limits = "lw-page", "PFN", (1, 64)

    def run(self, argv):
        machine = Machine()
        pfn = number(" ".join(argv), machine.max_pfn)
        page = Frame(machine, pfn)
        print(f"page frame {pfn} ({pfn:#x}), struct page at {page.address:#x}, "
              f"direct map {int(machine.value['virt_base']) + (pfn << PAGE_SHIFT):#x}")
        print(f"  {page.where()}")
        print(f"  {page.state()}")
        print(f"  flags {page['flags']:#x}, refcount {page['refcount']}, "
              f"mapcount {page['mapcount']}, order {page['order']}{page.place()}")
        if page["refcount"] > 0 and page["mapping"]:
            print(f"  {use(page['flags'], page['mapping'], page['mapcount'] > 0)}")


def number(text, limit):
    """Return the page frame number that text stands for, or raise Trouble."""
    try:
        pfn = int(gdb.parse_and_eval(text))
    except (gdb.error, OverflowError, ValueError):
        pfn = -1
    if not 0 <= pfn < limit:
        raise Trouble(f"{text!r}: expected a page frame number from 0 to {limit - 1}")
    return pfn


class Frame:
    """One struct page with the machine around it."""

    def __init__(self, machine, pfn):
        self.machine = machine
        self.pfn = pfn
        kind = gdb.lookup_type("struct page")
        self.address = int(machine.value["mem_map"]) + pfn * kind.sizeof
        self.zone = next((zone for zone in machine.zones if zone.start <= pfn < zone.end), None)
        try:
            self.value = gdb.Value(self.address).cast(kind.pointer()).dereference()
            self.value.fetch_lazy()
        except gdb.MemoryError:
            raise Trouble(f"page frame {pfn} lies in a hole: it has no struct page") from None

    def __getitem__(self, field):
        return int(self.value[field])

    def node(self):
        return self.address + offset("page", "lru")

    def where(self):
        if not self.zone:
            return "in no zone"
        first, types = self.zone.block_types(self.machine)
        order = self.machine.block_order
        index = (self.pfn - first) >> order
        start = first + (index << order)
        kind = types[index]
        return (f"zone {self.zone.name}, pageblock {start} to {start + (1 << order) - 1} of type "
                f"{self.machine.letter(kind)} ({self.machine.type_name(kind)})")

    def state(self):
        """Return the page's state, and the list it is on."""
        if self["flags"] & PG_BUDDY:
            return f"free: head of a block of order {self['order']}, on {self.free_list()}"
        if self["refcount"] > 0:
            return f"allocated: first page of an allocation of order {self['order']}"
        return self.pcp_list() or self.inside() or self.other()

    def inside(self):
        """Return what larger block this page lies in, or None."""
        head = self.around(lambda page: page["flags"] & PG_BUDDY)
        if head:
            return f"free: inside the block of order {head['order']} at page frame {head.pfn}"
        head = self.around(lambda page: page["refcount"] > 0)
        if head:
            return (f"allocated: inside the allocation of order {head['order']} at page frame "
                    f"{head.pfn}")
        return None

    def around(self, test):
        """Return the head, of those that pass the test, whose block covers this page."""
        for order in range(1, len(self.zone.orders()) if self.zone else 0):
            start = self.pfn & ~((1 << order) - 1)
            if start == self.pfn or start < self.zone.start:
                continue
            head = Frame(self.machine, start)
            if test(head) and start + (1 << head["order"]) > self.pfn:
                return head
        return None

    def free_list(self):
        """Return the name of the free list this block is on: the one whose head comes next."""
        if not self.zone:
            return "a list of no zone"
        heads = {self.zone.free_head(order, kind): (order, kind)
                 for order in self.zone.orders() for kind in self.zone.types()}
        at = word(self.node())
        for _ in range(self.zone.end):
            if at in heads:
                order, kind = heads[at]
                return f"the free list of order {order}, type {self.machine.letter(kind)}"
            if not at:
                break
            at = word(at)
        return "a list that leads to no head of the zone"

    def place(self):
        """Return what only an allocated page has: it is not set, or left over, before."""
        if self["refcount"] <= 0:
            return ""
        return f", mapping {self['mapping']:#x}, index {self['index']:#x}"

    def pcp_list(self):
        """Return the per-CPU list that holds this page, or None."""
        for cpu, pcp in self.zone.pcp() if self.zone else ():
            for kind in range(length(pcp["lists"])):
                if self.node() in nodes(int(pcp["lists"][kind].address), self.zone.end):
                    return (f"free: on CPU {cpu}'s list of type {self.machine.letter(kind)}, "
                            f"freed as {self.machine.letter(self['list_type'])}")
        return None

    def other(self):
        blank = not any(self[name] for name in ("flags", "refcount", "mapcount"))
        return "reserved, or on its way between two owners" if blank else "in no known state"


def use(flags, mapping, mapped=True):
    """Return what the mapping of an allocated page says of its use."""
    if flags & PG_SLAB:
        return f"slab of {string(mapping, 'struct kmem_cache', 'name')}"
    if mapping == FROM_RESERVES:
        return "of no address space; its request ignored all watermarks"
    if mapping & ANON and not mapped:
        return "anonymous, and mapped by nobody now"
    space = space_of(mapping)
    head = int(gdb.parse_and_eval("&all_tasks"))
    users = [f"pid {int(task['pid'])}" for task in entries(head, "task", "all", MAX_TASKS)
             if int(task["mm"]) == space]
    return "mapped by " + (", ".join(users) or "no task that is left")


def space_of(mapping):
    """Return the address space that maps a page: of an anonymous one by its anon_vma's first VMA."""
    if not mapping & ANON:
        return mapping
    anon_vma = gdb.Value(mapping - ANON).cast(gdb.lookup_type("struct anon_vma").pointer())
    return int(anon_vma["first"]["vma"]["mm"])


def string(address, kind, field):
    """Return a string that a field of the structure at an address points to."""
    return gdb.Value(address).cast(gdb.lookup_type(kind).pointer())[field].string()


COMMANDS = (Page,)
