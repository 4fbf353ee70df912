"""Tests of what a user asks for and a scenario declares, held against what the kernel tells."""
import copy
import json
import unittest
from unittest import mock

from campaign import arms, asked
from fake_build import FakeBuild
from options import MAX_LINE, UserError
from test_parts import spec

PATCHES = [{"title": "mm: do", "source": "somebody", "needs": "", "series": False} | one for one in (
    {"name": "one", "series": True}, {"name": "two", "series": True, "needs": "one"}, {"name": "three"},
    {"name": "four"})]
SPIKE = {"scenario": "spike", "group": "study", "patch": "none", "outcome": "oom-killed",
         "checks": ["oom_kills == 1", "preferred.free > preferred.min", "victim2_pages > 0"],
         "showed": "{oom_kills} killed of {cpus}", "args": "watchdog_ms=3000 spike.apps=2",
         "every": "watchdog_ms=3000", "mem": 128, "mem_hold": [64, 4096], "cpus_hold": [1, 2]}
TOLD = {
    "arms": [SPIKE, SPIKE | {"patch": "series"}, SPIKE | {"patch": "two,one,three"},
             {"scenario": "info", "patch": "none", "outcome": "completed"}],
    "scenarios": [{"name": "spike", "file": "tests/scenarios/spike.c"},
                  {"name": "info", "file": "tests/scenarios/info.c"}],
    "patches": PATCHES,
    "params": [{"name": "hz", "help": "ticks", "min": 100, "max": 1000, "default": 250},
               {"name": "trace", "help": "on"}, {"name": "sysrq", "help": "keys"},
               {"name": "outside", "help": "anywhere", "min": 0, "max": 1, "default": 0},
               {"name": "watchdog_ms", "help": "ms", "min": 0, "max": 60000, "default": 5000},
               {"name": "spike.apps", "help": "apps", "min": 1, "max": 9, "default": 4},
               {"name": "info.depth", "help": "depth", "min": 0, "max": 9, "default": 0},
               {"name": "info.latency", "help": "of a device", "min": 0, "max": 9, "default": 0, "kernel": True},
               {"name": "sample_us", "help": "how often", "min": 0, "max": 9999, "default": 0},
               {"name": "map_us", "help": "how often", "min": 0, "max": 9999, "default": 0}],
    "counters": ["oom_kills", "victim%d_pages"],
}
KNOWN = arms.Known(TOLD)


class Asked(unittest.TestCase):
    def refused(self, part, **changes):
        with self.assertRaises(UserError) as caught:
            asked.settle(spec(**changes), KNOWN)
        self.assertIn(part, str(caught.exception))
        self.assertNotIn("\n", str(caught.exception))

    def test_names_that_nobody_knows(self):
        self.refused("SCENARIO='sipke': there is none of that name; the nearest is spike;",
                     scenario="sipke")
        self.refused("SCENARIO='quux': there is none of that name; `make list`", scenario="quux")
        self.refused("PATCH='all,-thre': no patch is named thre; the nearest is three;",
                     patch="all,-thre")
        self.refused("PATCH='two': expected two together with one", patch="two")
        self.refused("ARGS: no parameter is named hs; `make list`", args="hs=250")
        self.refused("no parameter is named spike.aps; the nearest is spike.apps", args="spike.aps=1")
        self.refused("no parameter is named apps; the nearest is spike.apps", args="apps=8")
        self.refused("no parameter is named depth; `make list`", args="depth=1")
        self.refused("ARGS word 'quiet': expected name=value", args="quiet")
        self.refused("ARGS: hz is given twice", args="hz=250 hz=250")

    def test_values_out_of_their_ranges(self):
        self.refused("ARGS: spike.apps=10: expected 1 to 9: apps", args="spike.apps=10")
        self.refused("ARGS: hz=x: expected 100 to 1000: ticks", args="hz=x")
        self.assertTrue(asked.settle(spec(args="hz=0xfa"), KNOWN))

    def test_a_knob_of_another_scenario(self):
        self.refused("ARGS: info.depth is a knob of scenario info; expected one of spike's",
                     args="info.depth=1")

    def test_a_device_that_a_scenario_is_named_after(self):
        self.assertTrue(asked.settle(spec(args="info.latency=1"), KNOWN))

    def test_a_line_that_the_kernel_would_not_take(self):
        self.refused(f"which the kernel's command line has {MAX_LINE}", args="sysrq=" + "f" * 3000)
        [room] = self.room(3000)
        asked.settle(spec(args="sysrq=" + "f" * (room - 6)), KNOWN)
        self.refused("characters; expected at most", args="sysrq=" + "f" * (room - 5))

    def room(self, length):
        try:
            asked.settle(spec(args="sysrq=" + "f" * length), KNOWN)
        except UserError as error:
            return [int(word) for word in str(error).split("at most ")[1].split(",")[:1]]
        return []

    def test_machines_on_which_an_arm_does_not_hold(self):
        self.refused("MEM=32: spike none holds with 64 to 4096 MiB (ARGS=", mem="32")
        self.refused("CPUS=3: spike series holds with 1 to 2 (ARGS=", cpus="3", patch="series")
        one, arm = asked.settle(spec(mem="32", args="outside=1"), KNOWN)
        self.assertEqual((one.undeclared, arm), ("not declared: MEM=32", None))
        asked.settle(spec(mem="32", scenario="info"), KNOWN)

    def test_a_list_meets_the_arm_of_the_same_set(self):
        for text, name in (("none,none", "none"), ("all,none", "none"), ("one,two", "series"),
                           ("two,one", "series"), ("all,-three,-four", "series"),
                           ("all,-four", "two,one,three"), ("three,series", "two,one,three")):
            one, arm = asked.settle(spec(patch=text), KNOWN)
            self.assertEqual((one.patch, arm.patch), (name, name), text)
            self.assertEqual(one.folder.name, name.replace(",", "+"))

    def test_none_beside_patches_is_no_list(self):
        for text in ("none,all", "none,one", "all,none,series"):
            self.refused(f"PATCH='{text}': expected none alone; several arms are separated by blanks: ", patch=text)

    def test_a_set_without_an_arm_has_one_name_and_is_not_judged(self):
        for text, name in (("four,three", "three,four"), ("one,two,four", "all,-three"),
                           ("four,three,two,one", "all"), ("all,-two", "all,-two")):
            one, arm = asked.settle(spec(patch=text), KNOWN)
            self.assertEqual((one.patch, arm, one.undeclared),
                             (name, None, "not declared: no arm has this PATCH"))

    def test_an_arm_with_another_parameter_is_not_judged(self):
        for args, changed in (("spike.apps=3", "spike.apps=3"), ("watchdog_ms=9 trace=on", "watchdog_ms=9"),
                              ("sysrq=f@10", "sysrq=f@10"), ("sysrq=t@10,m@20", ""), ("hz=250", ""),
                              ("spike.apps=2", ""), ("spike.apps=4", "spike.apps=4"),
                              ("trace=on outside=1", ""), ("sample_us=4000 map_us=8000", "")):
            one, arm = asked.settle(spec(args=args), KNOWN)
            self.assertEqual(one.undeclared, f"not declared: {changed}" if changed else "", args)
            self.assertEqual(arm is None, bool(changed))

    def test_a_kernel_that_tells_less_is_asked_less(self):
        old = arms.Known({"arms": [SPIKE]})
        one, arm = asked.settle(spec(patch="x,y", args="any=1"), old)
        self.assertEqual((one.patch, arm), ("x,y", None))


class Declared(unittest.TestCase):
    def faults(self, arm=0, **changes):
        told = copy.deepcopy(TOLD)
        told["arms"][arm] |= changes
        return arms.Known(told).faults

    def test_what_is_right_has_no_faults(self):
        self.assertEqual(KNOWN.faults, {})

    def test_each_is_a_line_with_file_and_field(self):
        for changes, said in (
                ({"patch": "one,tow"}, ".patch: PATCH='one,tow': no patch is named tow; the nearest is two"),
                ({"group": "studdy"}, ".group: 'studdy'; the nearest is study; expected study or test"),
                ({"outcome": "oom-kiled"}, ".outcome: 'oom-kiled'; the nearest is oom-killed;"),
                ({"shift": 11}, ".shift: 11; expected 0 to 10"),
                ({"mem": 99999}, ".mem_mib: 99999; expected 0 to 16384"),
                ({"mem_hold": [9, 3]}, ".mem: {9, 3}; expected two numbers from 1 to 16384, the lesser"),
                ({"cpus_hold": [1, 9]}, ".cpus: {1, 9}; expected two numbers from 1 to 8"),
                ({"args": "hz=9"}, ".args: hz=9; expected 100 to 1000"),
                ({"args": "hzz=9"}, ".args: no parameter is named hzz; the nearest is hz"),
                ({"checks": ["oom_kils > 0"]}, ".checks: oom_kils > 0: oom_kils is neither a counter nor "
                                               "in a report; the nearest is oom_kills"),
                ({"checks": ["oom_kills >"]}, ".checks: oom_kills >: not an expression"),
                ({"checks": ["len(x)"]}, ".checks: len(x): len(x) is not allowed here"),
                ({"showed": "{victimx_pages}"}, ".showed: victimx_pages: victimx_pages is neither"),
                ({"showed": "{oom_kills"}, ".showed: {oom_kills: a brace has no partner")):
            with self.subTest(changes):
                [line] = self.faults(**changes)["spike"]
                self.assertTrue(line.startswith("tests/scenarios/spike.c: scenario spike: arm "), line)
                self.assertIn(said, line)

    def test_what_is_declared_twice(self):
        for kind, said in (("arms", "arm none: another arm has these patches"),
                           ("scenarios", "name: another scenario has it too")):
            told = copy.deepcopy(TOLD)
            told[kind].append(told[kind][0])
            [line] = arms.Known(told).faults["spike"]
            self.assertIn(f"tests/scenarios/spike.c: scenario spike: {said}", line)
        told = copy.deepcopy(TOLD)
        told["params"] += [told["params"][5], {"name": "info.x", "help": "", "min": 1, "max": 2, "default": 0}]
        found = arms.Known(told).faults
        self.assertIn("spike.apps: a knob of that name is declared twice", found["spike"][0])
        self.assertIn("info.x: its default is 0; expected 1 to 2", found["info"][0])

    def test_the_others_keep_theirs(self):
        told = copy.deepcopy(TOLD)
        told["arms"][0]["shift"] = 99
        known = arms.Known(told)
        asked.settle(spec(scenario="info"), known)
        with self.assertRaisesRegex(UserError, "^tests/scenarios/spike.c: .*shift: 99; expected 0 to 10"):
            asked.settle(spec(), known)


class WholeRuns(FakeBuild):
    """With a stand-in for the emulator, whose kernel has one damaged scenario."""

    def lowwater(self, *argv, **changes):
        told = {"arms": [{"scenario": "spike", "patch": "none", "outcome": "oom-killed",
                          "args": "spike.apps=2"},
                         {"scenario": "stuck", "patch": "none", "outcome": "lokup"},
                         {"scenario": "dice", "patch": "none", "outcome": "completed", "mem_hold": [64, 128]}]}
        told["scenarios"] = [{"name": one["scenario"], "file": f"{one['scenario']}.c"}
                             for one in told["arms"]]
        with mock.patch.object(arms, "ask", return_value=told):
            return super().lowwater(*argv)

    def test_one_damaged_scenario(self):
        line = "lowwater: stuck.c: scenario stuck: arm none: .outcome: 'lokup'; the nearest is lockup;"
        code, out, err = self.lowwater("run", "--scenario", "stuck")
        self.assertEqual((code, out, err.count("\n")), (2, "", 1))
        self.assertIn(line, err)
        self.assertEqual(self.lowwater("run")[0], 0)

    def test_an_undeclared_run_says_so(self):
        code, out, _ = self.lowwater("run", "--args", "spike.apps=3")
        self.assertEqual(code, 0)
        self.assertIn("  oom-killed  -      1  not declared: spike.apps=3 ", out)
        found = self.result("spike")
        self.assertEqual((found["as_expected"], found["expected"]), (None, None))

    def test_the_cache_has_all_that_was_told(self):
        self.lowwater("list")
        kept = json.loads((self.build / "scenarios.json").read_text(encoding="utf-8"))
        self.assertEqual({"elf_sha256", "build_id", "arms", "scenarios"}, set(kept))
        self.assertEqual(self.lowwater("run", "--scenario", "stuk")[0], 2)


if __name__ == "__main__":
    unittest.main()
