"""Tests of what make makes again: the Makefiles of the tree on a few empty sources, with tools that
only note what they were asked for.
"""
import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

SECONDS = 60
MAKEFILES = ("Makefile", "tests/host/host.mk", "tests/host/builds.mk", "tests/host/explore/explore.mk",
             "tests/run/toolchain/stamp.mk")
TOOLS = ("gcc", "other", "clang", "ld", "objcopy", "python")
SOURCES = ("boot/bootinfo.c", "boot/entry.S", "kernel/start.c", "kernel/core/param.c", "mm/page/page.c",
           "kernel/task/libc/start.c", "tests/scenarios/one.c", "tests/scenarios/two.c",
           "tests/host/tsan/main.c", "tests/host/bench/bench.c", "tests/host/fuzz/fuzz_alloc.c",
           "linker.ld", "tests/host/twin/params.ld")
NEWLIB = "tests/run/toolchain/newlib.sh"
# Notes its words, answers with its version, and makes what stands behind -o, or objcopy's last word.
TOOL = """#!/bin/sh
echo "$(basename "$0") $*" >>notes
[ "$1" != --version ] || { echo "$(basename "$0") 1.$(cat version)"; exit; }
case $0 in */objcopy) for last; do :; done; : >"$last" ;; esac
while [ $# -gt 0 ]; do [ "$1" != -o ] || : >"$2"; shift; done
"""
RECIPE = """#!/bin/sh
echo newlib >>notes
mkdir -p "$1" && cat "$0" >"$1/done"
"""


def named():
    """Return the sources and scripts that a Makefile names one by one."""
    found = set()
    for name in MAKEFILES:
        text = Path(name).read_text(encoding="utf-8")
        for words in re.findall(r"addprefix ([\w/]+),([^)]+)", text.replace("\\\n", "")):
            found |= {words[0] + word for word in words[1].split()}
        found |= set(re.findall(r"\b(?:boot|kernel|tests)/[\w/]+\.(?:c|py)\b", text))
    return found


class Stale(unittest.TestCase):
    """A tree of empty files in a folder of its own."""

    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.root = Path(place.name)
        for name in MAKEFILES:
            self.write(name, Path(name).read_text(encoding="utf-8"))
        for name in (*SOURCES, *named()):
            self.write(name, "")
        self.write("version", "0")
        self.write("tests/run/toolchain/setup.sh", "#!/bin/sh\n")
        self.write(NEWLIB, RECIPE)
        for name in TOOLS:
            self.write(f"bin/{name}", TOOL)

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)

    def start(self, *words):
        env = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
        env["PATH"] = f"{self.root}/bin:{env['PATH']}"
        return subprocess.run(["make", "-s", f"PY={self.root}/bin/python", *words], cwd=self.root, env=env,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS,
                              check=False)

    def make(self, *words):
        """Run make and return what its tools were asked for, but for their versions."""
        (self.root / "notes").write_text("")
        done = self.start(*words)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        lines = (self.root / "notes").read_text(encoding="utf-8").splitlines()
        return [line for line in lines if "--version" not in line]

    def sources(self, notes):
        return {match[1] for line in notes if (match := re.search(r" -c (\S+\.[cS])", line))}

    def test_the_image_without_a_change(self):
        notes = self.make("image")
        self.assertIn("newlib", notes)
        self.assertLessEqual(set(SOURCES[:8]), self.sources(notes))
        self.assertEqual(self.make("image"), [])

    def test_a_removed_source_leaves_the_image(self):
        self.make("image")
        (self.root / "tests/scenarios/two.c").unlink()
        links = [line for line in self.make("image") if line.startswith("ld ")]
        self.assertIn("one.o", links[0])
        self.assertNotIn("two.o", " ".join(links))
        self.assertEqual(len(links), 3)  # the apps, the first image, the image
        (self.root / "kernel/start.c").unlink()
        links = [line for line in self.make("image") if line.startswith("ld ")]
        self.assertNotIn("start.o", links[-1].replace("libc/start.o", ""))

    def test_an_added_source_comes_in(self):
        self.make("image")
        self.write("tests/scenarios/three.c", "")
        notes = self.make("image")
        self.assertEqual(self.sources(notes), {"tests/scenarios/three.c", "build/obj/symtab.S"})
        self.assertTrue(any("three.o" in line for line in notes if line.startswith("ld -r ")))

    def test_another_compiler_version_or_flag_compiles_everything(self):
        self.make("image")
        for words, tool in ((("CC=other",), "other"), ((), "gcc"), (("OPT=-O3",), "-O3"), ((), "-O2")):
            notes = self.make("image", *words)
            self.assertLessEqual(set(SOURCES[:8]), self.sources(notes), words)
            self.assertTrue(all(tool in line for line in notes if SOURCES[2] in line))
        self.write("version", "1")
        self.assertLessEqual(set(SOURCES[:8]), self.sources(self.make("image")))
        self.assertEqual(self.make("image"), [])

    def test_newlib_is_built_by_its_recipes_text_not_by_its_age(self):
        self.make("image")
        (self.root / NEWLIB).touch()
        self.assertEqual(self.make("image"), [])
        self.write(NEWLIB, RECIPE + "# another\n")
        self.assertEqual(self.make("image")[0], "newlib")
        self.assertEqual(self.make("image"), [])

    def test_a_build_folder_that_is_a_file_gets_one_line(self):
        self.write("build", "mine")
        done = self.start("image")
        self.assertEqual((done.returncode, done.stdout, (self.root / "build").read_text()), (2, "", "mine"))
        lines = [line for line in done.stderr.splitlines() if "unfinished jobs" not in line]
        self.assertEqual(len(lines), 1)
        self.assertRegex(lines[0], r"\*\*\* open: build/obj/sources: Not a directory\.  Stop\.")

    def test_a_build_folder_that_cannot_be_made_gets_one_line(self):
        (self.root / "build").symlink_to("/proc/nothing")
        done = self.start("image")
        lines = [line for line in done.stderr.splitlines() if "unfinished jobs" not in line]
        self.assertEqual((done.returncode, done.stdout, len(lines)), (2, "", 1), done.stderr)
        self.assertRegex(lines[0], r"\*\*\* build/obj: cannot be made, or not be written to\.  Stop\.")

    def test_the_real_recipe_leaves_its_text(self):
        built = Path(os.environ.get("LOWWATER_BUILD_DIR", "build")) / "newlib/done"
        self.assertEqual(built.read_text(encoding="utf-8"), Path(NEWLIB).read_text(encoding="utf-8"))

    def test_the_hosts_builds(self):
        for goal, target, source, words in (
                ("host-tests", "host/twin", "boot/bootinfo.c", ("CC=other",)),
                ("build/fuzz/fuzz_alloc", "fuzz_alloc", "boot/bootinfo.c", ("HOST_COMMON=-O0",)),
                ("build/fuzz-fs/fuzz_fs", "fuzz_fs", "tests/host/fuzz/fuzz_fs.c", ("HOST_COMMON=-O0",)),
                ("threads-tests", "threads/threads", "boot/bootinfo.c", ("HOST_COMMON=-O0",)),
                ("build/bench/bench", "bench/bench", "boot/bootinfo.c", ("HOST_COMMON=-O0",)),
                ("build/explore/explore", "explore/explore", "mm/page/page.c", ("EXPLORE_COMMON=-O0",))):
            with self.subTest(goal):
                self.assertIn(source, self.sources(self.make(goal)))
                self.assertEqual(self.make(goal), [])
                self.assertIn(source, self.sources(self.make(goal, *words)))
                self.make(goal)
                self.write("mm/page/gone.c", "")
                self.assertIn("gone.o", self.make(goal)[-1])
                (self.root / "mm/page/gone.c").unlink()
                [link] = self.make(goal)
                self.assertTrue(link.endswith(target))
                self.assertNotIn("gone.o", link)


if __name__ == "__main__":
    unittest.main()
