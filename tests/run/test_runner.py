"""Tests of whole runs, with a stand-in for the emulator: commands, exit codes and files."""
import os
import unittest
import xml.etree.ElementTree as tree
from unittest import mock

import facts
from fake_build import FakeBuild


class Runs(FakeBuild):
    def test_run_as_expected(self):
        code, out, err = self.lowwater("run")
        self.assertEqual(code, 0, out + err)
        found = self.result("spike")
        self.assertEqual((found["outcome"], found["as_expected"]), ("oom-killed", True))
        self.assertEqual(found["instructions"], {"to_scenario_start": 1000, "total": 2345678})
        self.assertEqual(found["reports"][0]["zones"]["DMA"]["free_by_type"]["E"], 1)
        self.assertEqual(found["reports"][0]["identities"]["violated"], [])
        self.assertIn("spike.apps=2", found["qemu"])
        self.assertEqual(found["accel"], "icount")
        self.assertIn("killed spike/12 score 321", out)
        self.assertIn("run   spike none", err)
        folder = self.build / "results" / "spike" / "none"
        for name in ("console.log", "events.jsonl", "table.txt", "junit.xml"):
            self.assertTrue((folder / name).is_file(), name)

    def test_patch_without_an_arm_is_not_judged(self):
        code, _, _ = self.lowwater("run", "--patch", "c")
        self.assertEqual((code, self.result("spike", "c")["as_expected"]), (0, None))

    def test_exit_codes(self):
        for scenario, code, part in (("typo", 2, "bad parameter: scenario=typo"),
                                     ("panic", 3, "Kernel panic"), ("lockup", 4, "LOCKUP"),
                                     ("odd", 6, "crash")):
            found, out, _ = self.lowwater("run", "--scenario", scenario)
            self.assertEqual(found, code, out)
            self.assertIn(part, out)

    def hang(self):
        """Run into the time limit; return the result, which is the same whatever GDB does."""
        code, out, _ = self.lowwater("run", "--scenario", "hang", "--timeout", "0.5")
        found = self.result("hang")
        self.assertEqual((code, found["outcome"]), (5, "timeout"))
        self.assertNotIn("gdb", found["qemu"])
        self.assertIn(found["message"], out)
        return found

    def test_timeout_ends_the_emulator(self):
        found = self.hang()
        self.assertEqual(found["message"], "the last line")
        self.assertRegex(found["notes"][0], "timeout.txt names no CPU: gdb said: .*No such file")

    def test_timeout_without_gdb(self):
        with mock.patch.object(facts, "GDB", "/nonexistent/gdb"):
            found = self.hang()
        self.assertRegex(found["notes"][0], "no timeout.txt: .* cannot start")
        self.assertFalse((self.build / "results" / "hang" / "none" / "timeout.txt").exists())

    def test_timeout_and_gdb_hangs(self):
        gdb = self.build / "gdb"
        gdb.write_text("#!/bin/sh\nexec sleep 600\n", encoding="utf-8")
        gdb.chmod(0o755)
        with mock.patch.multiple(facts, GDB=str(gdb), SECONDS=0.3):
            found = self.hang()
        self.assertRegex(found["notes"][0], "timeout.txt is not complete: .* ended after 0.3 s")

    def test_facts_of_an_earlier_run_go(self):
        left = self.build / "results" / "spike" / "none" / "timeout.txt"
        left.parent.mkdir(parents=True)
        left.touch()
        _, out, _ = self.lowwater("run")
        self.assertFalse(left.exists())
        self.assertNotIn("timeout.txt", out)

    def test_all(self):
        code, out, err = self.lowwater("all")
        self.assertEqual(code, 0, out + err)
        self.assertIn("2 arms, 2 as declared, 0 not", out)
        results = self.build / "results"
        self.assertTrue((results / "spike" / "a+b" / "result.json").is_file())
        self.assertFalse((results / "boottest").exists())
        self.assertEqual(len(tree.parse(results / "junit.xml").findall(".//testcase")), 2)
        self.assertIn("oom-killed", (results / "table.txt").read_text(encoding="utf-8"))

    def test_list_is_cached_until_the_kernel_changes(self):
        code, first, _ = self.lowwater("list")
        self.assertEqual(code, 0)
        self.assertIn("spike (study): many apps, one peak", first)
        with mock.patch.dict(os.environ, LOWWATER_QEMU="/nonexistent/qemu"):
            self.assertEqual(self.lowwater("list")[:2], (0, first))
            (self.build / "lowwater.elf").write_bytes(b"another ELF")
            code, _, err = self.lowwater("list")
        self.assertEqual(code, 2)
        self.assertIn("/nonexistent/qemu: cannot start", err)

    def test_mistakes_get_one_line_and_exit_2(self):
        for argv, part in ((("run", "--cpus", "9"), "from 1 to 8"),
                           (("run", "--bogus", "1"), "--bogus"), (("jump",), "jump"),
                           (("run", "--build", "debug"), "`make`")):
            code, _, err = self.lowwater(*argv)
            self.assertEqual((code, err.count("\n")), (2, 1), err)
            self.assertIn(part, err)


if __name__ == "__main__":
    unittest.main()
