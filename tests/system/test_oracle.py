"""Lowwater beside a real Linux 4.8.15: the workloads that take seconds (`make oracle` runs all).

From the repository's root, with the kernel built.
"""
import tempfile
import unittest

import system  # first: it says where the runner is
# pylint: disable=wrong-import-order
from campaign import arms, oracle, runner
from campaign.progress import Silent
from options import make_spec
from results import schema

LOADS = {name: one for name, one in schema.load(oracle.DATA, "linux_oracle")["workloads"].items() if one["quick"]}


class SideBySide(unittest.TestCase):
    def compared(self, name):
        with tempfile.TemporaryDirectory() as folder:
            spec = make_spec(system.DEFAULTS | {"results": folder})
            pair = oracle.settled(spec, LOADS[name], arms.load(spec))
            return oracle.compared(LOADS[name], runner.run(*pair, Silent))

    def held(self, name):
        found = self.compared(name)
        for row in found["rows"]:
            with self.subTest(point=row["point"], what=row["what"]):
                self.assertIsNot(row["ok"], False, f"{row['lowwater']}, Linux {row['linux']}, {row['limit']}")

    def test_w2_without_swap_until_the_kill(self):
        self.held("W2, 256 MiB")

    def test_w1_memory_beyond_ram_and_swap(self):
        self.held("W1, 256 MiB")

    def test_w5_a_file_beside_memory_that_grows(self):
        self.held("W5, 256 MiB")


if __name__ == "__main__":
    unittest.main()
