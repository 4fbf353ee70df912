"""Tests of `make compare`: what differs, in words, Markdown and JSON, and the other revision's tree."""
import contextlib
import io
import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

from compare import base, bench, command, differ, runs, words
from options import UserError, make_spec

RAW = {"scenario": "spike", "patch": "none", "mem": "64", "shift": "0", "cpus": "1", "seed": "1", "sched": "0",
       "mode": "exact", "args": "", "devices": "", "boot": "kernel", "build": "release", "timeout": "9"}
OLD = base.Revision("v1", "a" * 40, False, Path("old"))
NEW = base.Revision("this tree", "b" * 40, True, Path("new"))


class Sides(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def side(self, name, seeds=(1,), patch="none", **changes):
        """Return the runs of a side, [(spec, result)], with their logs in place."""
        found = []
        for seed in seeds:
            spec = make_spec(RAW | {"seed": str(seed), "patch": patch, "build_dir": "build",
                                    "results": f"{self.folder.name}/{name}{seed}"})
            spec.folder.mkdir(parents=True)
            log = changes.get("log", "[    0.1] one\n[    0.2] two\n")
            (spec.folder / "console.log").write_text(log)
            result = {"mode": "exact", "outcome": "completed", "timeline": [], "reports": [], "notes": [],
                      "counters": {"oom_kills": 0, "boot_ms": 3}, "instructions": {"total": 1000},
                      "console_sha256": str(hash(log))} | {key: value for key, value in changes.items() if key != "log"}
            if callable(result["outcome"]):
                result["outcome"] = result["outcome"](seed)
            found.append((spec, result))
        return found

    def row(self, before, now):
        [found] = differ.rows(before, now)
        return found

    def text(self, *rows, bench_rows=()):
        found = command.Found(OLD, NEW, False, "make compare BASE=v1", list(rows), list(bench_rows), 9 if bench_rows else 0, [])
        return "\n".join(words.text(found)), "\n".join(words.markdown(found)), words.as_json(found)


class Differ(Sides):
    def test_nothing(self):
        row = self.row(self.side("old", (1, 2)), self.side("new", (1, 2)))
        self.assertFalse(row.differs)
        text, mail, data = self.text(row)
        self.assertEqual(text, "compare v1 (aaaaaaaaaa) with this tree (bbbbbbbbbb with changes)\nno difference in 2 runs")
        self.assertIn("no difference in 2 runs", mail)
        self.assertEqual((data["differ"], data["runs"], data["this"]["changed"]), ([], 2, True))

    def test_outcome_victims_and_counters(self):
        killed = {"outcome": "oom-killed", "timeline": [{"what": "killed", "comm": "app4"}],
                  "reports": [{"verdict": {"kind": "avoidable"}}], "counters": {"oom_kills": 1, "boot_ms": 4},
                  "instructions": {"total": 1100}}
        row = self.row(self.side("old"), self.side("new", **killed))
        self.assertEqual(row.words, {"outcome": ("completed", "oom-killed"), "victims": ("nobody", "app4"),
                                     "verdicts": ("no report", "avoidable")})
        self.assertEqual(row.counters, {"oom_kills": ("0", "1")})  # times are none
        text, mail, data = self.text(row)
        self.assertIn("spike none\n  outcome      completed -> oom-killed\n", text)
        self.assertIn("\n  instructions 1000 -> 1100\n1 of 1 arms differ (1 runs each)", text)
        self.assertIn("| spike | none | oom_kills | 0 | 1 |", mail)
        self.assertIn("Repeat it: `make compare BASE=v1`", mail)
        self.assertEqual(json.loads(json.dumps(data))["differ"][0]["words"]["victims"], ["nobody", "app4"])

    def test_distributions_over_seeds(self):
        old = self.side("old", (1, 2, 3))
        new = self.side("new", (1, 2, 3), outcome=lambda seed: "completed" if seed == 2 else "oom-killed")
        for (_, result), kills in zip(new, (4, 1, 9)):
            result["counters"] = {"oom_kills": kills, "more": 5}
        row = self.row(old, new)
        self.assertEqual(row.words["outcome"], ("completed", "oom-killed (2), completed (1)"))
        self.assertEqual(row.counters, {"oom_kills": ("0", "4 (1 to 9)"), "more": ("-", "5")})

    def test_logs_part_by_text_and_not_by_time(self):
        row = self.row(self.side("old"), self.side("new", log="[    0.1] one\n[    0.3] three\n"))
        self.assertEqual(row.log, {"seed": 1, "cpus": 1, "line": 2, "before": "two", "now": "three"})
        self.assertIn("  log          line 2: two\n               now: three\n", self.text(row)[0])
        row = self.row(self.side("old2"), self.side("new2", log="[    0.1] one\n[    0.9] two\n"))
        self.assertEqual((row.logs, row.log["line"], row.differs, row.moved), (1, 0, True, True))
        text, mail, data = self.text(row)
        self.assertIn("\nin times alone, and where code lies: spike none\n0 of 1 arms differ (1 runs each), 1 in times alone", text)
        self.assertNotIn("  log ", text)
        self.assertIn("\nin times alone, and where code lies: spike none\n", mail)
        self.assertTrue(data["differ"][0]["times_alone"])
        row = self.row(self.side("old3"), self.side("new3", log="[    0.1] one\n"))
        self.assertEqual((row.log["line"], row.log["now"]), (2, "(the end)"))

    def test_where_code_lies_is_no_difference(self):
        log = "[    0.1] Call Trace:\n[    0.1]  ffffffff8012{} ffffc98000034d40 f+0x{}/0x{}\n[    0.2] {}\n"
        old, new = log.format("8eed", "10", "a0", "RAX: 1"), log.format("8efd", "1f", "b0", "RAX: 1")
        self.assertTrue(self.row(self.side("old", log=old), self.side("new", log=new)).moved)
        words = "[    0.1]  4e52454b5f504647 000000000000{}\n"
        self.assertTrue(self.row(self.side("old1", log=words.format("4c45")), self.side("new1", log=words.format("0f00"))).moved)
        new = log.format("8efd", "1f", "b0", "RAX: 2")
        row = self.row(self.side("old2", log=old), self.side("new2", log=new))
        self.assertEqual((row.moved, row.log["line"], row.log["now"]), (False, 3, "RAX: 2"))

    def test_the_pair_that_parts_in_what_it_says_is_shown(self):
        logs = {1: "[    0.1] one\n", 2: "[    0.1] two\n"}
        old = self.side("old", (1,), log=logs[1]) + self.side("old", (2,), log=logs[1])
        new = self.side("new", (1,), log=logs[1].replace("0.1", "0.2")) + self.side("new", (2,), log=logs[2])
        row = self.row(old, new)
        self.assertEqual((row.logs, row.log["seed"], row.log["now"]), (2, 2, "two"))

    def test_of_long_lines_the_part_that_differs_is_shown(self):
        row = self.row(self.side("old", log="a" * 200 + "b\n"), self.side("new", log="a" * 200 + "c\n"))
        self.assertEqual((row.log["before"], row.log["now"]), ("..." + "a" * 30 + "b", "..." + "a" * 30 + "c"))

    def test_only_runs_that_both_sides_have(self):
        self.assertEqual(differ.rows(self.side("old", patch="all"), self.side("new")), [])
        row = self.row(self.side("o", (1, 2)), self.side("n", (2, 3)))
        self.assertEqual(row.runs, 1)

    def test_bench(self):
        rows = bench.differences({"a": [100, 10], "b": [5, 1], "c": [7, 1]}, {"a": [101, 10], "b": [5, 1], "d": [3, 2]})
        self.assertEqual(rows, [("a", 10.0, 10.1), ("c", 7.0, None), ("d", None, 1.5)])
        text, mail, _ = self.text(bench_rows=rows)
        self.assertIn("bench a: 10.0 -> 10.1 instructions\nbench c: 7.0 -> - instructions\n", text)
        self.assertIn("| d | - | 1.5 |", mail)

    def test_what_fails(self):
        row = self.row(self.side("old"), self.side("new", counters={"oom_kills": 2}))
        found = command.Found(OLD, NEW, False, "", [row], [], 0, [])
        for text, fails in (("", False), ("outcome", False), ("counters", True), ("bench", False),
                            ("outcome,counters", True)):
            self.assertIs(command.fails_on(found, command.wanted_fails(text)), fails, text)
        with self.assertRaisesRegex(UserError, "FAIL_ON='speed': expected some of outcome, counters, bench"):
            command.wanted_fails("speed")


class Base(unittest.TestCase):
    """A small repository with a Makefile that makes a file where the kernel would be."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(folder.name)
        self.git("init", "-q")
        self.commit("image:\n\tmkdir -p build\n\techo $(BUILD) > build/lowwater.elf\n", "good")
        self.commit("image:\n\t@echo 'x.c:3: error: no such thing'; false\n", "bad")

    def git(self, *argv):
        subprocess.run(["git", "-c", "user.name=x", "-c", "user.email=x@example.org", *argv], check=True,
                       capture_output=True)

    def commit(self, makefile, tag):
        Path("Makefile").write_text(makefile)
        self.git("add", "Makefile")
        self.git("commit", "-qm", tag)
        self.git("tag", tag)

    def test_it_is_built_once_in_a_folder_of_its_own(self):
        found = base.other("good", Path("build"), "release")
        self.assertEqual((found.build_dir / "lowwater.elf").read_text(), "release\n")
        self.assertEqual(found.build_dir.parts[:2], ("build", "compare"))
        self.assertEqual(found.build_dir.parts[2], found.hash)
        with mock.patch.object(subprocess, "run", wraps=subprocess.run) as run:
            self.assertEqual(base.other("good", Path("build"), "release"), found)
        self.assertEqual([one for one in run.call_args_list if one.args[0][0] == "make"], [])

    def test_one_that_does_not_build_is_one_line(self):
        with self.assertRaises(UserError) as caught:
            base.other("bad", Path("build"), "release")
        self.assertRegex(str(caught.exception), r"^BASE='bad': its kernel does not build: x\.c:3: error: no such thing; "
                                                r"all of it: build/compare/[0-9a-f]{40}/build\.log$")

    def test_none_of_that_name(self):
        with self.assertRaisesRegex(UserError, "^BASE='v9': no such revision$"):
            base.other("v9", Path("build"), "release")

    def test_this_tree(self):
        self.assertFalse(base.this(Path("build")).changed)
        Path("Makefile").write_text("")
        self.assertTrue(base.this(Path("build")).changed)
        os.chdir("/")
        with self.assertRaisesRegex(UserError, "no git repository"):
            base.this(Path("build"))


class Whole(unittest.TestCase):
    def test_a_missing_arm_is_said(self):
        one = SimpleNamespace(scenario="spike", patch="none")
        two = SimpleNamespace(scenario="mine", patch="all")
        self.assertEqual(command.missing([[(one, None)], [(one, None), (two, None)]]),
                         ["mine all: the base does not have it"])

    def test_the_command_that_repeats_it(self):
        spec = make_spec(RAW | {"build_dir": "build", "results": "", "args": "spike.apps=9"})
        options = SimpleNamespace(base="v1", scenario="sp*", patch="none all", seeds="1..8", scheds="", many_cpus="1 2")
        self.assertEqual(command.repeated(spec, options),
                         "make compare BASE=v1 SCENARIO='sp*' PATCH='none all' SEEDS=1..8 CPUS='1 2' MEM=64 ARGS=spike.apps=9")

    def test_what_neither_side_can_run_is_no_comparison(self):
        sides = [[(SimpleNamespace(scenario="spike", patch="none", cpus=1, folder=side), None)] for side in "ab"]
        bad = {"outcome": "bad-parameter", "message": "bad parameter: x=1"}
        command.refuse_bad(sides, {"a": bad, "b": {"outcome": "completed", "message": None}})
        with self.assertRaisesRegex(UserError, "^compare: spike none: neither side can be run: bad parameter: x=1$"):
            command.refuse_bad(sides, {"a": bad, "b": bad})

    def test_numbers_of_cpus_are_looked_at(self):
        options = SimpleNamespace(many_cpus="1 x", seeds="", scheds="")
        with mock.patch.object(runs, "placed", lambda spec, _: spec), mock.patch.object(runs.arms, "load"), \
                mock.patch.object(runs, "chosen", lambda *_: ([], [], [])):
            for text in ("1 x", "99", "0", "1,2"):
                options.many_cpus = text
                with self.assertRaisesRegex(UserError, "^CPUS='.*': expected a whole number from 1 to 8$"):
                    runs.pairs(make_spec(RAW | {"build_dir": "build", "results": ""}), NEW, options)

    def test_no_run_at_all_is_no_comparison(self):
        spec = make_spec(RAW | {"build_dir": "build", "results": ""})
        options = SimpleNamespace(base="v1", fail_on="", scenario="lockup")
        with mock.patch.object(base, "this", lambda _: NEW), mock.patch.object(base, "other", lambda *_: OLD), \
                mock.patch.object(runs, "pairs", lambda *_: ([], ["lockup none holds with 64 to 4096 MiB"])):
            with self.assertRaisesRegex(UserError, "^compare: expected at least one run, found none: lockup none holds"):
                command.run(spec, options)

    def test_it_needs_a_number_where_one_is_wanted(self):
        with contextlib.redirect_stdout(io.StringIO()), self.assertRaises(UserError):
            command.run(make_spec(RAW | {"build_dir": "build", "results": ""}),
                        SimpleNamespace(base="no/such", fail_on=""))


if __name__ == "__main__":
    unittest.main()
