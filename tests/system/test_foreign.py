"""Reports from elsewhere, and Lowwater's own, rebuilt on the twin and asked again (make replay)."""
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

import system
from check import command as check, verdict
from replay import engine, state, table
from reports import report

PROGRAM = Path("build/host/replay")
CORPUS = Path("tests/run/tests/data/foreign")
SEEDS = CORPUS / "seed-highatomic-commit.txt"
# A machine of node 0 alone, to which a policy that the text does not tell has bound the task.
BOUND = "03-3.0.101-sles11"


def rebuilt(one, found):
    return state.text(one, found.asked, "a test")


def asked(text, *arms):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.state"
        path.write_text(text)
        return engine.ask(PROGRAM, path, arms or ("none",))


def replayed(path):
    """Yield (report, verdict, answer without patches) of each report of which a machine can be built."""
    for one in report.stream(check.Log(str(path))):
        found = verdict.judge(one)
        if found.asked is None:
            continue
        try:
            text = rebuilt(one, found)
        except state.Impossible:
            continue
        yield one, found, asked(text)[0]


class Corpus(unittest.TestCase):
    def test_each_comes_to_what_happened_or_to_what_check_says(self):
        count = 0
        for path in sorted(CORPUS.glob("*.txt")):
            for one, found, answer in replayed(path):
                with self.subTest(path.stem, line=one["line"]):
                    self.check(one, found, answer, path.stem == BOUND)
                    count += 1
        self.assertEqual(count, 19)

    def check(self, one, found, answer, bound=False):
        if found.kind == verdict.CANNOT_TELL and not bound and "would serve it" in found.why \
                and "Node" not in found.why:
            self.assertEqual(answer.outcome, "served")
        else:
            self.assertEqual(answer.outcome, table.AGAIN[one["kind"]], answer.why)
        if answer.victim and one["victim"] and one["tasks"]:
            self.assertIn(answer.victim, [row["name"] for row in one["tasks"]] + [one["victim"]["comm"]])

    def test_the_seeds_in_each_arm(self):
        first, second = report.stream(check.Log(str(SEEDS)))
        arms = (*engine.ARMS, *engine.REMEDIES)
        for one, ends in ((first, ["oom-kill"] * 3 + ["served"] * 3 + ["oom-kill"]),
                          (second, ["failed"] * 4 + ["served"] * 3)):
            answers = asked(rebuilt(one, verdict.judge(one)), *arms)
            self.assertEqual([answer.outcome for answer in answers], ends)
            self.assertEqual((answers[4].arm, answers[4].step), ("reserve-released", "fast"))


class Own(unittest.TestCase):
    """A report of Lowwater's own comes to its own end."""

    def test_kills_and_failures_of_the_study(self):
        kinds = set()
        for scenario, patch in (("spike", "none"), ("spike-stray", "none"), ("victim-reserves", "none"),
                                ("lockup", "none"), ("mmap-writer", "none"), ("notifier", "oom-notifier-outside")):
            run = system.study(scenario, patch)
            for one, found, answer in replayed(run.folder / "console.log"):
                with self.subTest(scenario, line=one["line"]):
                    Corpus.check(self, one, found, answer)
                    kinds.add((one["kind"], one["by_victim"], answer.outcome))
        self.assertLessEqual({("oom", False, "oom-kill"), ("alloc-failure", True, "failed")}, kinds)


class Command(unittest.TestCase):
    def run_it(self, *words):
        done = subprocess.run([*system.RUNNER, "replay", *words], text=True, capture_output=True, check=False,
                              timeout=system.TIMEOUT)
        return done.returncode, done.stdout, done.stderr

    def test_a_log(self):
        code, out, err = self.run_it(str(SEEDS), "--report", "1")
        self.assertEqual((code, err), (0, ""))
        self.assertIn("\nnone                   kills a task that is not printed after 16 rounds of reclaim\n", out)
        self.assertIn("\n  reserve released     served from DMA32, by the fast path (6919 pages of the reserve "
                      "released)\n", out)
        self.assertIn("Without a patch it comes to the same.\nPatches that change the outcome: all. ", out)

    def test_its_state_edited(self):
        path = Path(re.search(r"Rebuilt as (\S+),", self.run_it(str(SEEDS), "--report", "1")[1])[1])
        text = path.read_text()
        self.assertIn("free DMA32 order=9 H=5\n", text)
        with tempfile.TemporaryDirectory() as folder:
            edited = Path(folder) / "mine.state"
            edited.write_text(text.replace("free DMA32 order=9 H=5", "free DMA32 order=9 M=1 H=4"))
            code, out, _ = self.run_it("--state", str(edited), "--patch", "none")
            self.assertEqual((code, out), (0, "none                   served from DMA32, by the fast path\n"
                                              "Patches that change the outcome: none.\n"))
            edited.write_text(text.replace("managed=", "manged="))
            code, _, err = self.run_it("--state", str(edited))
            self.assertEqual((code, err.count("\n")), (2, 1))
            self.assertRegex(err, r"mine\.state: state: line \d+: manged=, expected ")

    def test_in_the_kernel_it_ends_alike(self):
        _, twin, _ = self.run_it(str(SEEDS), "--report", "2")
        code, kernel, err = self.run_it(str(SEEDS), "--report", "2", "--boot", "kernel")
        self.assertEqual((code, kernel), (0, twin), err)

    def test_what_is_cut_is_not_rebuilt(self):
        text = SEEDS.read_text(encoding="utf-8")
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder) / "cut.txt"
            for cut, said in ((text[:2500], "what decides for DMA32 and DMA is not printed"),
                              (text.replace(" low:7624kB", ""), "free pages and marks of DMA32 are not printed"),
                              (text.replace(" high:9620kB", ""), "DMA32, which the request may use, is not printed")):
                log.write_text(cut, encoding="utf-8")
                code, out, err = self.run_it(str(log), "--report", "1", "--patch", "none")
                self.assertEqual((code, err), (1, ""), said)
                self.assertRegex(out, rf"\nNothing to ask again: .*{said}\.\n$")

    def test_a_log_without_a_report_is_one_line(self):
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder) / "empty"
            for text in ("", "nothing\n" * 9):
                log.write_text(text, encoding="utf-8")
                self.assertEqual(self.run_it(str(log)), (
                    2, "", f"lowwater: replay: {log}: no report of the OOM killer and no allocation failure; "
                           "expected at least one\n"))

    def test_what_cannot_be_asked_again(self):
        code, out, _ = self.run_it(str(next(CORPUS.glob("14-*.txt"))))
        self.assertEqual(code, 1)
        self.assertIn("Nothing to ask again: it was asked for by hand (SysRq-f)", out)
        for words, says in (((), "expected LOG=file, or STATE=file"), (("x", "--state", "y"), "expected LOG=file, or"),
                            ((str(SEEDS), "--report", "7"), "report 7: expected 1 to 2"),
                            ((str(SEEDS), "--patch", "al"), "arm al; expected")):
            code, _, err = self.run_it(*words)
            self.assertEqual((code, err.count("\n")), (2, 1), words)
            self.assertIn(says, err)


counts = st.tuples(*[st.tuples(st.integers(0, 30 if order < 6 else 3), st.sampled_from("UMEH"))
                     for order in range(11)])
ASKER = "x invoked oom-killer: gfp_mask=0x24280ca(GFP_HIGHUSER_MOVABLE|__GFP_ZERO), order=0, oom_score_adj=0\n" \
        "CPU: 0 PID: 70 Comm: x Not tainted 4.8.0 #1\n"


class RoundTrip(unittest.TestCase):
    """What a machine's report says is the machine: printed, read, and rebuilt it is the same again."""

    @settings(max_examples=40, deadline=None, derandomize=True)
    @given(counts, st.integers(0, 90), st.integers(0, 200), st.integers(0, 500))
    def test_the_same_lists_come_back(self, blocks, lag, pcp, lru):
        held = sum(count << order for order, (count, kind) in enumerate(blocks) if kind == "H")
        lines = [f"free DMA32 order={order} {kind}={count}" for order, (count, kind) in enumerate(blocks) if count]
        want = ["pageblock_order 10", "request order=0 gfp=0x24280ca comm=x pid=70",
                f"zone DMA32 present=99000 managed=90000 min=800 low=1000 high=1200 protection=0,0,0,0 "
                f"highatomic={-(-held // 1024) * 1024} lag={lag if lines else 0}", *lines,
                *([f"pcp DMA32 cpu=1 U={pcp}"] if pcp else []),
                f"lru DMA32 inactive_anon={lru} active_anon=7 inactive_file=0 active_file=3 unevictable=1",
                "swap total=1000 free=9", f"task pid=2 comm=unknown rss={lru + 7} swapents=0 adj=0"]
        printed = subprocess.run([str(PROGRAM), "-", "--report", "--arm", "none"], text=True, capture_output=True,
                                 input="\n".join(["lowwater-state 1", *want]), check=True).stdout
        [one] = report.parse((ASKER + printed).split("\n"))
        text = rebuilt(one, verdict.judge(one))
        self.assertEqual([line for line in text.splitlines()[1:] if not line.startswith(("choice", "source"))], want)


if __name__ == "__main__":
    unittest.main()
