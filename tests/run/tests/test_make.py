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

    def test_all_that_a_makefile_reads_may_be_set(self):
        text = "".join(path.read_text(encoding="utf-8") for path in MAKEFILES)
        names = set(re.findall(r"^([A-Z_]+) \?=", text, re.M)) | {"CC", "OPT", "TOP", "NEWLIB", "UPDATE"}
        code, _, err = make("help", *(f"{name}=1" for name in sorted(names)))
        self.assertEqual((code, err), (0, ""))

    def test_any_text_comes_to_the_runner_as_it_is(self):
        for text in ("", "a b", "it's", 'a"b', "a;b|c", "--mem"):
            _, out, _ = make("run", "SCENARIO=info", f"ARGS={text}")
            said = subprocess.run(["/bin/sh", "-c", "printf '%s\\n' " + out.split("lowwater.py")[1]],
                                  text=True, capture_output=True, check=True).stdout
            self.assertIn(f"\n--args={text}\n", said)


class Nearest(unittest.TestCase):
    def test_what_a_person_meant(self):
        for want, names, near in (("sipke", ("list", "spike", "info"), "spike"),
                                  ("oom-reper", ("oom-reaper", "oom-reaper-skip"), "oom-reaper"),
                                  ("foo", ("hz", "boot", "info"), None), ("x", (), None),
                                  ("swappiness", ("keys.press", "patch"), None)):
            self.assertEqual(nearest.find(want, names), near)


if __name__ == "__main__":
    unittest.main()
