"""Tests of GDB's commands and of cores, on the real kernel: a core says what the console says,
a live guest and a core say the same, and every mistake gets one line.

From the repository's root, with the kernel built: python3 -m unittest discover -s tests/gdb
LOWWATER_BUILD_DIR names another build folder.
"""
import json
import re
import socket
import unittest

# pylint: disable=wrong-import-order
from gdb_case import (APP_PAGE, BUILD, COMMANDS, ELF, FIRST_FREE, HELPERS, HZ, MISTAKES, OF_A_SLAB, OF_RESERVES, VALUES,
                      Base, Core, gdb, lowwater, plain, run, sections)
from machine import coremap, elf
import once
import system


class AtOom(Base):
    """The core of a spike at its first kill, of which one GDB is asked all, each question by itself."""

    ASKED = (*COMMANDS, "lw-dmesg 1", "lw-buddy dma", "lw-buddy dma32", "lw-pageblocks DMA32",
             f"lw-page {FIRST_FREE}", f"lw-page {FIRST_FREE} + 1", "lw-page 0x100", APP_PAGE,
             OF_A_SLAB, OF_RESERVES,
             "lw-events 3", "lw-events", "bt", "lw", "help lw-page", "help user-defined", *VALUES,
             *(command for command, _ in MISTAKES))

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.core = Core.shared("spike", "oom", 128)
        answers = once.folder(cls.ask, "answers") / "answers.json"
        cls.answers = dict(zip(cls.ASKED, json.loads(answers.read_text())))

    @classmethod
    def ask(cls, folder):
        (folder / "answers.json").write_text(json.dumps(cls.core.gdb(*cls.ASKED)))

    def said(self, *commands):
        return [self.answers[command] for command in commands]

    def value(self, name):
        [text] = self.said(f"output/d {name}")
        return int(text)

    def test_variables_are_those_of_the_run(self):
        pages = re.search(r"Total pages: (\d+)", self.core.console)[1]
        self.assertEqual(self.value("system_memory.totalram_pages"), int(pages))
        self.assertEqual(self.value("log_ring.total"), len(self.core.console))
        stamp = float(re.search(r"\[ *([\d.]+)\]", self.core.console.splitlines()[-1])[1])
        jiffies = self.value("jiffies")
        self.assertGreater(jiffies, 0)
        self.assertLessEqual(abs(jiffies - stamp * HZ), 2)
        self.assertEqual(self.value("system_memory.event[OOM_KILLS]"), 1)

    def test_the_log_is_the_console(self):
        whole, last = self.said("lw-dmesg", "lw-dmesg 1")
        self.assertEqual(whole.splitlines(), self.core.console.splitlines())
        self.assertRegex(last, r"^\[.*Killed process \d+ \(\w+\) total-vm")

    def test_console_is_the_beginning_of_a_whole_run(self):
        whole = system.boot(scenario="spike", mem="128", build_dir=str(BUILD)).console
        self.assertGreater(len(self.core.console), 1000)
        self.assertTrue(whole.startswith(self.core.console))

    def test_buddy_lists_are_those_of_the_report(self):
        lines = re.findall(r"^\w+: \d+\*4kB .*", "\n".join(plain(self.core.console)), re.M)
        self.assertEqual([line.split(":")[0] for line in lines], ["DMA", "DMA32"])
        zones = self.report()["zones"]
        for line in lines:
            name = line.split(":")[0]
            [shown] = self.said(f"lw-buddy {name.lower()}")
            self.assertEqual(shown.splitlines()[0], line)
            for kind, pages in zones[name]["free_by_type"].items():
                self.assertRegex(shown, rf"(?m)^  {kind} .* = {pages} pages$")
            reserve = zones[name]["reserved_highatomic"]
            self.assertIn(f"nr_reserved_highatomic {reserve}\n", shown + "\n")
            self.assertNotIn("changing", shown)
        self.assertGreater(zones["DMA32"]["reserved_highatomic"], 0)

    def report(self):
        items = [json.loads(line) for line in self.core.events.read_text().splitlines()]
        return next(item for item in items if item["event"] == "report")

    def test_zones_and_pageblocks(self):
        zones, blocks = self.said("lw-zones", "lw-pageblocks DMA32")
        row = re.search(r"(?m)^DMA32 +(.*)$", zones)[1].split()
        printed = re.search(r"DMA32 free:(\d+)kB min:(\d+)kB low:(\d+)kB high:(\d+)kB",
                            self.core.console)
        found = [row[4], *row[6:9]]  # free, then the marks behind the per-CPU pages
        self.assertEqual([4 * int(word) for word in found],
                         [int(word) for word in printed.groups()])
        held = self.report()["zones"]["DMA32"]["reserved_highatomic"] // 1024
        self.assertIn(f"{held} HighAtomic", blocks)
        drawn = "".join(line.split()[1] for line in blocks.splitlines()[1:])
        self.assertEqual(drawn.count("H"), held)

    def test_pages(self):
        head, inside, boot = self.said(f"lw-page {FIRST_FREE}", f"lw-page {FIRST_FREE} + 1",
                                           "lw-page 0x100")
        self.assertIn("free: head of a block of order 9, on the free list of order 9, type H",
                      head)
        self.assertIn("of type H (HighAtomic)", head)
        pfn = re.search(r"page frame (\d+)", head)[1]
        self.assertIn(f"free: inside the block of order 9 at page frame {pfn}", inside)
        self.assertIn("reserved", boot)  # the image's first page
        app = self.said(APP_PAGE)[0]
        self.assertRegex(app, r"(?s)allocated: first page.*mapped by pid \d+")

    def test_pages_that_no_address_space_has(self):
        self.assertEqual(self.said(OF_A_SLAB, OF_RESERVES), [
            "slab of kmalloc-64", "of no address space; its request ignored all watermarks"])

    def test_tasks_and_locks(self):
        tasks, locks = self.said("lw-tasks -b", "lw-locks")
        trigger = re.search(r"PID: (\d+) Comm: (\w+)", self.core.console)
        victim = re.search(r"Killed process (\d+) \((\w+)\)", self.core.console)
        self.assertRegex(tasks, rf"(?m)^ +{trigger[1]} {trigger[2]} +running +0 ")
        self.assertRegex(tasks, rf"(?m)^ +{victim[1]} {victim[2]} .*kill pending, memdie")
        table = re.search(rf"\[ *{victim[1]}\] +\d+ +\d+ +\d+ +(\d+)", self.core.console)
        self.assertRegex(tasks, rf"(?m)^ +{victim[1]} {victim[2]} .* {table[1]} ")
        self.assertIn("        out_of_memory+0x", tasks)  # of the task that runs
        self.assertIn("        schedule+0x", tasks)  # of those that do not
        self.assertIn("        task_trampoline+0x", tasks)
        self.assertIn(f"oom_lock: held by pid {trigger[1]} ({trigger[2]})", locks.splitlines())

    def test_events(self):
        few, many = self.said("lw-events 3", "lw-events")
        self.assertEqual(len(few.splitlines()), 3)
        self.assertEqual(many.splitlines()[-3:], few.splitlines())
        self.assertRegex(many, r"(?m)^ +\w+-\d+ \[000\] \.\.\.\. +\d+\.\d{6}: reclaim_retry_zone: "
                               r"zone=DMA32 order=0 ")
        victim = re.search(r"Killed process (\d+)", self.core.console)[1]
        self.assertIn(f"mark_victim: pid={victim}", many)

    def test_oom_last(self):
        [report] = self.said("lw-oom-last")
        lines = report.splitlines()
        self.assertIn(" invoked oom-killer: ", lines[0])
        self.assertIn("Killed process ", lines[-1])
        self.assertIn(report, self.core.console)

    def test_backtrace_goes_through_the_fault_into_the_app(self):
        [trace] = self.said("bt")
        for name in ("out_of_memory", "__alloc_pages_slowpath", "page_fault", "app_libc_start",
                     "task_trampoline"):
            self.assertRegex(trace, rf"(?m)^#\d+ .*\b{name} \(")

    def test_core_has_virtual_addresses_and_one_copy_of_memory(self):
        size = self.core.path.stat().st_size
        loads = [one for one in elf.segments(self.core.path) if one.kind == elf.PT_LOAD]
        self.assertLess(len(loads), 65000)
        for address in (0xffffffff80100000, 0xffff880000100000, 0xffffea0000000000,
                        0xffffffffc0000000):
            self.assertTrue(any(one.vaddr <= address < one.vaddr + one.filesz for one in loads),
                            hex(address))
        self.assertTrue(any(one.vaddr < 1 << 47 for one in loads))  # the app's own memory
        self.assertLess(size, (self.core.mem + 20) << 20)

    def test_mistakes_get_one_line(self):
        for command, part in MISTAKES:
            with self.subTest(command):
                [said] = self.said(command)
                self.assert_one_line(said, part)

    def test_no_answer_is_an_exception(self):
        for text in self.said(*COMMANDS, "lw", "help lw-page", "help user-defined"):
            self.assertNotIn("Traceback", text)
            self.assertNotIn("Error", text)


class Elsewhere(Base):
    """Other places, a live guest, and runs that never come to the place."""

    def test_live_guest_and_core_say_the_same(self):
        core = Core.shared("info", "end", 64)
        options = ["--halt", "--ex", "set width 0", "--ex", "hbreak *scenario_end", "--ex",
                   "continue"]
        for command in COMMANDS:
            options += ["--ex", r"echo \n@@@\n", "--ex", command]
        status, out, err = lowwater("debug", self.results, "--scenario", "info", "--mem", "64",
                                    *options)
        self.assertEqual(status, 0, out + err)
        live = sections(out, len(COMMANDS), err)
        live[-1] = live[-1].split("\n")[0]  # GDB's farewell follows
        self.assertEqual(live, core.gdb(*COMMANDS))
        self.assertEqual(live[COMMANDS.index("lw-oom-last")], "no OOM or allocation-failure report is in the log")
        self.assertNotIn("Error", err)

    def test_before_memory_is_set_up(self):
        options = ["--halt"]
        for stop in (None, "hbreak boot_main", "hbreak mm_boot"):
            options += ["--ex", stop, "--ex", "continue"] if stop else []
            for command in COMMANDS[:8]:
                options += ["--ex", r"echo @@@", "--ex", command]
        status, out, err = lowwater("debug", self.results, "--scenario", "info", "--mem", "64",
                                    *options)
        self.assertEqual((status, "Error" in err), (0, False), out + err)
        said = [line for line in out.splitlines() if line.startswith("@@@")]
        self.assertEqual(len(said), 24)
        for line in said:
            self.assertRegex(line, r"^@@@lw-\w+: .*(not set up yet|no tasks yet).* at this stop$")

    def test_first_stop_has_the_report_and_the_emulator_goes_with_gdb(self):
        status, out, err = lowwater("debug", self.results, "--scenario", "spike", "--mem", "128",
                                    "--batch", "lw-buddy DMA32; bt 1; lw-oom-last")
        self.assertEqual(status, 0, out + err)
        self.assertRegex(out, r"(?m)^Breakpoint \d+, (0x\w+ in )?oom_kill_process ")
        self.assertIn(" invoked oom-killer: ", out)
        port = int(re.search(r"gdbstub on 127\.0\.0\.1:(\d+)", err)[1])
        with socket.socket() as probe:
            self.assertNotEqual(probe.connect_ex(("127.0.0.1", port)), 0)

    def test_a_bad_name_is_said_and_ends_it(self):
        """The runner's own line, or, where only the guest knows it, the guest's."""
        for options, part in ((("--scenario", "spkie"), "lowwater: SCENARIO='spkie'"),
                              (("--scenario", "info", "--args", "sysrq=q@20"),
                               "lowwater: bad parameter: sysrq=q@20")):
            status, out, err = lowwater("debug", self.results, *options, "--mem", "64", "--batch", "bt")
            self.assertEqual(status, 2, out + err)
            said = (out + err).splitlines()
            self.assertEqual(sum(line.startswith(part) for line in said), 1, out + err)

    def test_a_guest_of_another_build_is_refused(self):
        core = Core.shared("info", "end", 64)
        other = self.results / "other.elf"
        own = bytes.fromhex(elf.build_id(ELF))
        other.write_bytes(ELF.read_bytes().replace(own, own[::-1]))
        self.assertNotEqual(elf.build_id(other), elf.build_id(ELF))
        for text in gdb([other, core.path], COMMANDS):
            self.assert_one_line(text, "the guest is of another build than ")
        said = run("gdb", "-q", "-nx", "-batch", other, core.path, "-x", HELPERS)[1]
        self.assertEqual(said.count("lowwater: the guest is of another build than "), 1)
        said = run("gdb", "-q", "-nx", "-batch", ELF, core.path, "-x", HELPERS)[1]
        self.assertNotIn("another build", said)

    def test_a_key_is_pressed(self):
        status, out, err = lowwater("debug", self.results, "--scenario", "keys", "--mem", "64",
                                    "--halt", "--batch", "lw-sysrq f; hbreak lw_sleep_ms; "
                                    "continue; delete; lw-sysrq f; lw-sysrq t; "
                                    "hbreak oom_kill_process; continue; lw-dmesg; lw-sysrq t; "
                                    "hbreak machine_exit; continue; lw-dmesg")
        self.assertEqual(status, 0, out + err)
        self.assertIn("lw-sysrq: not set up yet", out)
        self.assertIn("lw-sysrq: 'f' still waits for a tick of CPU 0: `continue` first", err)
        killing, ended = out.split("oom_kill_process (", 1)[1].split("machine_exit (", 1)
        self.assertIn("sysrq: SysRq : Manual OOM execution", killing)
        self.assertNotIn("sysrq: SysRq : Show State", killing)
        self.assertRegex(ended, r"SysRq : Show State\n.*Tasks:\n(.*\n)*?.* pid 1 keys: ")
        self.assertIn("scenario keys finished: 1 kills", ended)

    def test_a_page_that_was_read_ahead_is_found_by_its_slot(self):
        find = ("import lw_index, lw_swap, lw_zones; m = lw_zones.Machine(); a = lw_swap.areas(m)[0][1]; "
                "s = [s for s in range(1, int(a['max'])) if lw_swap.byte(a, s) & lw_swap.CACHED]; "
                "gdb.set_convenience_variable('slot', s[0]); p = lw_index.entry(a['tree'], s[0]); "
                "gdb.set_convenience_variable('pfn', (p - int(m.value['mem_map'])) // 64)")
        status, out, err = lowwater("debug", self.results, "--scenario", "oracle-w1", "--mem", "40",
                                    "--devices", "card=16", "--args", "swap=card:16380 oracle-w1.mib=40 oracle-w1.others=0",
                                    "--halt", "--ex", "hbreak swapin_readahead", "--ex", "ignore 1 30",
                                    "--ex", "continue", "--ex", f"python {find}", "--ex", "lw-swap",
                                    "--ex", "lw-swap card $slot", "--ex", "lw-page $pfn")
        self.assertEqual(status, 0, out + err)
        cached = int(re.search(r"(?m)^card +-1 +4095 +\d+ +(\d+) ", out)[1])
        self.assertGreater(cached, 0)
        self.assertIn(f"swap cache: {cached} pages, ", out)
        slot = re.search(r"(?m)^slot (\d+) of card: byte 0x41: 1 table names it, the swap cache has it\n"
                         r"  page frame (\d+) \(0x\w+\) in the swap cache; lw-page \2 tells more$", out)
        self.assertIsNotNone(slot, out + err)
        page = out[out.index(f"page frame {slot[2]} (", slot.end()):]
        self.assertRegex(page, r"(?m)^  is .*\buptodate\b.*\bswapcache\b")
        self.assertIn(f"\n  in the swap cache: slot {slot[1]} of card, byte 0x41: 1 table names it, ", page)

    def test_a_page_of_shared_memory_tells_its_object_and_who_maps_it(self):
        find = ("import lw_zones; m = lw_zones.Machine(); "
                "p = int(gdb.parse_and_eval('((struct unmap_walk *)$rdi)->page')); "
                "gdb.set_convenience_variable('pfn', (p - int(m.value['mem_map'])) // 64)")
        slot = ("import lw_swap, lw_zones; a = lw_swap.areas(lw_zones.Machine())[0][1]; "
                "s = [s for s in range(1, int(a['max'])) if lw_swap.byte(a, s) == lw_swap.SHMEM]; "
                "gdb.set_convenience_variable('slot', s[0])")
        status, out, err = lowwater("debug", self.results, "--scenario", "swapstorm", "--halt",
                                    "--ex", "hbreak unmap_object", "--ex", "ignore 1 300", "--ex", "continue",
                                    "--ex", f"python {find}", "--ex", "lw-page $pfn",
                                    "--ex", f"python {slot}", "--ex", "lw-swap card $slot")
        self.assertEqual(status, 0, out + err)
        self.assertRegex(out, r"(?ms)^  is [^\n]*\bshmem\b[^\n]*$.*^  shmem: page \d+ of the 16 of the object at 0x\w+, "
                              r"which has \d+ in memory and \d+ in swap\n"
                              r"  mapped by pid \d+ \((app|thread)\)[^\n]* at 0x10\w+, not young, (dirty|clean); "
                              r"VMA 0x\w+ to 0x\w+, writable$")
        self.assertRegex(out, r"(?m)^slot \d+ of card: byte 0xbf: shmem's$")

    def test_a_run_without_a_kill_stops_at_its_end(self):
        status, out, err = lowwater("debug", self.results, "--scenario", "info", "--mem", "64",
                                    "--batch", "bt 1;lw-dmesg 1")
        self.assertEqual(status, 0, out + err)
        self.assertIn("machine_exit (code=", out)
        self.assertIn("scenario info finished", out)

    def test_a_schedule_stops_at_each_switch(self):
        token = "0:refill+5#200>1,1:refill+5#400>0"
        status, out, err = lowwater("debug", self.results, "--scenario", "crowdtest", "--mem", "64",
                                    "--cpus", "2", "--build", "debug", "--args",
                                    f"crowdtest.apps=200 sched=@{token}",
                                    "--batch", "bt 3; lw-schedule; continue; lw-schedule")
        self.assertEqual(status, 0, out + err)
        self.assertRegex(out, r"(?m)^Thread 1 hit Breakpoint \d+, (0x\w+ in )?replay_switch ")
        made, waits = (f"{state:9}{part}, CPU {cpu} has come there" for cpu, state, part in
                       zip((0, 1), ("made", "waits"), token.split(",")))
        first, second = out.split(made)[1:]
        self.assertRegex(first, r"^ 200 times\n" + re.escape(waits) + r" \d+ times\n"
                         r"CPU 0 stands still, pid \d+ \(\w+\)")
        self.assertIn("CPU 1 has come there 400 times", second)

    def test_a_spinlock_tells_who_holds_it_and_who_spins(self):
        core = Core(self.results, "crash", "panic", 64, "--cpus", 2, "--shift", 4, "--args",
                    "crash.kind=16 watchdog_ms=50")
        [locks] = core.gdb("lw-locks")
        self.assertIn("a spinlock of this test: held by pid 3 (holder)", locks)
        self.assertIn("a spinlock of this test: CPU 0, pid 2 (scenario) spins on it", locks)

    def test_panic(self):
        core = Core(self.results, "crash", "panic", 64, "--args", "crash.kind=1")
        trace, log = core.gdb("bt", "lw-dmesg 1")
        self.assertRegex(trace, r"(?m)^#\d+ .*\bwild_pointer \(")
        self.assertIn("---[ end Kernel panic", log)

    def test_place_never_reached(self):
        for options, part in (
                (("--scenario", "info", "--at", "oom", "--mem", "64"),
                 "oom was not reached: the guest ended with code 0 (finished)"),
                (("--scenario", "info", "--at", "panic", "--mem", "64"),
                 "panic was not reached: the guest ended with code 0 (finished)"),
                (("--scenario", "info", "--args", "sysrq=q@20", "--at", "end", "--mem", "64"),
                 "end was not reached: the guest ended with code 2")):
            status, out, err = lowwater("core", self.results, *options)
            self.assertEqual((status, out), (2 if "code 2" in part else 1, ""), err)
            self.assert_one_line(err.strip(), part)
            self.assertEqual(list(self.results.rglob("core-*.elf")), [])

    def test_bad_options(self):
        for command, options, part in (("core", ("--at", "lunch"), "AT='lunch': expected oom"),
                                       ("debug", ("--port", "77777"), "PORT='77777': expected")):
            status, _, err = lowwater(command, self.results, *options)
            self.assertEqual(status, 2)
            self.assert_one_line(err.strip(), part)

    def test_without_a_guest(self):
        for text in gdb([ELF], COMMANDS):
            self.assert_one_line(text, "no guest: start one with `make debug`")

    def tearDown(self):
        for path in self.results.rglob("core-*.elf"):
            path.unlink()


class Segments(unittest.TestCase):
    """What is done with an app that is scattered over too many ranges."""

    def test_the_kernel_and_the_largest_ranges_stay(self):
        page = coremap.PAGE
        app = [coremap.Range(i * 4 * page, 0, 0, page) for i in range(coremap.MAX_SEGMENTS)]
        app[7].size = 3 * page
        kernel = [coremap.Range(coremap.KERNEL_HALF + i * page, 0, 0, page) for i in range(5)]
        kept, left_out = coremap.choose(app + kernel)
        self.assertEqual((len(kept), left_out), (coremap.MAX_SEGMENTS, 5))
        self.assertEqual(kept[-5:], kernel)
        self.assertIn(app[7], kept)
        self.assertEqual(coremap.choose(app), (app, 0))


if __name__ == "__main__":
    unittest.main()
