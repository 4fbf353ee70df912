"""Tests of the words that say what an arm showed."""
import dataclasses
import unittest

from results import phrase
from test_parts import ARM


class Phrases(unittest.TestCase):
    counters = {"oom_kills": 2, "ns": 3_512_345_678, "big": 12_345_678, "share": 0.5}
    reports = [{"kind": "oom", "order": 0, "comm": "a\x1bb", "identities": {"violated": []},
                "preferred": "DMA32", "zones": {"DMA32": {"free": 6062, "all_free_H": True}}}]

    def showed(self, template, found="oom-killed", failed=(), reports=None):
        arm = dataclasses.replace(ARM, showed=template)
        return phrase.showed(arm, found, list(failed), self.counters, reports or self.reports)

    def test_rendered(self):
        for template, expected in (
                ("{preferred.free} of {preferred.name}", "6062 of DMA32"), ("plain", "plain"),
                ("", ""), ("{ns // 1000000} ms", "3512 ms"), ("{ns / 1000000000} s", "4 s"),
                ("{big}, {-big}", "12.3M, -12.3M"), ("{preferred.all_free_H}", "yes"),
                ("{oom_kills > 2}, {not oom_kills}", "no, no"), ("{ order + 1 }", "1"),
                ("{comm}", "a?b"), ("{oom_kills}{oom_kills}", "22")):
            self.assertEqual(self.showed(template), expected, template)

    def test_a_run_that_is_not_as_declared_claims_nothing(self):
        self.assertEqual(self.showed("fine", found="lockup"), "ended as lockup, not oom-killed")
        self.assertEqual(self.showed("fine", failed=["a == 1: no", "b"]), "a == 1: no")
        wrong = [{"kind": "oom", "identities": {"violated": ["sums"]}, "zones": {}}]
        self.assertEqual(self.showed("fine", reports=wrong), "report 1 (oom): sums")

    def test_what_cannot_be_said_is_not_said(self):
        for template, part in (("{oom_kils}", "no phrase: oom_kils: oom_kils is neither"),
                               ("fine {victim.x}", "victim.x is neither"), ("{}", "not an expr"),
                               ("{oom_kills +}", "not an expression"), ("{a", "no partner"),
                               ("a}", "no partner"), ("{{oom_kills}}", "no partner"),
                               ("{oom_kills // 0}", "zero"), ("{zones}", "no single value"),
                               ("{1e308 * 10}", "no number"), ("{open('x')}", "not allowed")):
            with self.subTest(template):
                said = self.showed(template)
                self.assertIn(part, said)
                self.assertTrue(said.startswith("no phrase: "), said)

    def test_nothing_is_declared(self):
        self.assertIsNone(phrase.showed(None, "completed", [], {}, []))


if __name__ == "__main__":
    unittest.main()
