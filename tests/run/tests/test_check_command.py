"""`make check` as a person uses it, and under damage of every kind."""
import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from check import command, form, full, verdict, words
from reports import report

ROOT = Path(__file__).resolve().parents[3]
FOLDER = Path(__file__).parent / "data" / "foreign"
SEEDS = FOLDER / "seed-highatomic-commit.txt"
RUNNER = ROOT / "tests" / "run" / "lowwater.py"


def check(*argv, stdin=b""):
    done = subprocess.run(["/usr/bin/python3", str(RUNNER), "check", *map(str, argv)], input=stdin,
                          capture_output=True, check=False, timeout=60)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


class Command(unittest.TestCase):
    def test_the_seeds_reports_in_words(self):
        code, out, err = check(SEEDS)
        self.assertEqual((code, err, out.count("AVOIDABLE: ")), (0, "", 2))
        first, second = out.split("\n\n")
        self.assertIn("report 1 (line 16): OOM kill, asked for by balloon (8473)", first)
        self.assertIn("DMA      1937 free, min 11 (5 for this request), lowmem_reserve 1952: fails, 20 pages below",
                      second)
        self.assertIn("Nobody was killed for it: it may not wait.", second)

    def test_numbers_behind(self):
        _, out, _ = check("--full", "--report", "1", SEEDS)
        self.assertNotIn("imklog", out)
        for line in ("Rules: Linux 4.8; flags DIRECT_RECLAIM FS HARDWALL HIGHMEM IO KSWAPD_RECLAIM MOVABLE ZERO",
                     "DMA32: 4851 free - 0 for the block - (4871 to 6099) reserved - 0 CMA = -20; mark 1407 of min "
                     "1407 + lowmem_reserve 0",
                     "  a single page also has: 4851 free - mark 1407 - 0 = 3444"):
            self.assertIn(line + "\n", out)

    def test_json_is_a_line_a_report(self):
        _, out, _ = check("--json", SEEDS)
        found = [json.loads(line) for line in out.splitlines()]
        self.assertEqual([(one["number"], one["verdict"]["kind"]) for one in found],
                         [(1, "AVOIDABLE"), (2, "AVOIDABLE")])

    def test_a_line_that_cannot_be_right_is_named(self):
        log = SEEDS.read_text().replace("7*4kB (H) 8*8kB", "7*4kB (H) 8*9kB").replace("min:5628kB", "min:5629kB", 1)
        _, out, _ = check("--full", "--report", "1", "-", stdin=log.encode())
        self.assertIn("line 41 cannot be right: min:5629kB is not a whole number of pages\n", out)
        self.assertIn("line 44 cannot be right: buddy line of zone DMA32: 9kB blocks where order 1 stands\n", out)

    def test_standard_input(self):
        code, out, _ = check("-", stdin=SEEDS.read_bytes())
        self.assertEqual((code, out.count("standard input, report")), (0, 2))

    def test_several_logs_and_a_pattern(self):
        code, out, _ = check(FOLDER / "0[12]-*.txt", SEEDS)
        self.assertEqual((code, out.count(", report 1 (line ")), (0, 3))

    def test_nothing_there(self):
        code, out, err = check("-", stdin=b"[ 1.0] usb 1-1: new device\n" * 9)
        self.assertEqual((code, out), (1, ""))
        self.assertEqual(err, "lowwater: standard input: no report of the OOM killer and no allocation "
                              "failure in 9 lines\n")

    def test_one_line_for_what_cannot_be_read(self):
        for argv, text in ((("/no/such",), "/no/such: no such file; expected a log"),
                           ((SEEDS, "--report", "9"), "report 9: expected 1 to 2"),
                           ((SEEDS, "--report", "-1"), "--report -1: expected 1 or above"),
                           ((SEEDS, "--report", "x"), "invalid int value: 'x'"),
                           ((SEEDS, "--ful"), "unrecognized arguments: --ful"), ((), "required: LOG")):
            code, _, err = check(*argv)
            self.assertEqual((code, err.count("\n")), (2, 1), argv)
            self.assertIn(text, err)
        with tempfile.TemporaryDirectory() as folder:
            code, _, err = check(folder)
            self.assertEqual((code, err), (2, f"lowwater: {folder}: Is a directory\n"))

    def test_it_needs_no_kernel(self):
        clean = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
        done = subprocess.run(["make", "-s", "check", f"LOG={SEEDS}", "TOP=/nonexistent"], cwd=ROOT, text=True,
                              capture_output=True, check=False, timeout=60, env=clean)
        self.assertEqual((done.returncode, done.stdout.count("AVOIDABLE")), (0, 4), done.stderr)

    def test_a_line_without_end_and_bytes_of_no_text(self):
        log = b"\xff\xfe\x00" * 100000 + b"\n" + SEEDS.read_bytes() + b"x" * 3000000
        code, out, _ = check("-", stdin=log)
        self.assertEqual((code, out.count("AVOIDABLE: ")), (0, 2))


TEXTS = {path.name: path.read_text(encoding="utf-8", errors="replace").split("\n")
         for path in sorted(FOLDER.glob("*.txt"))}
blow = st.tuples(st.sampled_from(("cut", "drop", "repeat", "swap", "digit", "join", "byte", "big")),
                 st.floats(0, 1), st.floats(0, 1))


def struck(lines, how, where, more):
    """Return lines with one thing done to them."""
    lines = list(lines)
    at = min(int(where * len(lines)), len(lines) - 1)
    line, to = lines[at], int(more * len(lines[at]))
    if how == "cut":
        lines[at] = line[:to]
    elif how == "drop":
        del lines[at:at + 1 + int(more * 5)]
    elif how == "repeat":
        lines[at:at] = lines[at:at + 1 + int(more * 30)]
    elif how == "swap":
        other = int(more * len(lines)) % len(lines)
        lines[at], lines[other] = lines[other], lines[at]
    elif how == "digit":
        lines[at] = "".join(str(9 - int(c)) if c.isascii() and c.isdigit() else c for c in line)
    elif how == "join":
        lines[at:at + 2] = [line + "".join(lines[at + 1:at + 2])]
    elif how == "byte":
        lines[at] = line[:to] + chr(int(where * 0x3ff)) + line[to + 1:]
    else:
        lines[at] = line.replace(":", ":" + "9" * int(more * 40), 1)
    return lines or [""]


class Damage(unittest.TestCase):
    @settings(max_examples=400, deadline=None, derandomize=True)
    @given(st.sampled_from(sorted(TEXTS)), st.lists(blow, min_size=1, max_size=8))
    def test_no_text_is_too_broken(self, name, blows):
        lines = TEXTS[name]
        for one in blows:
            lines = struck(lines, *one)
        for number, one in enumerate(report.parse(lines), 1):
            found = verdict.judge(one)
            self.assertTrue(all(isinstance(line, str) for line in words.lines(one, found, number, name)))
            self.assertTrue(all(isinstance(line, str) for line in full.lines(one, found)))
            self.assertEqual(json.loads(json.dumps(form.as_json(one, found, name, number)))["number"], number)
            self.assertIn(found.kind, (verdict.AVOIDABLE, verdict.UNAVOIDABLE, verdict.CANNOT_TELL, verdict.NOT_JUDGED))
            self.assertLess(len(one["tasks"]) + len(one["call_trace"]) + len(one["slabs"]), 5000)

    def test_headlines_alone_are_not_kept(self):
        line = "[ 1.0] x: page allocation failure: order:0, mode:0xa20(GFP_ATOMIC)"
        numbers = []
        for at, one in enumerate(report.stream(line for _ in range(500)), 1):
            numbers.append(one["line"])
            self.assertLessEqual(one["line"], at)
        self.assertEqual(numbers, list(range(1, 501)))

    def test_a_report_that_is_cut_ends(self):
        lines = TEXTS[SEEDS.name][:40] + ["nothing of a report"] * 5000
        reader = command.Log("-")
        [found] = list(report.stream(lines))
        self.assertEqual((found["line"], reader.lines), (16, 0))
        self.assertLess(found["unread"]["count"], 600)


if __name__ == "__main__":
    unittest.main()
