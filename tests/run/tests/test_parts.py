"""Tests of the runner's small parts: options, command lines, events, checks, outcomes, texts."""
import json
import tempfile
import unittest
import xml.etree.ElementTree as tree
from pathlib import Path
from unittest import mock

from campaign import arms, listing
from machine import facts, iso, qemu
from results import console, events, expr, junit, outcome
import options

DEFAULTS = {"scenario": "spike", "patch": "none", "mem": "", "shift": "", "cpus": "1",
            "seed": "1", "sched": "0", "mode": "exact", "args": "", "devices": "", "boot": "kernel", "build": "release",
            "timeout": "300", "results": "", "build_dir": "build"}
DECLARED = {"arms": [{"scenario": "spike", "source": "highatomic", "patch": "none", "mem": 96,
                      "shift": 4, "every": "a=1 c=3", "outcome": "oom-killed", "help": "help",
                      "checks": ["oom_kills == 1"], "args": "a=1 b=2",
                      "showed": "{oom_kills} killed"}]}
ARM = arms.make_arm(DECLARED["arms"][0])


def spec(**changes):
    return options.make_spec(DEFAULTS | changes)


def settled(table=(), **changes):
    return arms.settle(spec(**changes), list(table))


def result(**changes):
    base = {"scenario": "spike", "source": "highatomic", "arm": "none", "showed": "1 killed", "outcome": "oom-killed", "expected": "oom-killed",
            "as_expected": True, "failed_checks": [], "message": None, "notes": [],
            "counters": {"oom_kills": 1}, "reports": [], "wall_seconds": 1.5, "qemu": "qemu -x",
            "instructions": {"to_scenario_start": 1, "total": 2345678}}
    return base | changes


class Options(unittest.TestCase):
    def test_bad_values_are_named_with_what_was_expected(self):
        for name, value in (("cpus", "9"), ("cpus", "0"), ("cpus", "two"), ("mem", "2G"),
                            ("mem", "0"), ("mem", "1"), ("mem", "16385"), ("mem", " "),
                            ("shift", "11"), ("shift", "-1"), ("shift", "auto"), ("shift", "1.0"),
                            ("mode", "kvm"), ("boot", "disk"), ("build", "o2"),
                            ("seed", "-1"), ("seed", "2147483648"), ("sched", "x"),
                            ("sched", "2147483648"), ("timeout", "0"), ("patch", ""),
                            ("patch", "a,,b"), ("patch", "../x"), ("scenario", "a b"),
                            ("scenario", ".."), ("scenario", ".x"), ("scenario", "a/b"),
                            ("args", "seed=4"), ("args", "icount=2"), ("args", "a='1'")):
            with self.subTest(f"{name}={value}"):
                with self.assertRaises(options.UserError) as caught:
                    spec(**{name: value})
                self.assertIn(name, str(caught.exception).lower())
                self.assertRegex(str(caught.exception), "expected|set ")
                self.assertNotIn("\n", str(caught.exception))

    def test_limits_are_those_of_the_kernel(self):
        one = spec(cpus="8", seed="2147483647", sched="2147483647")
        self.assertEqual((one.cpus, one.seed, one.sched), (8, 2147483647, 2147483647))
        with self.assertRaisesRegex(options.UserError, "^CPUS='9': .* number from 1 to 8$"):
            spec(cpus="9")

    def test_a_shift_needs_counted_instructions(self):
        with self.assertRaisesRegex(options.UserError, "^SHIFT='0': expected none with MODE=fast"):
            spec(shift="0", mode="fast")

    def test_icount_names_its_own_variable(self):
        with self.assertRaisesRegex(options.UserError, "set SHIFT=... instead"):
            spec(args="icount=2")

    def test_a_scenario_may_be_named_after_a_version(self):
        self.assertEqual(spec(scenario="mmap-writer-4.8").scenario, "mmap-writer-4.8")

    def test_folders(self):
        one = spec(patch="all,-highatomic-force", build="debug", build_dir="out")
        self.assertEqual(one.folder, Path("out/results/spike/all+-highatomic-force"))
        self.assertEqual(one.elf, Path("out/debug/lowwater.elf"))


class CommandLine(unittest.TestCase):
    def test_exact(self):
        one = settled(mem="128", seed="7", sched="3", args="spike.apps=8")
        line = qemu.kernel_line(one)
        self.assertEqual(line, "scenario=spike patch=none seed=7 sched=3 icount=0 spike.apps=8")
        self.assertEqual(" ".join(qemu.command(one, line, "C", "a,E")[1:]),
                         "-machine pc -nodefaults -accel tcg -icount shift=0,sleep=off -cpu qemu64 -smp 1 "
                         "-m 128 -rtc base=2000-01-01,clock=vm -seed 1 -no-reboot "
                         "-display none -serial file:C "
                         "-chardev file,id=events,path=a,,E "
                         "-device isa-debugcon,iobase=0xe9,chardev=events "
                         "-device isa-debug-exit,iobase=0xf4,iosize=0x04 "
                         f"-kernel build/lowwater.elf -append {line}")

    def test_a_token_takes_the_place_of_the_schedule_seed(self):
        one = settled(args="sched=@0:fill_slot+6#1>1")
        self.assertEqual(qemu.kernel_line(one),
                         "scenario=spike patch=none seed=1 icount=0 sched=@0:fill_slot+6#1>1")
        with self.assertRaisesRegex(options.UserError, "SCHED='5': expected none with sched=@... in ARGS"):
            settled(sched="5", args="sched=@0:fill_slot+6#1>1")

    def test_shift(self):
        one = settled(shift="4")
        argv = qemu.command(one, qemu.kernel_line(one), "C", "E")
        self.assertIn("shift=4,sleep=off", argv)
        self.assertIn(" icount=4", argv[-1])

    def test_fast_counts_no_instructions(self):
        one = settled(mode="fast")
        argv = qemu.command(one, qemu.kernel_line(one), "C", "E")
        self.assertNotIn("-icount", argv)
        self.assertIn("tcg,thread=multi", argv)
        self.assertNotIn("icount", argv[-1])
        self.assertIn("kvm", qemu.command(one, "line", "C", "E", accel=qemu.KVM))

    def test_iso_boots_from_the_cd_alone(self):
        argv = qemu.command(settled(boot="iso"), "line", "C", "E", iso=Path("x.iso"))
        self.assertEqual(argv[-2:], ["-cdrom", "x.iso"])
        self.assertNotIn("-kernel", argv)


class Facts(unittest.TestCase):
    def test_places_are_the_first_frames(self):
        lines = ["Thread 1 (Thread 1.1 (CPU#0 [running])):", "rax  0x1  1", "",
                 "Thread 1 (Thread 1.1 (CPU#0 [running])):",
                 "#0  0xffffffff80108068 in spin (l=0x1 <a>, f=(b *) 0x2) at mm/space/fault.c:66",
                 "#1  0xffffffff80108068 in mm_fault (mm=0x1) at mm/space/fault.c:66", "",
                 "Thread 2 (Thread 1.2 (CPU#1 [halted ])):", "#0  0x00000000000fd09a in ?? ()"]
        self.assertEqual(facts.places(lines), "CPU 0 in spin (mm/space/fault.c:66), "
                                              "CPU 1 halted in 0x00000000000fd09a")
        self.assertIsNone(facts.places(lines[:3]))

    def test_socket_of_a_deep_folder_still_fits(self):
        with mock.patch.object(tempfile, "tempdir", "/tmp/" + "x" * 90):
            with facts.Facts(spec(), Path("folder")).stub() as more:
                self.assertLess(len(more[1]), 120)


class Console(unittest.TestCase):
    def test_error_line_is_the_last_with_the_mark(self):
        lines = ["[    0.000001] lowwater: 1", "[    0.000123] lowwater: bad parameter: x", "", ""]
        self.assertEqual(console.error_line(lines), "lowwater: bad parameter: x")
        self.assertEqual(console.last_line(lines), "lowwater: bad parameter: x")
        self.assertIsNone(console.error_line(["nothing"]))


class Events(unittest.TestCase):
    def test_torn_and_unknown_lines(self):
        said = events.parse('{"event":"counter","name":"n","value":1}\n{"event":"new"}\n'
                            '{"event":"counter","name":"n","value":2}\n{"event":"end","co')
        self.assertEqual((said.counters, said.end, said.notes), ({"n": 2}, {}, []))

    def test_broken_line_in_the_middle_leaves_a_note(self):
        said = events.parse('{"event":"st\n[1]\n{"event":"end","code":0}\n')
        self.assertEqual(len(said.notes), 2)
        self.assertEqual(said.end["code"], 0)


    def test_samples_by_name(self):
        said = events.parse('{"event":"sample","name":"rss","pid":7,"ns":1,"value":5,"more":1}\n'
                            '{"event":"sample","name":"free","pid":0,"ns":2,"value":-6}\n'
                            '{"event":"sample","name":"rss","pid":8,"ns":3,"value":0}\n')
        self.assertEqual(said.samples, {"rss": [{"ns": 1, "value": 5, "pid": 7},
                                                {"ns": 3, "value": 0, "pid": 8}],
                                        "free": [{"ns": 2, "value": -6, "pid": 0}]})
        self.assertEqual(said.notes, [])

    def test_samples_of_memory_in_order(self):
        one = {"ns": 1, "free": {"DMA": 2}, "reserved": {"DMA": 0}, "inactive_anon": 3, "active_anon": 4,
               "swap_free": 5, "swap_cached": 6, "allocstall": 7, "kills": 8, "reaps": 9, "why": "kill"}
        said = events.parse("".join(json.dumps(one | {"event": "memory_sample", "ns": ns, "more": 1}) + "\n"
                                    for ns in (7, 8)))
        self.assertEqual(said.memory_samples, [one | {"ns": 7}, one | {"ns": 8}])
        for bad in ({"free": 5}, {"free": "x"}, {"reserved": {"DMA": "2"}}, {"swap_free": None}, {"ns": 1.5}, {"why": 1},
                    {"kills": "2"}):
            with self.subTest(bad):
                said = events.parse(json.dumps(one | {"event": "memory_sample"} | bad) + "\n")
                self.assertEqual((said.memory_samples, len(said.notes)), ([], 1))

    def test_maps_in_order_with_what_they_are_held_against(self):
        one = {"ns": 1, "zone": "DMA", "cells": "12Mf4H03U83-f"}
        zone = {"start_pfn": 1, "pageblocks": 22, "managed": 2, "min": 3, "low": 4, "high": 5}
        said = events.parse(json.dumps({"event": "zones", "pageblock_pages": 512, "zones": {"DMA": zone}}) + "\n"
                            + "".join(json.dumps(one | {"event": "map", "ns": ns, "more": 1}) + "\n" for ns in (7, 8)))
        self.assertEqual(said.map, [one | {"ns": 7}, one | {"ns": 8}])
        self.assertEqual(said.zones, {"DMA": zone | {"pageblock_pages": 512}})
        self.assertEqual(events.cells(one["cells"]), [("M", 15)] * 12 + [("H", 0)] * 4 + [("U", 8)] * 3 + [("-", 15)] * 3)
        for bad in ({"cells": ""}, {"cells": "12M"}, {"cells": "Mf"}, {"cells": "0Mf"}, {"cells": "1Mg"},
                    {"cells": "1Mf "}, {"cells": "99999999Mf"}, {"cells": 5}, {"zone": ""}, {"ns": "1"}):
            with self.subTest(bad):
                said = events.parse(json.dumps(one | {"event": "map"} | bad) + "\n")
                self.assertEqual((said.map, len(said.notes)), ([], 1))
        said = events.parse(json.dumps({"event": "zones", "pageblock_pages": 512, "zones": {"DMA": {"min": 1}}}) + "\n")
        self.assertEqual((said.zones, len(said.notes)), ({}, 1))

    def test_timeline_in_order_with_all_that_was_said(self):
        said = events.parse('{"event":"oom","what":"reaped","pid":7,"ns":9,"pages":3}\n'
                            '{"event":"oom","what":"exited","pid":7,"ns":8}\n')
        self.assertEqual(said.timeline, [{"what": "reaped", "pid": 7, "ns": 9, "pages": 3},
                                         {"what": "exited", "pid": 7, "ns": 8}])

    def test_malformed_ones_are_noted_and_nothing_else(self):
        good = {"event": "sample", "name": "n", "pid": 1, "ns": 1, "value": 1}
        bad = [good | {key: value} for key, value in (
            ("value", "1"), ("value", 1.5), ("ns", None), ("pid", True), ("name", ""),
            ("name", 5))] + [{"event": "sample"}]
        bad += [{"event": "oom", "what": "killed", "pid": 1}, {"event": "oom", "pid": 1, "ns": 1},
                {"event": "oom", "what": [], "pid": 1, "ns": 1}]
        for one in bad:
            with self.subTest(one):
                said = events.parse(json.dumps(one) + "\n")
                self.assertEqual((said.samples, said.timeline, len(said.notes)), ({}, [], 1))


class Checks(unittest.TestCase):
    counters = {"oom_kills": 2, "free": 9}
    reports = [{"free": 1, "zones": {"DMA32": {"min": 100, "free_by_type": {"H": 250}}},
                "trigger": {"comm": "spike"}, "victim": None}]

    def failure(self, text):
        return expr.failure(text, self.counters, self.reports)

    def test_those_that_hold(self):
        for text in ("oom_kills == 2", "free == 9", "1 < oom_kills <= 2", "not oom_kills > 2",
                     "zones.DMA32.free_by_type.H >= 2 * zones.DMA32.min", "-3 + 7 // 2 == 0",
                     "oom_kills / 4 == 0.5", "trigger.comm == 'spike' and oom_kills - 1 == 1",
                     "oom_kills == 9 or oom_kills == 2"):
            self.assertIsNone(self.failure(text), text)

    def test_those_that_fail_say_why(self):
        for text, part in (("oom_kills == 3", "does not hold (oom_kills = 2)"),
                           ("oom_kils == 2", "oom_kils is neither"), ("oom_kills ==", "not an"),
                           ("zones.DMA32.nope > 1", "zones.DMA32.nope is neither"),
                           ("zones.DMA32 > 1", "no single value"), ("victim > 1", "no single"),
                           ("1 // 0 == 1", "zero"), ("trigger.comm > 1", "not supported")):
            self.assertIn(part, self.failure(text), text)
        self.assertIn("no report was printed", expr.failure("zones.DMA.min > 1", {}, []))

    def test_the_preferred_zone_is_the_requests(self):
        reports = [{"preferred": "DMA32", "zones": {"DMA32": {"free": 1}, "Normal": {"free": 2}}}]
        self.assertEqual(expr.evaluate("preferred.free", {}, reports), 1)
        self.assertEqual(expr.evaluate("preferred.name", {}, reports), "DMA32")
        reports[0]["preferred"] = None
        with self.assertRaisesRegex(expr.CheckError, "preferred.free is neither a counter nor in"):
            expr.evaluate("preferred.free", {}, reports)

    def test_the_worst_task_is_the_tables(self):
        def row(name, rss, adj=0):
            return {"name": name, "rss": rss, "swapents": 1, "nr_ptes": 2, "nr_pmds": 3,
                    "oom_score_adj": adj}

        for rows, name in (((row("a", 9), row("b", 10), row("c", 8)), "b"),
                           ((row("a", 9), row("b", 9)), "b"),
                           ((row("a", 9), row("b", 99, -1000)), "a"),
                           ((row("a", 9), row("b", 5, 3)), "b"),
                           ((row("a", 9), row("b", 5, 1)), "a")):
            one = {"tasks": rows, "trailer": {"ram": 2999, "reserved": 3}}
            self.assertIsNone(expr.failure(f"worst.name == '{name}'", {}, [one]))
        self.assertIn("worst.name is neither", expr.failure("worst.name == 'a'", {}, [{}]))

    def test_nothing_else_is_evaluated(self):
        for text in ("__import__('os')", "(lambda: 1)()", "[1][0]", "2 ** 9", "1 if 1 else 2",
                     "'a'.upper()", "oom_kills in (1, 2)", "(1).real", "f'{1}'", "(x := 1)"):
            self.assertIn("not allowed", self.failure(text), text)


class Outcomes(unittest.TestCase):
    def test_of_status(self):
        oom = [{"kind": "oom"}]
        for status, counters, reports, expected in (
                (33, {}, [], "completed"), (33, {"oom_kills": 1}, [], "oom-killed"),
                (33, {}, oom, "oom-killed"), (33, {"oom_kills": 0}, [], "completed"),
                (37, {}, [], "bad-parameter"), (39, {}, oom, "panic"), (41, {}, [], "lockup"),
                (None, {}, [], "timeout"), (0, {}, [], "crash"), (1, {}, [], "crash"),
                (34, {}, [], "crash"), (35, {}, [], "crash"), (-9, {}, [], "crash")):
            self.assertEqual(outcome.outcome(status, counters, reports), expected, status)

    def test_judgement(self):
        self.assertEqual(outcome.judge(None, "panic", {}, []), (None, []))
        self.assertEqual(outcome.judge(ARM, "oom-killed", {"oom_kills": 1}, []), (True, []))
        good, failed = outcome.judge(ARM, "completed", {"oom_kills": 0}, [])
        self.assertFalse(good)
        self.assertEqual(failed[0], "outcome is completed: expected oom-killed")
        self.assertEqual(len(failed), 1)

    def test_exit_codes(self):
        broken = [{"kind": "oom", "identities": {"checked": 1, "violated": ["1 x"]}}]
        for changes, code in (({}, 0), ({"as_expected": None}, 0), ({"as_expected": False}, 1),
                              ({"reports": broken}, 1), ({"outcome": "lockup"}, 0),
                              ({"outcome": "lockup", "as_expected": None}, 4),
                              ({"outcome": "bad-parameter", "as_expected": False}, 2),
                              ({"outcome": "panic", "as_expected": False}, 3),
                              ({"outcome": "timeout", "as_expected": None}, 5),
                              ({"outcome": "crash", "as_expected": None}, 6)):
            self.assertEqual(outcome.exit_code(result(**changes)), code, changes)


class Texts(unittest.TestCase):
    def test_junit_is_well_formed_whatever_the_console_said(self):
        bad = result(as_expected=False, failed_checks=["a < b & \x1b[0m]]>"], message="\x00torn")
        suite = tree.fromstring(junit.text([result(), bad]).encode()).find("testsuite")
        self.assertEqual((suite.get("tests"), suite.get("failures")), ("2", "1"))
        self.assertIn("a < b & ", suite.findall("testcase")[1].find("failure").get("message"))

    def test_listing(self):
        lines = listing.text(arms.Known(DECLARED)).split("\n")
        self.assertEqual(lines[0], "spike (study, highatomic): help")
        self.assertEqual(lines[1], '  MEM=96 SHIFT=4 ARGS="a=1 c=3"')
        self.assertTrue(lines[2].endswith(" a=1 b=2"))
        self.assertEqual(lines[-1].strip(), '"{oom_kills} killed"')

    def test_arm_with_a_field_missing_is_named(self):
        with self.assertRaisesRegex(options.UserError, "'patch'"):
            arms.make_arm({"scenario": "spike", "outcome": "completed"})

    def test_grub_menu(self):
        text = iso.menu([ARM])
        self.assertIn("terminal_output serial console", text)
        self.assertIn("multiboot2 /boot/lowwater.elf 'scenario=spike' 'patch=none' 'a=1' 'b=2'",
                      text)

    def test_silent_menu_leaves_the_serial_line_alone(self):
        text = iso.silent("scenario=spike seed=1")
        self.assertNotIn("serial", text)
        self.assertIn("timeout=0", text)


if __name__ == "__main__":
    unittest.main()
