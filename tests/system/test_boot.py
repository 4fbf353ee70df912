"""How the real kernel boots in QEMU: zones, parameters, damaged machines, CPUs."""
import re
import tempfile
import unittest
from pathlib import Path

from campaign import arms
from machine.guest import Guest
import nearest
import spoil
import system
from system import STATUS, boot

# MiB: (spanned, present) of each zone on Linux on the same machine (measured).
PEER_ZONES = {
    128: {"DMA": (4095, 3998), "DMA32": (28640, 28640)},
    256: {"DMA": (4095, 3998), "DMA32": (61408, 61408)},
    512: {"DMA": (4095, 3998), "DMA32": (126944, 126944)},
    1024: {"DMA": (4095, 3998), "DMA32": (258016, 258016)},
    2048: {"DMA": (4095, 3998), "DMA32": (520160, 520160)},
    3072: {"DMA": (4095, 3998), "DMA32": (782304, 782304)},
    4096: {"DMA": (4095, 3998), "DMA32": (1044480, 782304), "Normal": (262144, 262144)},
    8192: {"DMA": (4095, 3998), "DMA32": (1044480, 782304), "Normal": (1310720, 1310720)},
}
# Of kmalloc-256 up: (objects, pages) of a slab on 1, 2, 4 and 8 CPUs (devices.md §31.4; on 1, 2 and 4 as
# Linux 4.8.15 says itself); the smaller ones have one page on all.
SLABS = {
    256: ((16, 1), (16, 1), (16, 1), (32, 2)),
    512: ((8, 1), (16, 2), (16, 2), (32, 4)),
    1024: ((8, 2), (16, 4), (16, 4), (32, 8)),
    2048: ((8, 4), (16, 8), (16, 8), (16, 8)),
    4096: ((8, 8), (8, 8), (8, 8), (8, 8)),
    8192: ((4, 8), (4, 8), (4, 8), (4, 8)),
}
SMALL_SLABS = (8, 16, 32, 64, 96, 128, 192)
OTHER_SIZES = {  # MiB: CPUs
    32: 1, 33: 2, 65: 3, 100: 4, 3000: 5, 3583: 6, 3584: 7, 3585: 8, 5000: 1, 16384: 1}
DMA_END, DMA32_END = 0x1000, 0x100000


def zones_of(console):
    """{zone: (spanned, present)} of the zoneinfo in a console."""
    found, zone = {}, None
    for line in console.splitlines():
        text = line.split("] ", 1)[-1]
        head = re.fullmatch(r"Node 0, zone\s+(\w+)", text)
        zone = head[1] if head else zone
        field = re.fullmatch(r"\s+(spanned|present|managed)\s+(\d+)", text)
        if field:
            found.setdefault(zone, {})[field[1]] = int(field[2])
    return found


def zones_by_rule(console):
    """The same from the firmware's map in the console, by the rules of Linux."""
    usable = []
    for start, end, kind in re.findall(r"\[mem (0x\w+)-(0x\w+)\] (\w+)", console):
        if kind == "usable":
            first, last = -(-int(start, 16) // 4096), (int(end, 16) + 1) // 4096
            usable += [(max(first, 1), min(last, 0xa0)), (max(first, 0x100), last)]
    usable = [(a, b) for a, b in usable if a < b]
    top, expected = max(b for _, b in usable), {}
    for zone, low, high in (("DMA", 1, DMA_END), ("DMA32", DMA_END, DMA32_END),
                            ("Normal", DMA32_END, top)):
        high = min(high, top)
        present = sum(max(0, min(b, high) - max(a, low)) for a, b in usable)
        if present:
            expected[zone] = (high - low, present)
    return expected


class Boots(unittest.TestCase):
    def test_zones_equal_the_peer(self):
        for mem, expected in PEER_ZONES.items():
            with self.subTest(mem=mem):
                run = boot(mem=str(mem))
                zones = zones_of(run.console)
                self.assertEqual(run.status, STATUS["finished"])
                self.assertEqual({z: (v["spanned"], v["present"]) for z, v in zones.items()},
                                 expected)

    def test_zones_of_other_sizes_follow_the_map(self):
        for mem, cpus in OTHER_SIZES.items():
            with self.subTest(mem=mem, cpus=cpus):
                run = boot(mem=str(mem), cpus=str(cpus))
                zones = zones_of(run.console)
                self.assertEqual(run.status, STATUS["finished"])
                self.assertEqual({z: (v["spanned"], v["present"]) for z, v in zones.items()},
                                 zones_by_rule(run.console))

    def test_default_machine_is_cheap(self):
        run = boot(mem="2048")
        managed = sum(v["managed"] for v in zones_of(run.console).values())
        start = next(e for e in run.events if e["event"] == "start")
        self.assertGreaterEqual(managed, 515000)
        self.assertLessEqual(start["insns"], 15_000_000)
        self.assertIn(f"boot took {start['insns']} instructions", run.console)

    def test_slabs_equal_the_peer(self):
        for column, cpus in enumerate((1, 2, 4, 8)):
            console = boot(mem="64", cpus=str(cpus)).console
            self.assertIn(f"] SLUB: HWalign=64, Order=0-3, MinObjects=0, CPUs={cpus}, Nodes=1\n", console)
            rows = re.findall(r"kmalloc-(\d+) +\d+ +\d+ +(\d+) +(\d+) +(\d+) :", console)
            found = {int(name): (int(objects), int(pages)) for name, size, objects, pages in rows
                     if name == size}
            self.assertEqual(found, {size: row[column] for size, row in SLABS.items()}
                             | {size: (4096 // size, 1) for size in SMALL_SLABS})

    def test_too_little_memory(self):
        short = r"machine: \d+ MiB of usable memory; expected at least 24 MiB"
        for mem, said in ((3, short), (4, short), (8, short), (16, short), (24, short)):
            with self.subTest(mem=mem):
                run = boot(mem=str(mem))
                self.assertEqual(run.status, STATUS["refused"])
                self.assertRegex(run.error_line(), said)

    def test_blocks_in_the_pci_hole_are_not_counted(self):
        run = boot(mem="4096")
        counts = {zone: sum(map(int, numbers.split())) for zone, numbers in re.findall(
            r"Node 0, zone\s+(\w+)\s+((?:\d+\s+){6})$", run.console, re.M)}
        self.assertEqual(counts, {"DMA": 4, "DMA32": 764, "Normal": 256})

    def test_power_off_without_the_exit_device(self):
        run = boot(without=("isa-debug-exit",))
        self.assertEqual(run.status, 0)
        self.assertIn("scenario info finished", run.console)

    def test_a_cpu_that_lacks_something(self):
        for cpu, what in (("-apic", "local APIC"), ("-fxsr", "FXSR"), ("-sse2", "SSE2"),
                          ("-nx", "NX"), ("-lm", "long mode")):
            with self.subTest(cpu=cpu):
                run = boot(extra=("-cpu", "qemu64," + cpu))
                self.assertEqual(run.status, STATUS["refused"])
                self.assertEqual(run.console.strip(), f"lowwater: machine: the CPU has no {what}; "
                                                      "expected an x86_64 CPU with it")

    def test_no_hpet(self):
        run = boot(extra=("-no-hpet",))
        self.assertEqual(run.status, STATUS["refused"])
        self.assertIn("machine: no HPET", run.error_line())

    def test_command_line_never_shows_a_path(self):
        self.assertNotIn("lowwater.elf", boot().console)

    def test_hardware_name_is_the_firmwares(self):
        run = boot(scenario="crash", args="crash.kind=1")
        self.assertRegex(run.console, r"Hardware name: QEMU Standard PC \(i440FX \+ PIIX, 1996\), "
                                      r"BIOS \S+ \d\d/\d\d/\d{4}")


class Parameters(unittest.TestCase):
    """What the kernel's own table and machine refuse; how a word is read is the host's test_param."""

    CASES = (
        ("spike.apsp=3", 'unknown name "spike.apsp"; the nearest is spike.apps'),
        ("sceanrio=info", 'unknown name "sceanrio"; the nearest is scenario'),
        ("spike.apps=0", "spike.apps=0; expected 1 to 1000"),
        ("scenario=spik", "scenario=spik; expected spike, which is the nearest, or list"),
        ("scenario=xyzzy", "scenario=xyzzy; expected list, "),
        ("scenario=info spike.apps=3", "spike.*; expected knobs of scenario=info only"),
        ("lockup.nofs=1 scenario=spike", "lockup.*; expected knobs of scenario=spike only"),
        ("loglevel=0 bogus=1", "unknown name \"bogus\""),
        ("min_free_kbytes=200", "min_free_kbytes=200; expected 100"),
        ("min_free_kbytes=1048576", "min_free_kbytes=1048576; expected 100"),
        ("sched=-7", "sched=-7; expected 0 to 2147483647"),
        ("icount=11", "icount=11; expected -1 to 10"),
    )

    def test_each_fault_is_one_line(self):
        for words, expected in self.CASES:
            with self.subTest(words=words):
                run = boot(line=words)
                self.assertEqual(run.status, STATUS["refused"])
                self.assertIn("bad parameter: ", run.error_line())
                self.assertIn(expected, run.error_line())
                self.assertEqual(run.console.count("lowwater: "), 1)

    def test_the_runner_has_the_same_nearest_name(self):
        known = arms.load(system.make_spec(system.DEFAULTS)).params
        for word in ("spike.apsp=3", "sceanrio=info", "bogus=1", "panic_on_oops=1", "hzz=1"):
            want, line = word.split("=")[0], boot(line=word).error_line()
            found = re.search(r"the nearest is (\S+)", line)
            with self.subTest(want, line=line):
                self.assertIn(f'unknown name "{want}"', line)
                self.assertEqual(nearest.find(want, known), found and found[1])

    def test_no_parameters_is_info(self):
        run = boot(line="")
        self.assertEqual(run.status, STATUS["finished"])
        self.assertIn("scenario info", run.console)

    CHANGED = "pageblock_order=9 min_free_kbytes=8192"

    def test_pageblock_order_9(self):
        run = boot(args=self.CHANGED)
        self.assertIn("Page block order: 9", run.console)
        self.assertIn("Pages per block:  512", run.console)

    def test_min_free_kbytes(self):
        run = boot(args=self.CHANGED)
        mins = re.findall(r"        min      (\d+)", run.console)
        self.assertIn(sum(map(int, mins)), (2047, 2048))


class DamagedBootInformation(unittest.TestCase):
    """A damage of each kind; all of the map and the MADT are the tests of the host: multiboot1, multiboot2, madt."""

    CASES = (
        ("madt-absent-cpu", "CPU 1 (APIC id 77) did not come up within 100 ms"),
        ("madt-entry", "ACPI: the MADT"),
        ("madt-checksum", "ACPI: a table is damaged"), ("madt-gone", "ACPI: no MADT"),
        ("madt-lapic-200000", "the MADT puts the local APICs at 0x200000, in memory that the map "
         "calls usable; expected device registers"),
        ("madt-lapic-d0000000", "the MADT puts the local APICs at 0xd0000000; expected 0xfee00000, "
         "where this CPU has its own"),
        ("madt-ioapic-d0000000", "the MADT puts the I/O APIC at 0xd0000000, where none answers; "
         "expected its registers"),
        ("magic", "no Multiboot loader"), ("no-map", "the loader gave none"),
        ("unsorted", "entries are unsorted"),
        ("outside", "memory map: lies outside readable memory; expected it below 1 GiB"),
        ("info-in-bss", "boot information: lies in the image; expected it in memory of its own"),
        ("map-in-bss", "memory map: lies outside readable memory"),
        ("usable-77ff80100000", "memory map: usable memory at 0x77ff80100000-0x77ff801fffff; "
         "expected all of it below 0x10000000000 (as far as this CPU's addresses reach)"),
        ("usable-100000000", "no memory at 0x100000000, which it calls usable; expected to read "
         "there what was written"),
        ("nmi-32", "an NMI before there was a handler; expected none so early"),
        ("nmi-64", "an NMI before there was a handler; expected none so early"),
        ("few-tables", "memory: no page is left for the kernel's page tables; expected enough"),
        ("no-table-page", "memory: no page is left for the kernel's page tables"),
    )

    def test_each_damage_is_one_line(self):
        for what, expected in self.CASES:
            with self.subTest(what=what):
                run = spoiled_boot(what)
                self.assertEqual(run.status, STATUS["refused"])
                self.assertIn("machine: ", run.error_line())
                self.assertIn(expected, run.error_line())

    def test_an_nmi_that_nobody_expects_is_a_panic(self):
        run = spoiled_boot("nmi-late")
        self.assertEqual(run.status, STATUS["panic"])
        self.assertIn("Kernel panic - not syncing: NMI (vector 2)", run.console)

    def test_an_empty_entry_is_ignored(self):
        run = spoiled_boot("empty-entry")  # of the memory below 640 KiB
        self.assertEqual(run.status, STATUS["finished"])
        self.assertEqual(zones_of(run.console)["DMA"]["present"], 3840)

    def test_a_command_line_at_the_end_of_readable_memory(self):
        run = spoiled_boot("line-at-1-gib", mem="1024")
        self.assertEqual(run.status, STATUS["finished"])
        self.assertIn("Command line: scenario=info patch=none\n", run.console)

    def test_no_pin_for_the_consoles_interrupt_is_one_warning(self):
        run = spoiled_boot("madt-irq4")
        self.assertEqual(run.status, STATUS["finished"])
        self.assertEqual(run.console.count("has no pin for COM1's interrupt (ISA IRQ 4)"), 1)
        self.assertNotIn("has no pin", boot().console)


def spoiled_boot(what, **options):
    """A boot whose loader lies in this way."""
    if what == "madt-absent-cpu":  # whose entry there is room for; which is waited for, in a loop
        options |= {"cpus": "2", "shift": "4"}
    with tempfile.TemporaryDirectory() as name:
        spec = system.settled(results=name, **options)
        with Guest(spec, "spoilt", system.TIMEOUT) as guest:
            spoil.spoil(guest, spec.elf, what)
            status = guest.child.wait(system.TIMEOUT)
        channel = system.read(guest.channel)
        return system.Boot(status, system.read(guest.console), system.parse(channel), channel)


class Cpus(unittest.TestCase):
    def test_each_number_comes_up(self):
        machines = {cpus: mem for mem, cpus in OTHER_SIZES.items() if cpus > 1}
        self.assertEqual(sorted(machines), [*range(2, 9)])
        for cpus, mem in machines.items():
            run = boot(mem=str(mem), cpus=str(cpus))
            self.assertEqual(run.status, STATUS["finished"])
            self.assertIn(f"smp: Brought up 1 node, {cpus} CPUs", run.console)

    def test_nine_are_too_many(self):
        run = boot(extra=("-smp", "9"))
        self.assertEqual(run.status, STATUS["refused"])
        self.assertIn("machine: ACPI: the MADT lists 9 CPUs; expected 1 to 8", run.error_line())

    def test_a_second_madt_is_refused(self):
        run = boot(extra=("-acpitable", "sig=APIC,data=/dev/null"))
        self.assertEqual(run.status, STATUS["refused"])
        self.assertIn("machine: ACPI: there are two MADTs; expected one", run.error_line())


if __name__ == "__main__":
    unittest.main()
