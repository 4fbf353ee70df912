"""The Makefile's own part: variables of its command line, and how they come to the runner."""
import os
import re
import subprocess
import unittest
from pathlib import Path

import nearest

MAKEFILES = (Path("Makefile"), *Path("tests/host").rglob("*.mk"))


def make(*words):
    """Return what `make -n` with these words would do: (exit code, stdout, stderr)."""
    clean = {name: value for name, value in os.environ.items()
             if name not in ("MAKEFLAGS", "MAKELEVEL", "MEM", "SHIFT")}
    done = subprocess.run(["make", "-n", "-s", *words], text=True, capture_output=True, check=False,
                          env=clean)
    return done.returncode, done.stdout, done.stderr


def table():
    """{target: the names of the variables that it reads}, as the Makefile has it."""
    text = Path("Makefile").read_text(encoding="utf-8")
    runs = re.search(r"^RUNS := (.*)$", text, re.M)[1]
    return {target: set(names.replace("$(RUNS)", runs).split())
            for target, names in re.findall(r"^READS_([a-z-]+) := (.*)$", text, re.M)}


class Variables(unittest.TestCase):
    def test_an_unknown_one_is_refused_with_the_nearest(self):
        for words, near in ((("run", "SCENARIO=lockup", "PACTH=oom-reaper"), "PATCH"),
                            (("test", "SIUTE=host"), "SUITE"), (("image", "BILD=debug"), "BUILD"),
                            (("sweep", "SEED=1", "SHCEDS=1..3"), "SCHEDS"),
                            (("explore", "BUOND=2"), "BOUND")):
            with self.subTest(words):
                code, out, err = make(*words)
                self.assertEqual((code, out, err.count("\n")), (2, "", 1))
                self.assertIn(f"make has no such variable here; the nearest is {near}.", err)

    def test_one_that_is_near_to_nothing(self):
        code, _, err = make("clean", "GADZOOKS=1")
        self.assertEqual(code, 2)
        self.assertIn("GADZOOKS: make has no such variable here; make help names them.", err)

    def test_one_that_the_target_does_not_read(self):
        for words, name, expected in ((("bench", "PATCH=x"), "PATCH", "MEM SHIFT CPUS "),
                                      (("test", "SCENARIO=x"), "SCENARIO", "SUITE TEST JOBS."),
                                      (("matrix", "SEEDS=1..3"), "SEEDS", "SCENARIO PATCH MEM CPUS "),
                                      (("MEM=64",), "MEM", "BUILD."),
                                      (("sweep", "MAP=1"), "MAP", "SCENARIO PATCH MEM "), (("clean", "JOBS=2"), "JOBS", "none.")):
            with self.subTest(words):
                code, out, err = make(*words)
                self.assertEqual((code, out, err.count("\n")), (2, "", 1))
                target = words[0] if len(words) > 1 else "all"
                self.assertIn(f"{name}: make {target} does not read it; expected {expected}", err)

    def test_one_that_another_target_of_the_command_reads(self):
        self.assertEqual(make("clean", "list", "SCENARIO=x")[0], 0)

    def test_a_target_reads_what_it_is_said_to_read(self):
        """But for those that start makes of their own, and for those that build."""
        for target, names in table().items():
            if target in ("run", "matrix", "list", "sweep", "bench", "console", "debug", "core", "host-run",
                          "host-threads", "host-bench", "fuzz", "fuzz-fs", "explore", "explore-test", "report"):
                words = [f"{name}=zz{name}" for name in names if name != "BUILD"]
                code, out, err = make(target, *words)
                self.assertEqual((code, err), (0, ""), target)
                for name in names - {"BUILD", "LOG", "MAP", "UPDATE"}:
                    self.assertIn(f"zz{name}", out, target)

    def test_every_target_says_what_it_reads(self):
        text = "".join(path.read_text(encoding="utf-8") for path in MAKEFILES)
        phony = re.findall(r"^\.PHONY:((?:.*\\\n)*.*)$", text, re.M)
        targets = {word for words in phony for word in words.replace("\\", "").split()} - {".FORCE"}
        nothing = set(re.search(r"^READ_NOTHING := (.*)$", text, re.M)[1].split())
        self.assertEqual(targets, nothing | set(table()))

    def test_all_that_a_makefile_reads_may_be_set(self):
        text = "".join(path.read_text(encoding="utf-8") for path in MAKEFILES)
        names = set(re.findall(r"^([A-Z_]+) \?=", text, re.M)) | {"UPDATE"}
        self.assertEqual(names - {"TOP"} - set().union(*table().values()), set())
        for name in ("CC", "OPT", "TOP", "NEWLIB"):
            self.assertEqual(make("help", f"{name}=1")[0], 0)

    def test_any_text_comes_to_the_runner_as_it_is(self):
        for text in ("", "a b", "it's", 'a"b', "a;b|c", "--mem"):
            _, out, _ = make("run", "SCENARIO=info", f"ARGS={text}")
            said = subprocess.run(["/bin/sh", "-c", "printf '%s\\n' " + out.split("lowwater.py")[1]],
                                  text=True, capture_output=True, check=True).stdout
            self.assertIn(f"\n--args={text}\n", said)


    def test_map_adds_its_words_to_those_of_a_user(self):
        for words, args in (((), ""), (("MAP=1",), "sample_us=4000 map_us=4000 "),
                            (("MAP=1", "ARGS=hz=100"), "sample_us=4000 map_us=4000 hz=100")):
            with self.subTest(words):
                self.assertIn(f" --args='{args}' ", make("run", "SCENARIO=info", *words)[1])


class Nearest(unittest.TestCase):
    def test_what_a_person_meant(self):
        for want, names, near in (("sipke", ("list", "spike", "info"), "spike"),
                                  ("oom-reper", ("oom-reaper", "oom-reaper-skip"), "oom-reaper"),
                                  ("foo", ("hz", "boot", "info"), None), ("x", (), None),
                                  ("swappiness", ("keys.press", "patch"), None)):
            self.assertEqual(nearest.find(want, names), near)


if __name__ == "__main__":
    unittest.main()
