"""Tests of what a scenario declares for all its arms: machine, parameters, the seed behind it."""
import dataclasses
import unittest

from campaign import arms
from machine import qemu
import options
from test_parts import ARM, settled


class Machine(unittest.TestCase):
    """What the user says wins, then what the scenario declares, then the usual."""

    def machine(self, table=(), **changes):
        one = settled(table, **changes)
        return one.mem, one.shift

    def test_precedence(self):
        for table, changes, expected in (
                ((), {}, (2048, 0)), ([ARM], {}, (96, 4)), ([ARM], {"mem": "64"}, (64, 4)),
                ([ARM], {"shift": "0"}, (96, 0)), ((), {"mem": "64", "shift": "10"}, (64, 10)),
                ([ARM], {"scenario": "another"}, (2048, 0)), ([ARM], {"patch": "another"}, (96, 4)),
                ([ARM], {"mode": "fast"}, (96, None))):
            with self.subTest(changes, declared=bool(table)):
                self.assertEqual(self.machine(table, **changes), expected)

    def test_nothing_declared_is_the_usual_memory(self):
        plain = dataclasses.replace(ARM, mem=0, shift=0)
        self.assertEqual(self.machine([plain]), (2048, 0))

    def test_parameters(self):
        for changes, words in (({}, "a=1 b=2"), ({"patch": "another"}, "a=1 c=3"),
                               ({"args": "b=9 d=4"}, "a=1 b=9 d=4"),
                               ({"args": "c=9", "patch": "another"}, "a=1 c=9"),
                               ({"args": "a=7 b=8"}, "a=7 b=8")):
            with self.subTest(changes):
                line = qemu.kernel_line(settled([ARM], **changes))
                self.assertEqual(line.split("icount=4 ")[1], words)

    def test_settled_twice_is_settled_once(self):
        once = settled([ARM])
        self.assertEqual(arms.settle(once, [ARM]), once)

    def test_a_field_of_another_kind_is_named(self):
        for name, value in (("shift", "4"), ("shift", True), ("mem", None), ("mem_hold", [1, "2"]),
                            ("checks", "x"), ("help", 3)):
            with self.subTest(f"{name}={value}"):
                with self.assertRaisesRegex(options.UserError, f"arm s p: expected .* as '{name}'"):
                    arms.make_arm({"scenario": "s", "patch": "p", "outcome": "o", name: value})

    def test_the_study_is_sorted_by_seed(self):
        def arm(scenario, source, group="study"):
            return dataclasses.replace(ARM, scenario=scenario, source=source, group=group)

        table = [arm("a", "z"), arm("b", ""), arm("c", "y"), arm("d", "z"), arm("e", "y", "test")]
        self.assertEqual("".join(one.scenario for one in arms.study(table)), "bcad")


if __name__ == "__main__":
    unittest.main()
