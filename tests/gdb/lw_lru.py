"""lw-lru: the node's lists of pages that may be reclaimed, what waits for them, and kswapd."""
from lw_page import LISTS, PAGEVECS, Frame, flag_names
from lw_read import Command, Trouble, enum, symbol, word
from lw_zones import Machine

CLASSES = ("anon", "file")
NODE_FLAGS = {1: "congested", 2: "dirty", 4: "writeback"}
SHOWN, MOST = 5, 100000


class Lru(Command):
    """Pages on the node's five lists by zone, on CPUs' pagevecs; what is recent; kswapd.

With a list's name its first and last pages: new ones come first, reclaim takes the last one.
Counters are exact: with what CPUs have gathered. lw-lru [LIST [COUNT]], such as
lw-lru inactive_anon 10"""

    name, usage, limits = "lw-lru", "[LIST [COUNT]]", (0, 2)

    def run(self, argv):
        machine = Machine()
        node = machine.value["node"]
        if argv:
            show_list(machine, node, pick(argv[0]), count_of(argv[1:]))
            return
        show_counts(machine, node)
        show_pagevecs(node)
        show_recent(node["lru"])
        print(kswapd(node))


def pick(name):
    """Return the number of a list by its name, or raise Trouble."""
    if name.lower() not in LISTS:
        raise Trouble(f"list {name!r}: expected one of {', '.join(LISTS)}")
    return LISTS.index(name.lower())


def count_of(argv):
    if not argv:
        return SHOWN
    if not argv[0].isdigit() or not 1 <= int(argv[0]) <= MOST:
        raise Trouble(f"{argv[0]!r}: expected a number of pages, 1 to {MOST}")
    return int(argv[0])


def exact(stat, gathered, item):
    """Return a counter with what the CPUs have not added yet."""
    cpus = range(int(symbol("nr_cpus")))
    return int(stat[item]) + sum(int(gathered[cpu]["stat_diff"][item]) for cpu in cpus)


def show_counts(machine, node):
    zones = machine.zones
    print(f"{'list':<15}{'pages':>9}" + "".join(f"{zone.name:>9}" for zone in zones))
    of_node, of_zone = enum("node_stat")["NR_INACTIVE_ANON"], enum("zone_stat")["NR_ZONE_INACTIVE_ANON"]
    for i, name in enumerate(LISTS):
        row = [exact(node["stat"], node["cpu"], of_node + i)]
        row += [exact(zone.value["stat"], zone.value["pcp"], of_zone + i) for zone in zones]
        print(f"{name:<15}" + "".join(f"{pages:>9}" for pages in row))


def show_pagevecs(node):
    """Pages that wait are on no list, or are about to change theirs; each has a reference more."""
    for cpu in range(int(symbol("nr_cpus"))):
        waiting = ", ".join(f"{name} {int(node['pagevec'][kind][cpu]['nr'])}"
                            for kind, name in enumerate(PAGEVECS))
        print(f"CPU {cpu} waits with: {waiting}")


def show_recent(lru):
    for number, name in enumerate(CLASSES):
        print(f"{name}: recent_scanned {int(lru['recent_scanned'][number])}, "
              f"recent_rotated {int(lru['recent_rotated'][number])}")


def kswapd(node):
    """Return what kswapd does, what is wanted of it, and what reclaim remembers of the node."""
    head = int(node["kswapd_wait"]["waiters"].address)
    names = [name.removeprefix("ZONE_") for name in enum("zone_type")]
    state = "sleeps" if word(head) not in (0, head) else "does not sleep"
    wanted = int(node["kswapd_classzone"])
    flags = [name for bit, name in NODE_FLAGS.items() if int(node["flags"]) & bit]
    return (f"kswapd {state}; wanted of it: order "
            f"{int(node['kswapd_order'])}, classzone {wanted} ({names[wanted]}); node "
            + (" ".join(flags) or "neither congested nor dirty"))


def show_list(machine, node, number, count):
    """The first pages, and the last ones from the list's end on, as far as they are not the same."""
    head = int(node["lru"]["list"][number].address)
    first = list(walk(head, count, 0))
    last = [at for at in walk(head, count, 1) if at not in first][::-1]
    total = exact(node["stat"], node["cpu"], enum("node_stat")["NR_INACTIVE_ANON"] + number)
    print(f"{LISTS[number]}: {total} pages")
    for at in first:
        print(f"  {one_line(machine, at)}")
    if last and total > len(first) + len(last):
        print(f"  ... {total - len(first) - len(last)} more ...")
    for at in last:
        print(f"  {one_line(machine, at)}")


def walk(head, count, way):
    """Yield up to count nodes from a list's head on: way 0 by `next`, 1 by `prev`."""
    at = head
    for _ in range(count):
        at = word(at + 8 * way)
        if at == head:
            return
        if not at:
            raise Trouble(f"the list at {head:#x} has an end; the guest may be changing it at this stop")
        yield at


def one_line(machine, node):
    page = Frame.of_node(machine, node)
    return (f"page frame {page.pfn} of {page.zone.name if page.zone else 'no zone'}: "
            f"{flag_names(page['flags'])}; refcount {page['refcount']}, mapcount {page['mapcount']}")


COMMANDS = (Lru,)
