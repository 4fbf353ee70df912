"""Tests of `make mutants`: the operators, and the tool on a tiny stand-in for mm/ and its tests."""
import contextlib
import io
import json
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from suites import mutants
from suites.mutation.operators import mutants_of

LIMIT_C = """/* A limit: n < 10 */
#include "mm/room/limit.h"

int is_full(int n)
{
	return n >= 10;
}

int is_odd(int n)
{
	return n & 1;
}
"""
ENDLESS_C = """
int count_up(int n)
{
	int done = -n;

	while (is_another(done, n))
		done++;
	return done;
}
"""
AT_C = """
{
	return a[i];
}
"""
LIMIT_H = """int is_full(int n);
int is_odd(int n);
int count_up(int n);
int is_another(int a, int b);
static inline int twice(int n)
{
	return n + n;
}
"""
MAIN_C = """#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "mm/room/limit.h"
static int failed;
int is_another(int a, int b)
{
	usleep(1000); /* who waits for ever costs nothing */
	return a != b;
}
static void test(const char *name, int ok)
{
	printf("[ RUN      ] %s\\n[  %s ] %s\\n", name, ok ? "     OK" : "FAILED ", name);
	fflush(stdout);
	failed |= !ok;
}
int main(int argc, char **argv)
{
	if (argc > 2 && strcmp(argv[2], "limit"))
		return 2; /* not the namesake's group first */
	test("test_full", is_full(11) && !is_full(8));
	test("test_odd", is_odd(1) && !is_odd(2));
	MORE
	return failed;
}
"""
EDGE = 'test("test_edge", is_full(10) && !is_full(9));'
COUNT = 'test("test_count", count_up(3) == 3);'


class Patient:
    """A busy host must not look like a mutant that hangs; a run that passed says that it is not."""

    def __init__(self, *measured):
        self.silence, self.total = (2.0, 60.0) if measured else (60.0, 120.0)


def changes(body, operator, name="mm/room/x.c"):
    """The changes of one operator in a function with this body: (what, the new body)."""
    head, tail = "int f(int a, int b)\n{\n\t", "\n\treturn a;\n}\n"
    text = head + body + tail
    return [(one.change, one.apply(text)[len(head):-len(tail)])
            for one in mutants_of(name, text) if one.operator == operator
            and one.number < text.count("\n") - 1]


class Operators(unittest.TestCase):
    def test_relations(self):
        self.assertEqual(changes("if (a < b) f();", "relation"),
                         [("< -> <=", "if (a <= b) f();"), ("< -> >=", "if (a >= b) f();")])
        self.assertEqual(changes("if (a == b) f();", "relation"), [("== -> !=", "if (a != b) f();")])
        self.assertEqual(changes("a->b = a << 1;", "relation"), [])

    def test_logic_negation_truth(self):
        self.assertEqual(changes("if (!a && b) f();", "logic"),
                         [("&& -> ||", "if (!a || b) f();")])
        self.assertEqual(changes("if (!a && b) f();", "negation"),
                         [("! ->", "if (a && b) f();")])
        self.assertEqual(changes("g(true);", "truth"), [("true -> false", "g(false);")])

    def test_arithmetic_is_binary(self):
        self.assertEqual(changes("a = -b + a[1];", "arithmetic"),
                         [("+ -> -", "a = -b - a[1];")])
        self.assertEqual([one for one, _ in changes("a += b++;", "arithmetic")],
                         ["+= -> -=", "++ -> --"])

    def test_constants(self):
        self.assertEqual(changes("a = 0x10ul;", "constant"),
                         [("0x10ul -> (0x10ul + 1)", "a = (0x10ul + 1);"),
                          ("0x10ul -> (0x10ul - 1)", "a = (0x10ul - 1);")])
        self.assertEqual(changes('char room[64];', "constant"), [])
        self.assertEqual(changes('g("64", \'1\'); /* 7 */', "constant"), [])

    def test_macros_of_sources_only(self):
        text = "#define LIMIT (4 + 1)\n#include <a5.h>\n"
        self.assertEqual(len(mutants_of("mm/room/x.c", text)), 5)
        self.assertEqual(mutants_of("mm/room/x.h", text), [])

    def test_removal(self):
        self.assertEqual(changes("g(a,\n\t  b);", "removal"), [("call removed", ";\n")])
        self.assertEqual(changes("a = g(b);", "removal"), [("assignment removed", ";")])
        self.assertEqual(changes("if (a)\n\t\treturn b;", "removal"),
                         [("early return removed", "if (a)\n\t\t;")])
        self.assertEqual(changes("int c = g(b);", "removal"), [])

    def test_the_last_return_stays(self):
        self.assertEqual(mutants_of("mm/room/x.c", "int f(int a)\n{\n\treturn a;\n}\n"), [])

    def test_zero(self):
        self.assertEqual(changes("a->b = b;", "zero"), [("value -> 0", "a->b = 0;")])
        self.assertEqual(changes("a = 0;", "zero"), [])
        self.assertEqual(changes("a += b;", "zero"), [])

    def test_order(self):
        swapped = "swapped with the next statement"
        self.assertEqual(changes("g(a);\n\th(b);", "order"), [(swapped, "h(b);\n\tg(a);")])
        self.assertEqual(changes("a = b;\n\tb = 1;", "order"), [(swapped, "b = 1;\n\ta = b;")])
        self.assertEqual(changes("a->x = 1;\n\ta->y = 2;", "order"), [])  # they do not meet
        self.assertEqual(changes("g(a);\n\ttrace(b);", "order"), [])  # a note
        self.assertEqual(changes("g(a);\n\tif (b)\n\t\th(b);", "order"), [])
        self.assertEqual(changes("for_each_zone(a, b)\n\t\tg(a);\n\th(b);", "order"), [])

    def test_what_is_alike_is_numbered(self):
        found = mutants_of("mm/room/x.c", "int f(int a)\n{\n\treturn a == 1 || a == 2;\n}\n")
        same = [one for one in found if one.operator == "relation"]
        self.assertEqual([one.nth for one in same], [0, 1])
        self.assertEqual(len({one.key() for one in found}), len(found))

    def test_every_file_of_mm_is_understood(self):
        found = {str(path): mutants_of(str(path), path.read_text(encoding="utf-8"))
                 for path in sorted(Path("mm").glob("*/*.[ch]"))}
        self.assertGreater(len(found["mm/alloc/highatomic.c"]), 50)
        for name, ones in found.items():
            self.assertEqual(len({one.key() for one in ones}), len(ones), name)


class Groups(unittest.TestCase):
    def test_the_twin_runs_every_one(self):
        listed = re.findall(r"\bX\((\w+)\)", Path("tests/host/twin/main.c").read_text(encoding="utf-8"))
        self.assertEqual(sorted(listed), sorted(sum(mutants.test_groups().values(), [])))


class Tool(unittest.TestCase):
    """The whole of it, with gcc, on two sources."""

    flags = ["-O1", "-I."]

    def setUp(self):
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        stack.enter_context(contextlib.chdir(stack.enter_context(tempfile.TemporaryDirectory())))
        stack.enter_context(mock.patch("suites.mutation.twin.Limits", Patient))
        self.write("mm/room/limit.c", LIMIT_C)
        self.write("mm/room/limit.h", LIMIT_H)
        self.write("tests/host/room/test_limit.c", "TEST_GROUP(limit)\n")
        self.write("equivalent.json", "[]")

    @staticmethod
    def write(name, text):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text, encoding="utf-8")

    def build(self, more):
        self.write("tests/host/twin/main.c", MAIN_C.replace("MORE", more))
        first, *others = (Path("out", build) for build in mutants.BUILDS)
        for name in ("mm/room/limit", "tests/host/twin/main"):
            made = first / (name + ".o")
            made.parent.mkdir(parents=True, exist_ok=True)
            subprocess.run(["gcc", *self.flags, "-MMD", "-c", name + ".c", "-o", made], check=True)
        subprocess.run(["gcc", *self.flags, *first.rglob("*.o"), "-o", first / "twin"], check=True)
        for other in others:  # of the same flags
            shutil.copytree(first, other, dirs_exist_ok=True)

    def run_tool(self, *more, tests=EDGE):
        """Its exit code, and all that it printed."""
        before = Path("mm/room/limit.c").read_text(encoding="utf-8")
        self.build(tests)
        gcc = " ".join(["gcc", *self.flags])
        argv = ["mutants.py", "--fast", gcc, "--checked", gcc, "--link", "gcc",
                "--objects", "mm/room/limit.o tests/host/twin/main.o",
                "--equivalent", "equivalent.json", *more, "out"]
        out = io.StringIO()
        with mock.patch("sys.argv", argv), contextlib.redirect_stdout(out), \
                contextlib.redirect_stderr(out):
            try:
                code = mutants.main()
            except SystemExit as stop:
                code = stop.code
        self.assertFalse(Path("out/work").exists())
        self.assertEqual(Path("mm/room/limit.c").read_text(encoding="utf-8"), before)
        return code, out.getvalue()

    @staticmethod
    def verdicts():
        lines = Path("out/verdicts.txt").read_text(encoding="utf-8").splitlines()
        return {line[17:].split(" | ")[0]: (line[:16].strip(), line.split(" | ")[-1])
                for line in lines}

    def killers(self):
        return {killer for verdict, killer in self.verdicts().values() if verdict == "killed"}

    def test_all_killed(self):
        code, text = self.run_tool()
        self.assertEqual(code, 0, text)
        self.assertIn("100.0% killed", text)
        self.assertNotIn("lived:", text)
        self.assertEqual(self.killers(), {"test_full", "test_odd", "test_edge"})

    def test_a_group_that_the_twin_lacks_is_no_kill(self):
        self.write("tests/host/other/test_other.c", "TEST_GROUP(other)\n")
        code, text = self.run_tool()
        self.assertEqual((code, "a test fails: ended with 2" in text), (2, True), text)

    def test_one_that_hangs_is_killed(self):
        self.write("mm/room/limit.c", LIMIT_C + ENDLESS_C)
        code, text = self.run_tool(tests=EDGE + COUNT)
        self.assertEqual(code, 0, text)
        self.assertIn("hangs", self.killers())  # without done++

    def test_what_lives_is_shown_and_fails(self):
        code, text = self.run_tool(tests="")
        self.assertEqual(code, 1, text)
        self.assertIn("lived: mm/room/limit.c:6: relation: >= -> >", text)
        self.assertIn("-\treturn n >= 10;\n+\treturn n > 10;", text)
        self.assertIn("FAILED", text)
        self.assertRegex(text, r"(?m)^mm/room +\d+ +\d+ +3 ")

    def test_equivalent_ones_are_not_judged(self):
        ones = [{"file": "mm/room/limit.c", "line": "return n >= 10;", "operator": operator,
                 "change": change, "reason": "for the test's sake"}
                for operator, change in (("relation", ">= -> >"), ("constant", "10 -> (10 + 1)"),
                                         ("constant", "10 -> (10 - 1)"))]
        self.write("equivalent.json", json.dumps(ones))
        code, text = self.run_tool(tests="")
        self.assertEqual(code, 0, text)
        self.write("equivalent.json", json.dumps([dict(ones[0], line="return n >= 11;")]))
        code, text = self.run_tool(tests=EDGE)
        self.assertEqual(code, 1)
        self.assertIn("names one that is not there: mm/room/limit.c: 'return n >= 11;'", text)

    def test_the_header_s_readers_are_compiled(self):
        code, text = self.run_tool("--files", "mm/room/limit.h")
        self.assertEqual(code, 0, text)  # nobody calls it: the object stays as it is
        self.assertEqual([one for one, _ in self.verdicts().values()], ["same code"])

    def test_the_same_code_with_sanitizers(self):
        """They put the names of sources and headers into the objects."""
        self.flags = ["-O1", "-I.", "-fsanitize=address,undefined"]
        self.write("mm/room/limit.h", LIMIT_H + "static inline int header_at(int *a, int i)" + AT_C)
        self.write("mm/room/limit.c", LIMIT_C + "#define NEVER 5\nint at(int *a, int i)" + AT_C
                   + "int (*used)(int *, int) = header_at;\n")
        self.run_tool()
        verdicts = self.verdicts()
        for name in ("limit.c:13: constant: 5 -> (5 + 1)", "limit.h:7: arithmetic: + -> -"):
            self.assertEqual(verdicts[f"mm/room/{name}"], ("same code", ""))

    def test_samples_repeat(self):
        self.run_tool("--sample", "3", "--seed", "7")
        first = self.verdicts().keys()
        self.assertEqual(len(first), 3)
        self.run_tool("--sample", "3", "--seed", "7")
        self.assertEqual(self.verdicts().keys(), first)

    def test_bad_input(self):
        for more, said in ((("--files", "mm/room/limits.c"), "is it mm/room/limit.c?"),
                           (("--sample", "some"), "SAMPLE='some': expected a number"),
                           (("--jobs", "0"), "JOBS='0'")):
            code, text = self.run_tool(*more)
            self.assertEqual((code, said in text), (2, True), text)

    def test_tests_that_fail_as_they_are(self):
        code, text = self.run_tool(tests='test("test_no", 0);')
        self.assertEqual(code, 2)
        self.assertIn("without any change a test fails: test_no", text)

    def test_interrupted(self):
        with mock.patch.object(mutants, "progress", side_effect=KeyboardInterrupt):
            code, text = self.run_tool()
        self.assertEqual(code, 130)
        self.assertIn("interrupted", text)
        self.assertEqual(len(self.verdicts()), 1)


if __name__ == "__main__":
    unittest.main()
