"""A choice that picks nothing, and a word that says nothing, end with one line and exit code 2: nothing
that was not asked for is run instead, and nothing passes for having been run.
"""
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

MAIN = "tests/host/twin/main.c"
# A group of two tests in the place of each of the twin's.
# Fails where another group has been before.
TESTS = """#include "twin.h"
static bool left;
static void first(void **s) { (void)s; assert_false(left); }
static void second(void **s) { (void)s; left = true; }
"""
GROUP = """static const struct CMUnitTest {0}_tests[] = {{{{"test_{0}_a", first}}, {{"test_{0}_b", second}}}};
int host_{0}(void);
int host_{0}(void) {{ return twin_run_group("{0}", {0}_tests, 2); }}
"""
COMPILE = ("gcc", "-std=gnu11", "-Itests/host/shim", "-Itests/host/twin", "-Itests/host", "-I.")


class Twin(unittest.TestCase):
    """The host twin's main program over groups of tests that leave something behind for the next one."""

    @classmethod
    def setUpClass(cls):
        place = tempfile.TemporaryDirectory()
        cls.addClassCleanup(place.cleanup)
        names = re.findall(r"X\((\w+)\)", Path(MAIN).read_text(encoding="utf-8").replace("GROUPS(X)", ""))
        groups = Path(place.name) / "groups.c"
        groups.write_text(TESTS + "".join(map(GROUP.format, names)), encoding="utf-8")
        cls.program, cls.groups = Path(place.name) / "twin", names
        subprocess.run([*COMPILE, MAIN, groups, "-lcmocka", "-o", cls.program], check=True)

    def run_it(self, *words):
        done = subprocess.run([self.program, *words], capture_output=True, text=True, check=False,
                              env=os.environ | {"CMOCKA_MESSAGE_OUTPUT": "TAP"})
        return done.returncode, done.stdout, done.stderr

    def test_a_pattern_without_a_test_runs_and_says_nothing_else(self):
        for words in (("nonsense",), ("test_gfp_[cd]",), ("test_gfp_a", "patch"), ("",)):
            self.assertEqual(self.run_it(*words), (2, "", "lowwater: no test of the host twin is named "
                                                          f"{words[0]}\n"))

    def test_only_what_the_pattern_picks_is_run(self):
        for words, picked in ((("test_gfp_?",), 2), (("test_*_[a]",), len(self.groups)), ((), 2 * len(self.groups))):
            code, out, _ = self.run_it(*words)
            self.assertEqual((code, len(re.findall("^ok ", out, re.M))), (0, picked), words)

    def test_groups_that_are_named_share_a_process(self):
        code, out, _ = self.run_it("*", "gfp", "patch")
        self.assertEqual((code, re.findall("(?m)^(not ok|ok) . - (\\w+)", out)),
                         (1, [("ok", "test_gfp_a"), ("ok", "test_gfp_b"), ("not ok", "test_patch_a"), ("ok", "test_patch_b")]))

    def test_groups_that_standard_input_names_are_run_one_by_one(self):
        done = subprocess.run([self.program, "--serve"], input="gfp\npatch\n", capture_output=True, text=True,
                              check=True, env=os.environ | {"CMOCKA_MESSAGE_OUTPUT": "TAP"})
        self.assertEqual(re.findall("(?m)^ok . - (\\w+)|^# (status .)$", done.stdout),
                         [("test_gfp_a", ""), ("test_gfp_b", ""), ("", "status 0"),
                          ("test_patch_a", ""), ("test_patch_b", ""), ("", "status 0")])

    def test_an_unknown_group_is_named(self):
        code, _, err = self.run_it("*", "gpf")
        self.assertEqual((code, err), (2, "host: no group of tests is called gpf\n"))


class Suites(unittest.TestCase):
    def test_mistakes_in_one_line(self):
        built = ("--fast", "gcc", "--checked", "gcc", "--link", "gcc", "--objects", "x.o", "folder")
        for program, words, said in (
                ("fuzz", ("--seconds", "x", "folder"), "fuzz: SECONDS='x': expected a number"),
                ("fuzz", ("--jobs", "0", "folder"), "fuzz: JOBS='0': expected a number"),
                ("mutants", ("--files", "mm/alloc/budy.c", *built), "mutants: FILES=mm/alloc/budy.c: no such "
                 "file of mm/; is it mm/alloc/buddy.c?"),
                ("mutants", ("--sample", "x", *built), "mutants: SAMPLE='x': expected a number"),
                ("explore", ("run", "folder", "--bound", "7"), "explore: BOUND='7': expected a number"),
                ("explore", ("run", "folder", "--token", "t"), "explore: TOKEN: expected SCENARIO")):
            done = subprocess.run([sys.executable, f"tests/run/suites/{program}.py", *words],
                                  capture_output=True, text=True, check=False,
                                  env=os.environ | {"PYTHONPATH": "tests/run"})
            self.assertEqual((done.returncode, done.stdout, done.stderr.count("\n")), (2, "", 1), done)
            self.assertTrue(done.stderr.startswith(said), done.stderr)


if __name__ == "__main__":
    unittest.main()
