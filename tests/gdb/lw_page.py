"""lw-page: what one page frame is, from its struct page and the lists around it."""
import gdb

import lw_rmap
import lw_swap
from lw_read import Command, Trouble, length, nodes, offset, symbol, word
from lw_zones import Machine

PG_BUDDY, PG_SHMEM, PG_FILE, PG_SLAB, PG_SWAPCACHE = 1, 4, 8, 0x10, 0x400
PG_LRU, PG_ACTIVE, PG_UNEVICTABLE = 0x1000, 0x2000, 0x8000
# Of an allocated page that is no slab's (mm/page/page.h).
FLAGS = {0x2: "mlocked", PG_SHMEM: "shmem", PG_FILE: "file", 0x20: "error", 0x40: "locked", 0x80: "uptodate",
         0x100: "writeback", 0x200: "dirty", PG_SWAPCACHE: "swapcache", 0x800: "reclaim", PG_LRU: "lru",
         PG_ACTIVE: "active", 0x4000: "referenced", PG_UNEVICTABLE: "unevictable"}
LISTS = ("inactive_anon", "active_anon", "inactive_file", "active_file", "unevictable")
PAGEVECS = ("add", "rotate", "deactivate_file", "activate")
FAR = 4096  # pages: so far a page's place on its list is looked for
FROM_RESERVES = 0x7265736572766573
PAGE_SHIFT = 12


class Page(Command):
    """One page frame: state, zone, pageblock type, list, flags, place for reclaim, slot, who maps it.

lw-page PFN, a number or any expression, such as 0x1000 or ($rax >> 12)."""

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
        if page["refcount"] > 0:
            for line in owners(machine, page):
                print(f"  {line}")


def owners(machine, page):
    """Yield what an allocated page is to reclaim, to swap and to those who have it."""
    flags, mapping = page["flags"], page["mapping"]
    if not flags & PG_SLAB:
        if flags:
            yield f"is {flag_names(flags)}"
        yield from page.turn()
        if flags & PG_SWAPCACHE:
            yield f"in the swap cache: {lw_swap.entry_text(machine, page['private'])}"
    kind = object_kind(flags, mapping)
    if kind:
        yield lw_rmap.object_line(kind, mapping, page["index"])
    is_anon = mapping & lw_rmap.ANON and not flags & PG_SLAB and mapping != FROM_RESERVES
    if page["mapcount"] > 0 and (kind or is_anon):
        yield from lw_rmap.lines(machine, page.pfn, mapping, page["index"], kind)
    elif mapping and not kind:
        yield use(flags, mapping)


def object_kind(flags, mapping):
    """Return the struct that the mapping of a page of an object is, or None."""
    if flags & PG_SLAB or not flags & (PG_SHMEM | PG_FILE) or not mapping:
        return None
    return "shmem" if flags & PG_SHMEM else "address_space"


def flag_names(flags):
    return " ".join(name for bit, name in FLAGS.items() if flags & bit) or "without a flag"


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

    @classmethod
    def of_node(cls, machine, node):
        """Return the frame whose place on a list this is."""
        size = gdb.lookup_type("struct page").sizeof
        return cls(machine, (node - offset("page", "lru") - int(machine.value["mem_map"])) // size)

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

    def turn(self):
        """Yield where the page is on the node's lists, or waits on its way there."""
        node = self.machine.value["node"]
        if self["flags"] & PG_LRU:
            yield self.on_list(node["lru"]["list"])
        for kind, name in enumerate(PAGEVECS):
            for cpu in range(int(symbol("nr_cpus"))):
                waiting = node["pagevec"][kind][cpu]
                if self.address in [int(waiting["page"][i]) for i in range(int(waiting["nr"]))]:
                    yield f"waits on CPU {cpu} among those to {name}"

    def on_list(self, lists):
        """Count both ways at once: new pages are first, reclaim takes the last one."""
        heads = {int(lists[i].address): name for i, name in enumerate(LISTS)}
        ahead = behind = self.node()
        for count in range(FAR):
            ahead, behind = word(ahead), word(behind + 8)
            if ahead in heads:
                return f"on {heads[ahead]}, {count} pages before its end, where reclaim begins"
            if behind in heads:
                return f"on {heads[behind]}, {count} pages behind its newest"
            if not ahead or not behind:
                break
        flags = self["flags"]
        name = LISTS[4] if flags & PG_UNEVICTABLE else LISTS[2 * bool(flags & PG_FILE) + bool(flags & PG_ACTIVE)]
        return f"on {name} by its flags, {FAR} pages or more from both ends"

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


def use(flags, mapping):
    """Return what the mapping of an allocated page says of its use."""
    if flags & PG_SLAB:
        return f"slab of {string(mapping, 'struct kmem_cache', 'name')}"
    if mapping == FROM_RESERVES:
        return "of no address space; its request ignored all watermarks"
    return "anonymous, and mapped by nobody now"


def string(address, kind, field):
    """Return a string that a field of the structure at an address points to."""
    return gdb.Value(address).cast(gdb.lookup_type(kind).pointer())[field].string()


COMMANDS = (Page,)
