"""`make check` as a person uses it, and under damage of every kind."""
import gzip
import itertools
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

TEN_LINES = {
    "seed-highatomic-commit.txt": """\
AVOIDABLE: 4871 free pages of DMA32 (19.0 MiB) are held for high-order atomic requests and would have served it.
It wanted: one page (4 kB), GFP_HIGHUSER_MOVABLE|__GFP_ZERO (0x24280ca), up to zone Movable; it could wait.
  DMA32    4851 pages free, min 1407, high-order reserve 4871 to 6144: passes by 3444, but every block is of the high-order reserve
  DMA      2047 pages free, min 11, high-order reserve 2048, lowmem_reserve 1952: passes by 84, but every block is of the high-order reserve
Besides: 225 pages of DMA32, per-CPU lists (a handful: low - min is 499).
Memory: 1998 MiB: anonymous 95.9 %, free 1.3 %, unreclaimable slab 0.7 %, reclaimable slab 0.5 %.
Swap: 8 kB free of 249 MiB. It was full.
Whom it killed, this text does not say.
Otherwise if: those pages had not been there; then UNAVOIDABLE.""",
    "08-4.9-i386-highmem.txt": """\
AVOIDABLE: 126391 pages (493 MiB) of page cache in Normal were not reclaimed.
It wanted: 2 pages in one block (8 kB), GFP_KERNEL_ACCOUNT|__GFP_NOTRACK (0x27000c0), up to zone Normal; it could wait.
  Normal   10599 pages free, min 10604, high-order reserve 0 to 4096: fails, 6 pages below
  DMA      1021 pages free, min 197, high-order reserve 0 to 2048, lowmem_reserve 833: fails, 10 pages below
Besides: 824 pages of DMA, lowmem_reserve (by design).
Memory: 3024 MiB: page cache 63.4 %, anonymous 21.1 %, reclaimable slab 6.9 %, free 5.4 %.
Swap: 2025 MiB free of 2047 MiB.
Killed: firefox.real (2935), which held 499 MiB.
Otherwise if: those pages had not been there; then UNAVOIDABLE.""",
    "19-6.1-arch.txt": """\
UNAVOIDABLE: every zone that the request may use fails (Normal by 12, DMA32 by 82, DMA by 12347), and nothing that a patch or a setting withholds would have done.
It wanted: one page (4 kB), GFP_HIGHUSER_MOVABLE|__GFP_COMP|__GFP_ZERO (0x140dca), up to zone Movable; it could wait.
  Normal   15475 pages free, min 15487: fails, 12 pages below
  DMA32    15826 pages free, min 3440, lowmem_reserve 12468: fails, 82 pages below
  DMA      3328 pages free, min 16, lowmem_reserve 15659: fails, 12347 pages below
Besides: 2048 pages of Normal, boost of the watermarks (a handful: low - min is 3359); 12386 pages of DMA32, lowmem_reserve (by design); 3312 pages of DMA, lowmem_reserve (by design).
Memory: 15.3 GiB: anonymous 72.7 %, reclaimable slab 3.2 %, unreclaimable slab 2.2 %, free 0.9 %, in no counter 20.2 %.
Swap: 84 kB free of 24.0 GiB. It was full.
Killed: doxygen (473206), which held 9017 MiB.
Otherwise if: 13 more pages had been free in Normal.""",
    "01-2.6.31-rc1.txt": """\
CANNOT TELL: DMA32 would serve it as the numbers stand, with 105 pages to spare above min; before a kill the zone must pass high, and it is 43 pages below that: pages came too late, and too few.
It wanted: 2 pages in one block (8 kB), GFP_KERNEL (0xd0), up to zone Normal; it could wait.
  DMA32    1458 pages free, min 1000: passes by 105
  DMA      1009 pages free, min 15, lowmem_reserve 994: fails, 1 page below
Memory: 998 MiB: anonymous 28.7 %, page tables 26.2 %, slab 14.9 %, free 1.0 %, in no counter 29.1 %.
Swap: none.
Killed: msgctl11 (4222).
Otherwise if: the numbers of the moment of the attempt were known.""",
}


class Command(unittest.TestCase):
    def test_the_seeds_reports_in_words(self):
        code, out, err = check(SEEDS)
        self.assertEqual((code, err, out.count("AVOIDABLE: ")), (0, "", 2))
        first, second = out.split("\n\n")
        self.assertIn("report 1 (line 16): OOM kill, asked for by balloon (8473)", first)
        self.assertIn("DMA      1937 pages free, min 11 (5 for this request), lowmem_reserve 1952: fails, 20 pages below",
                      second)
        self.assertIn("Nobody was killed for it: it may not wait.", second)

    def test_numbers_behind(self):
        _, out, _ = check("--full", "--report", "1", SEEDS)
        self.assertNotIn("imklog", out)
        for line in ("Rules: Linux 4.8; flags DIRECT_RECLAIM FS HARDWALL HIGHMEM IO KSWAPD_RECLAIM MOVABLE ZERO",
                     "DMA32: 4851 free - 0 for the block - (4871 to 6144) reserved - 0 CMA = -20; mark 1407 of min "
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

    def test_one_of_several_logs_that_cannot_be_read(self):
        with tempfile.TemporaryDirectory() as folder:
            for name, data in (("a.log", SEEDS.read_bytes()), ("b.log.gz", gzip.compress(b"x")),
                               ("d.log", SEEDS.read_bytes())):
                (Path(folder) / name).write_bytes(data)
            (Path(folder) / "c.log").mkdir()
            code, out, err = check(f"{folder}/*")
        self.assertEqual((code, out.count(", report 1 (line ")), (2, 2))
        self.assertEqual(err, f"lowwater: check: {folder}/b.log.gz: packed by gzip (zcat reads it); expected plain text\n"
                              f"lowwater: {folder}/c.log: Is a directory\n")

    def test_what_counts_is_no_note(self):
        [first, _] = (form.as_json(one, verdict.judge(one), SEEDS.name, n)
                      for n, one in enumerate(report.parse(TEXTS[SEEDS.name]), 1))
        self.assertEqual([(thing["counts"], bool(thing["why_not"])) for thing in first["withheld"]],
                         [(True, False), (False, True), (True, False)])

    def test_the_same_report_twice_is_judged_twice_alike(self):
        text = (FOLDER / "19-6.1-arch.txt").read_bytes()
        code, out, _ = check("-", stdin=text + b"\n" + text)
        first, second = out.split("standard input, report 2")
        self.assertEqual((code, first.splitlines()[1:10]), (0, second.splitlines()[1:10]))

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

    def test_ten_lines_of_three_reports(self):
        """As a person reads them at night; a change of a word is to be seen here."""
        for name in ("seed-highatomic-commit.txt", "08-4.9-i386-highmem.txt", "19-6.1-arch.txt", "01-2.6.31-rc1.txt"):
            _, out, _ = check("--report", "1", FOLDER / name)
            with self.subTest(name):
                first, *lines = out.splitlines()
                self.assertTrue(first.startswith(str(FOLDER / name)))
                self.assertEqual("\n".join(lines), TEN_LINES[name])

    def test_packed_and_wide_logs_are_no_all_clear(self):
        for log, what in ((gzip.compress(SEEDS.read_bytes()), "packed by gzip (zcat reads it)"),
                          (SEEDS.read_text().encode("utf-16"), "UTF-16 (iconv makes text of it)")):
            code, out, err = check("-", stdin=log)
            self.assertEqual((code, out, err), (2, "", f"lowwater: check: standard input: {what}; expected plain text\n"))

    def test_what_is_cut_is_judged_no_firmer_than_the_whole(self):
        for name in ("19-6.1-arch.txt", "20-6.10-tmpfiles-order1.txt", "21-6.19-kswapd-nomemalloc.txt",
                     "seed-highatomic-commit.txt"):
            whole = TEXTS[name]
            [kind, *_] = [verdict.judge(one).kind for one in report.parse(whole)]
            for at, line in enumerate(whole):
                if " free:" in line or "lowmem_reserve" in line:
                    [one, *_] = report.parse(whole[:at] + whole[at + 1:])
                    self.assertIn(verdict.judge(one).kind, (kind, verdict.CANNOT_TELL), (name, line[:60]))

    def test_two_reports_at_once_on_two_cpus(self):
        first, second = SEEDS.read_text().split("\nAnother example")
        def said(text, who):
            return [f"[  8.000001][ T{who}] {line.strip()}" for line in text.split("\n") if line.startswith("  ")]
        pair = [line for lines in itertools.zip_longest(said(first, 8473), said(second, 476)) for line in lines if line]
        one, two = report.parse(pair)
        self.assertEqual((one["zones"]["DMA32"]["free"], two["zones"]["DMA32"]["free"]), (4851, 7532))
        self.assertEqual((one["comm"], two["comm"]), ("balloon", "in:imklog"))

    def test_it_needs_no_kernel(self):
        clean = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
        with tempfile.TemporaryDirectory() as top:
            done = subprocess.run(["make", "-s", "check", f"LOG={SEEDS}", f"TOP={top}"], cwd=ROOT, text=True,
                                  capture_output=True, check=False, timeout=60, env=clean)
            built = [path.name for path in Path(top).iterdir()]
        self.assertIn(built, ([], ["pycache"]))
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

    def kinds(self, lines):
        return [verdict.judge(one).kind for one in report.parse(lines)]

    def test_any_lost_line_of_protection_leaves_the_question_open(self):
        for name, lines in TEXTS.items():
            for at, line in enumerate(lines):
                if "lowmem_reserve" in line:
                    with self.subTest(name=name, at=at):
                        for whole, cut in zip(self.kinds(lines), self.kinds(lines[:at] + lines[at + 1:])):
                            self.assertIn(cut, (whole, verdict.CANNOT_TELL))

    def test_lines_of_others_between_the_zones_change_nothing(self):
        for name, lines in TEXTS.items():
            mixed = [one for line, after in zip(lines, [*lines[1:], ""]) for one in
                     ([line, "usb 1-1: new high-speed USB device", ""] if "lowmem_reserve" in after else [line])]
            with self.subTest(name=name):
                self.assertEqual(self.kinds(mixed), self.kinds(lines))

    CUT = (  # of which text, what is done to it, what is said to be lost
        ("seed-highatomic-commit.txt", lambda text: text[:2500], "what decides for DMA32 and DMA is not printed"),
        ("04-3.10.0-514.el7-numa.txt", lambda text: text[:3599],
         "the report is cut: free pages and marks of Node 1 Normal are not printed"),
        ("03-3.0.101-sles11.txt", lambda text: text[:2337],
         "the report is cut: the zones of node 1, 2, 3, 4, 5, 6, 7 are not printed"),
        ("10-5.4-virtio-net-atomic.txt", lambda text: "\n".join(line[:64] for line in text.splitlines()),
         "the report is cut: free pages and marks of DMA, Normal are not printed"),
        ("seed-highatomic-commit.txt", lambda text: text.replace(" low:7624kB", ""),
         "the report is cut: free pages and marks of DMA32 are not printed"))

    def test_what_is_cut_off_is_no_number(self):
        for name, change, said in self.CUT:
            with self.subTest(name=name, said=said):
                first = next(iter(report.parse(change((FOLDER / name).read_text()).splitlines())))
                found = verdict.judge(first)
                self.assertEqual((found.kind, found.why), (verdict.CANNOT_TELL, said))

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
