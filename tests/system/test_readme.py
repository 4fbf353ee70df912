"""README is true: its commands are ones that make and the runner take, and its transcripts are what the two
runs that they are of print now, but for the numbers, which move with every kernel."""
import os
import re
import shlex
import subprocess
import unittest
from pathlib import Path

import system
from campaign import arms, asked, choice
from check import command as check
from lab import command as lab
from replay import command as replay
import lowwater
from options import make_spec

READERS = {"check": check, "replay": replay, "report": lab}  # commands that run nothing
TEXT = Path("README.md").read_text(encoding="utf-8")
# How many free blocks of a size there are, and of which types if there are any; or any number.
NUMBER = re.compile(r"[0-9]+(?P<size>\*[0-9]+kB)(?: \([A-Z]+\))?|0x[0-9a-f]+|[0-9a-f]{8,}|[0-9]+")


def commands():
    """Every command in a block or in backticks that is make's or the runner's, without its comment."""
    found = [line.strip().removeprefix("$ ") for line in re.findall(r"(?m)^    (.*)$", TEXT)]
    found += re.findall(r"`([^`\n]+)`", TEXT)
    ours = [shlex.split(text, comments=True) for text in found if re.match(r"make [a-z]", text)]
    once = dict.fromkeys(tuple(words) for words in ours)
    return [list(words) for words in once if words[1] != "test" or len(words) > 2]


def blocks():
    """The indented blocks of the text."""
    return [re.sub(r"(?m)^    ", "", block) for block in re.findall(r"(?:(?m:^    .*)\n)+", TEXT)]


def pattern(line):
    """A line of a transcript as a pattern: ... stands for anything, a number for any number."""
    return ".*".join(numbers(part) for part in line.split("..."))


def numbers(text):
    found = list(NUMBER.finditer(text))
    between = [text[end:start] for end, start in
               zip([0, *(one.end() for one in found)], [*(one.start() for one in found), len(text)])]
    any_of = [rf"[0-9]+{re.escape(one['size'])}(?: \([A-Z]+\))?" if one["size"] else "(?:0x)?[0-9a-f]+" for one in found]
    return "".join(re.escape(part) + number for part, number in zip(between, [*any_of, ""]))


def clean():
    """The environment without what a make that runs these tests has put there."""
    return {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}


def planned(words):
    """Return the runner's command lines that make would run, as words."""
    done = subprocess.run(["make", "-n", "-s", *words[1:]], text=True, capture_output=True,
                          check=False, env=clean(), timeout=system.TIMEOUT)
    if done.returncode or "Error" in done.stderr:
        raise AssertionError(f"{shlex.join(words)}: {done.stderr}")
    lines = done.stdout.replace("\\\n", " ").splitlines()
    return [shlex.split(line.split("lowwater.py ", 1)[1]) for line in lines if "lowwater.py " in line]


class Commands(unittest.TestCase):
    def test_there_are_some(self):
        self.assertGreater(len(commands()), 20)

    def test_each_is_understood(self):
        known = arms.load(make_spec(system.DEFAULTS))
        for words in commands():
            with self.subTest(shlex.join(words)):
                for argv in planned(words):
                    self.check(argv, known)

    def check(self, argv, known):
        """Its options are valid, and what it asks for is there; nothing is run."""
        if argv[0] in READERS:
            READERS[argv[0]].arguments().parse_args(argv[1:])
            return
        options = lowwater.parser().parse_args(argv)
        spec = make_spec(lowwater.one_of(options))
        if options.command is lowwater.run_all:
            self.assertTrue(choice.pairs(spec, known, options.scenario, options.patch)[0])
        elif options.command is lowwater.run or options.command is lowwater.run_sweep:
            asked.settle(spec, known)

    def test_the_list_is_printed(self):
        done = subprocess.run([*system.RUNNER, "list"], text=True, capture_output=True, check=True,
                              timeout=system.TIMEOUT)
        for part in ("lockup.demand=50 (1 to 90): ", "  holds with MEM 64 to 4096, CPUS 1 to 8\n",
                     "patches (PATCH=none, all, series"):
            self.assertIn(part, done.stdout)
        self.assertNotIn("MISTAKE", done.stdout)


class Transcripts(unittest.TestCase):
    def check(self, mark, scenario):
        """Every line of the block with this mark stands in the log of the scenario, in this order."""
        [block] = [one for one in blocks() if mark in one]
        lines = [line for line in block.splitlines() if line.strip() not in ("", "...")
                 and not line.startswith("$ ")]
        log = [line.split("] ", 1)[-1] for line in
               system.read(system.study(scenario).folder / "console.log").splitlines()]
        at = 0
        for line in lines:
            found = [n for n in range(at, len(log)) if re.fullmatch(pattern(line), log[n])]
            self.assertTrue(found, f"README has {line!r}, which the log has not behind {log[at - 1]!r}")
            at = found[0] + 1
        self.assertGreater(len(lines), 8)

    def test_the_table_has_every_arm_with_what_it_declares(self):
        [block] = [one for one in blocks() if "what it showed" in one]
        rows, scenario = [], None
        for line in block.splitlines():
            if found := re.match(r"(\S+)? +(\S+)(?: \([\d.]+\))? +(\S+) +yes +\d+ ", line):
                scenario = found[1] or scenario
                rows.append((scenario, found[2], found[3]))
            elif (found := re.match(r" +(\S+)$", line)) and rows[-1][1].endswith(","):  # a long list goes on below
                rows[-1] = (rows[-1][0], rows[-1][1] + found[1], rows[-1][2])
        known = arms.study(arms.load(make_spec(system.DEFAULTS)))
        self.assertEqual(rows, [(arm.scenario, arm.patch, arm.outcome) for arm in known])
        self.assertIn(f"\n{len(known)} arms, {len(known)} as declared, 0 not\n", block)

    def test_check_and_replay(self):
        for command_line in ("make check LOG=", "make replay LOG="):
            self.check_printed(next(one for one in blocks() if one.startswith("$ " + command_line)))

    def check_printed(self, block):
        said, *lines = block.splitlines()
        done = subprocess.run(shlex.split(said.removeprefix("$ ")), text=True, capture_output=True, check=True,
                              env=clean(), timeout=system.TIMEOUT)
        self.assertEqual([line.rstrip() for line in done.stdout.splitlines()], lines)

    def test_spike(self):
        self.check("app3 invoked oom-killer", "spike")

    def test_lockup(self):
        self.check("LOCKUP: holder", "lockup")


if __name__ == "__main__":
    unittest.main()
