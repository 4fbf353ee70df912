"""lw-zones, lw-buddy, lw-pageblocks and lw-pcp: the zones of system_memory."""

from lw_read import Command, NotYet, Trouble, address_of, cache, enum, length, nodes, symbol, text

ROW = 64
PAGE_KB = 4


class Machine:
    """The guest's memory as of this stop: its zones, once they are set up."""

    def __init__(self):
        self.value = symbol("system_memory")
        self.max_pfn = int(self.value["max_pfn"])
        zones = self.value["zone"]
        first = int(self.value["zonelist"][0])
        if not int(zones.address) <= first < int(zones.address) + zones.type.sizeof:
            raise NotYet("memory is not set up yet at this stop")
        self.zones = [Zone(zones[i]) for i in range(length(zones)) if int(zones[i]["present"])]
        self.block_order = int(self.value["pageblock_order"])
        self.letters = bytes(cache.read(address_of("migratetype_letter"),
                                        enum("migratetype")["MIGRATE_TYPES"])).decode()

    def pick(self, argv):
        """Return the zone that argv names, or all."""
        if not argv:
            return self.zones
        found = [zone for zone in self.zones if zone.name.lower() == argv[0].lower()]
        if not found:
            names = ", ".join(zone.name for zone in self.zones)
            raise Trouble(f"zone {argv[0]!r}: expected one of {names}")
        return found

    def type_name(self, kind):
        names = symbol("migratetype_name")
        return text(int(names[kind])) if kind < length(names) else f"type {kind}"

    def letter(self, kind):
        return self.letters[kind] if kind < len(self.letters) else "?"


class Zone:
    """One zone that has pages."""

    def __init__(self, value):
        self.value = value
        self.name = text(int(value["name"]))
        self.start = int(value["start_pfn"])
        self.end = self.start + int(value["spanned"])

    def __getitem__(self, field):
        return int(self.value[field])

    def stat(self, name):
        return int(self.value["stat"][enum("zone_stat")[name]])

    def free_head(self, order, kind):
        return int(self.value["free_area"][order]["free_list"][kind].address)

    def orders(self):
        return range(length(self.value["free_area"]))

    def types(self):
        return range(length(self.value["free_area"][0]["free_list"]))

    def free_counts(self, order):
        """Return the number of free blocks of each type, as counted along the lists."""
        return [sum(1 for _ in nodes(self.free_head(order, kind), self.end)) for kind in
                self.types()]

    def pcp(self):
        """Yield (cpu, per-CPU list) of every CPU in use."""
        for cpu in range(int(symbol("nr_cpus"))):
            yield cpu, self.value["pcp"][cpu]

    def pcp_count(self):
        return sum(int(pcp["count"]) for _, pcp in self.pcp())

    def block_types(self, machine):
        """Return (first pfn of the first pageblock, a type for each pageblock)."""
        types = cache.read(self["pageblock_type"], self["nr_pageblocks"])
        return self.start >> machine.block_order << machine.block_order, types


class Zones(Command):
    """Watermarks, free pages and counters of every zone, in pages: lw-zones"""

    name = "lw-zones"

    def run(self, argv):
        machine = Machine()
        print(f"{machine.max_pfn} page frames, {int(machine.value['totalram_pages'])} managed; "
              f"pageblocks of {1 << machine.block_order} pages")
        columns = ("zone", "start", "end", "present", "managed", "free", "pcp", "min", "low",
                   "high", "reserved H")
        print(f"{columns[0]:<8}" + "".join(f"{name:>11}" for name in columns[1:]))
        for zone in machine.zones:
            row = [zone.start, zone.end, zone["present"], zone["managed"],
                   zone.stat("NR_FREE_PAGES"), zone.pcp_count(), *watermarks(zone),
                   zone["nr_reserved_highatomic"]]
            print(f"{zone.name:<8}" + "".join(f"{number:>11}" for number in row))
        for zone in machine.zones:
            print(f"{zone.name}: lowmem_reserve {numbers(zone.value['lowmem_reserve'])}; "
                  f"{counters(zone)}")


def watermarks(zone):
    return [int(zone.value["watermark"][i]) for i in range(length(zone.value["watermark"]))]


def numbers(array):
    return " ".join(str(int(array[i])) for i in range(length(array)))


def counters(zone):
    """Return the zone's counters that are not zero."""
    names = symbol("zone_stat_name")
    stats = zone.value["stat"]
    return ", ".join(f"{text(int(names[i]))} {int(stats[i])}" for i in range(length(stats))
                     if int(stats[i]))


class Buddy(Command):
    """Free blocks by order and type, as in a report's buddy line, then counted by type.

The line shows nr_free and, as letters, the types whose lists are not empty (H: the highatomic
reserve). Below it each list is walked and counted. lw-buddy [ZONE]"""

    name, usage, limits = "lw-buddy", "[ZONE]", (0, 1)

    def run(self, argv):
        machine = Machine()
        for zone in machine.pick(argv):
            counts = [zone.free_counts(order) for order in zone.orders()]
            print(buddy_line(machine, zone, counts))
            for kind in zone.types():
                row = [count[kind] for count in counts]
                if any(row) or machine.letter(kind) in "UMEH":
                    pages = sum(count << order for order, count in enumerate(row))
                    print(f"  {machine.letter(kind)} {machine.type_name(kind):<12}"
                          + "".join(f"{count:>7}" for count in row) + f"  = {pages} pages")
            print(f"  nr_free_pages {zone.stat('NR_FREE_PAGES')}, "
                  f"nr_reserved_highatomic {zone['nr_reserved_highatomic']}")
            for line in differences(zone, counts):
                print(f"  {line}")


def buddy_line(machine, zone, counts):
    """Return the line as show_mem prints it."""
    line, total = f"{zone.name}: ", 0
    for order, count in enumerate(counts):
        free = nr_free(zone, order)
        line += f"{free}*{PAGE_KB << order}kB "
        total += free << order
        if free:
            letters = "".join(machine.letter(kind) for kind in zone.types() if count[kind])
            line += f"({letters}) "
    return f"{line}= {total * PAGE_KB}kB"


def nr_free(zone, order):
    counts = zone.value["free_area"][order]["nr_free"]
    return sum(int(counts[kind]) for kind in zone.types())


def differences(zone, counts):
    """Yield a line for each order whose lists and nr_free disagree."""
    for order, count in enumerate(counts):
        if sum(count) != nr_free(zone, order):
            yield (f"order {order}: nr_free is {nr_free(zone, order)}, its lists hold "
                   f"{sum(count)}: the guest may be changing them at this stop")


class Pageblocks(Command):
    """Pageblocks by type, and a map of them, one letter each: lw-pageblocks [ZONE]

U unmovable, M movable, E reclaimable, H highatomic reserve. A row begins with its first pfn."""

    name, usage, limits = "lw-pageblocks", "[ZONE]", (0, 1)

    def run(self, argv):
        machine = Machine()
        for zone in machine.pick(argv):
            first, types = zone.block_types(machine)
            names = [f"{types.count(kind)} {machine.type_name(kind)}"
                     for kind in sorted(set(types))]
            print(f"{zone.name}: {len(types)} pageblocks of {1 << machine.block_order} pages: "
                  + ", ".join(names))
            for at in range(0, len(types), ROW):
                row = "".join(machine.letter(kind) for kind in types[at:at + ROW])
                print(f"  {first + (at << machine.block_order):>9}  {row}")


class Pcp(Command):
    """Per-CPU page lists of every zone, counted along the lists by type: lw-pcp"""

    name = "lw-pcp"

    def run(self, argv):
        machine = Machine()
        print(f"{'zone':<8}{'cpu':>4}{'count':>8}{'high':>8}{'batch':>8}  lists")
        for zone in machine.zones:
            for cpu, pcp in zone.pcp():
                held = pcp_counts(pcp, zone.end)
                lists = " ".join(f"{machine.letter(kind)}:{n}" for kind, n in enumerate(held))
                count = int(pcp["count"])
                note = "" if sum(held) == count else f"  lists hold {sum(held)}"
                print(f"{zone.name:<8}{cpu:>4}{count:>8}{int(pcp['high']):>8}"
                      f"{int(pcp['batch']):>8}  {lists}{note}")


def pcp_counts(pcp, limit):
    lists = pcp["lists"]
    return [sum(1 for _ in nodes(int(lists[kind].address), limit))
            for kind in range(length(lists))]


COMMANDS = (Zones, Buddy, Pageblocks, Pcp)
