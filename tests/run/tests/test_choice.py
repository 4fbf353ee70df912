"""Tests of commands that mean several runs, and of what is told of them: selection, KTAP, changes, list."""
import copy
import json
import re
import unittest
import xml.etree.ElementTree as tree

from campaign import arms, choice, listing
from fake_build import FakeBuild
from options import UserError
from results import change, junit, ktap
from test_asked import KNOWN, TOLD
from test_parts import result, spec

KTAP = """[    0.1] scenario starts
[    0.2] KTAP version 1
[    0.3] 1..3
[    0.4] app[1]: ok 1 one thing
[    0.5] # it was 3
[    0.6] # not 4
[    0.7] not ok 2 - another & more
[    0.8] all pages returned
[    0.9] ok 3 last""".split("\n")


class Choice(unittest.TestCase):
    def pairs(self, scenarios, patches, known=KNOWN, **changes):
        found, left_out, wrong = choice.pairs(spec(**changes), known, scenarios, patches)
        return [f"{one.scenario} {one.patch}" for one, _ in found], left_out, wrong

    def test_patterns_mean_declared_arms_and_names_mean_what_they_say(self):
        every = ["spike none", "spike series", "spike two,one,three"]
        for scenarios, patches, expected in (
                ("*", "*", ["info none", *every]), ("sp*", "*", every), ("spike", "*", every),
                ("spike", "none series", every[:2]), ("spike", "one,two three", ["spike series", "spike three"]),
                ("s* info", "none", ["spike none", "info none"]), ("*", "one,two", ["spike series"]),
                ("spike", "s* none,none", ["spike series", "spike none"])):
            found, left_out, wrong = self.pairs(scenarios, patches)
            self.assertEqual((sorted(found), left_out, wrong), (sorted(expected), [], []), (scenarios, patches))

    def test_what_cannot_be_meant(self):
        for scenarios, patches, part in (("spkie", "*", "the nearest is spike"), ("x*", "*", "none of that name"),
                                         ("info", "s*", "at least one arm"), ("info", "", "PATCH='': expected"),
                                         ("info", "a,,b c", "PATCH='a,,b': expected")):
            with self.assertRaisesRegex(UserError, re.escape(part)):
                self.pairs(scenarios, patches)

    def test_arms_that_do_not_hold_are_left_out_with_a_line(self):
        found, left_out, _ = self.pairs("*", "none", mem="32")
        self.assertEqual(found, ["info none"])
        self.assertIn("MEM=32: spike none holds with 64 to 4096 MiB", left_out[0])
        with self.assertRaisesRegex(UserError, "^MEM=32: spike none holds"):
            self.pairs("spike", "none", mem="32")

    def test_a_damaged_scenario_is_said_and_the_others_run(self):
        told = copy.deepcopy(TOLD)
        told["arms"][0]["group"] = "x"
        found, _, wrong = self.pairs("*", "*", arms.Known(told))
        self.assertEqual(found, ["info none"])
        self.assertEqual(len(wrong), 1)


class Several(FakeBuild):
    def test_many_machines(self):
        code, out, err = self.lowwater("matrix", "--mems", "64 128", "--many-cpus", "1 2", "--jobs", "1")
        self.assertEqual(code, 0, out + err)
        self.assertEqual([line.split() for line in out.splitlines()[:2]],
                         [["MEM", "64", "128"], ["scenario", "arm,", "CPUS", "1", "2", "1", "2"]])
        self.assertEqual(re.findall(r"(?m)^.*  ok .*$", out), ["spike     a, b       ok  ok   ok  ok",
                                                               "          none       ok  ok   ok  ok"])
        self.assertIn("\n8 runs, 8 as declared, 0 not\n", out)
        for options, part in ((("--mems", "64 x"), "MEM='x': expected"), (("--many-cpus", "9"), "CPUS='9'")):
            code, out, err = self.lowwater("matrix", *options)
            self.assertEqual((code, out, err.count("\n")), (2, "", 1))
            self.assertIn(part, err)

    def test_some_arms_in_one_table(self):
        code, out, err = self.lowwater("run", "--scenario", "sp*", "--patch", "none a,b", "--jobs", "1")
        self.assertEqual(code, 0, out + err)
        self.assertIn("2 arms, 2 as declared, 0 not\n", out)
        self.assertTrue((self.build / "results" / "@sp_@none+a,b" / "table.txt").is_file())

    def test_what_is_not_declared_is_counted_apart(self):
        code, out, _ = self.lowwater("run", "--scenario", "spike", "--patch", "none c")
        self.assertEqual((code, out.splitlines()[-1]), (0, "2 arms, 1 as declared, 0 not, 1 not declared"))

    def test_the_console_as_it_comes_is_of_one_run(self):
        _, out, err = self.lowwater("run", "--scenario", "stuck", "--log")
        self.assertTrue(out.startswith("[    9.000000] LOCKUP: task 7 waits\nscenario "), out)
        self.assertEqual(err, "")
        code, _, err = self.lowwater("run", "--scenario", "s*", "--log")
        self.assertEqual((code, err.count("\n")), (2, 1))
        self.assertIn("LOG=1: expected one scenario", err)

    def test_a_change_of_counters_is_marked(self):
        self.lowwater("all")
        path = self.build / "results" / "spike" / "none" / "result.json"
        before = json.loads(path.read_text(encoding="utf-8"))
        self.assertEqual(before["changed"], {})
        before["counters"] |= {"oom_kills": 7, "kill_to_exit_ms": 3}
        path.write_text(json.dumps(before), encoding="utf-8")
        code, out, _ = self.lowwater("all")
        self.assertEqual(code, 0)
        self.assertRegex(out, r"\n +none  oom-killed  yes\* +1  2072")
        self.assertIn("\nspike none: * counters differ from the last run's: oom_kills 7 -> 1\n", out)
        self.assertNotIn("yes*", self.lowwater("all")[1])


class Changes(unittest.TestCase):
    def test_only_exact_runs_are_compared(self):
        old, new = ({"mode": "exact", "counters": {"a": n, "b": 1, "c_ns": n}} for n in (1, 2))
        self.assertEqual(change.counters(old, new), {"a": [1, 2]})
        self.assertEqual(change.counters(old | {"mode": "fast"}, new), {})
        self.assertEqual(change.counters(None, new), {})
        for outcome in ("timeout", "bad-parameter"):  # which did not come to count
            self.assertEqual(change.counters(old | {"outcome": outcome}, new), {})
            self.assertEqual(change.counters(old, new | {"outcome": outcome}), {})
        self.assertEqual(change.counters(old, new | {"counters": {"b": 1}})["a"], [1, None])

    def test_the_line_is_short(self):
        many = {name: [0, 1] for name in "abcde"}
        self.assertTrue(change.line(many).endswith("a 0 -> 1, b 0 -> 1, c 0 -> 1 and 2 more"))
        self.assertIsNone(change.line({}))


class Ktap(unittest.TestCase):
    def test_lines_without_stamps(self):
        self.assertEqual(ktap.lines(KTAP), ["KTAP version 1", "1..3", "ok 1 one thing", "# it was 3", "# not 4",
                                            "not ok 2 - another & more", "ok 3 last"])
        self.assertEqual(ktap.lines(["[ 0.1] ok 1 is not one"]), [])

    def test_a_case_for_each(self):
        text = junit.text([result(ktap=ktap.tests(KTAP)), result(scenario="other")])
        suite = tree.fromstring(text).find("testsuite")
        self.assertEqual((suite.get("tests"), suite.get("failures")), ("5", "1"))
        cases = [(one.get("classname"), one.get("name")) for one in suite]
        self.assertEqual(cases[1:4], [("lowwater.spike.none", name) for name in
                                      ("one thing", "another & more", "last")])
        self.assertEqual(suite.find("testcase/failure").get("message"), "it was 3; not 4")


class Listing(unittest.TestCase):
    def test_machines_knobs_and_patches(self):
        text = listing.text(KNOWN)
        for part in ("  holds with MEM 64 to 4096, CPUS 1 to 2\n", "  spike.apps=4 (1 to 9): apps\n",
                     "\n  hz=250 (100 to 1000): ticks\n", "\n  trace=...: on\n"):
            self.assertIn(part, text)
        self.assertEqual(text.count("spike.apps"), 4)  # the knob, and the arms' own values

    def test_some(self):
        self.assertNotIn("hz", listing.text(KNOWN, "inf*"))
        with self.assertRaisesRegex(UserError, "SCENARIO='x': there is none of that name"):
            listing.text(KNOWN, "x")


if __name__ == "__main__":
    unittest.main()
