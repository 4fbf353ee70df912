"""Every report of the corpus, against what a person reads in it (data/foreign/README.md)."""
import json
import unittest
from pathlib import Path

import jsonschema

from check import command, form, sums, verdict, words
from reports import report
from results import schema

FOLDER = Path(__file__).parent / "data" / "foreign"
SAME = ("comm", "gfp_mask", "gfp_flags", "order", "release", "global")
KINDS = {"oom": "oom", "memcg-oom": "oom", "by-hand": "oom", "alloc-failure": "alloc-failure"}
# What is read otherwise than the corpus says, and why.
OTHERWISE = {
    "07 Normal": "the reserve is taken off, as far as its pages are known: INDEX.md has the margin without",
    "10": "292 pages on per-CPU lists are a handful: low - min is 2372",
}


def wanted():
    """Yield (name, the reports found, what each should be) of each text."""
    for path in sorted(FOLDER.glob("*.json")):
        name = path.stem
        text = (FOLDER / f"{name}.txt" if name.startswith("seed") else next(FOLDER.glob(f"{name}-*.txt")))
        yield name, list(report.stream(command.Log(str(text)))), json.loads(path.read_text())["reports"]


class Corpus(unittest.TestCase):
    def each(self, check):
        count = 0
        for name, found, expected in wanted():
            self.assertEqual(len(found), len(expected), name)
            for one, want in zip(found, expected):
                with self.subTest(name=name, line=one["line"]):
                    check(name, one, want)
                    count += 1
        self.assertEqual(count, 23)

    def test_parsed_whole(self):
        self.each(self.check_parsed)

    def check_parsed(self, _name, one, want):
        self.assertEqual(one["kind"], KINDS[want["kind"]])
        for field in SAME:
            self.assertEqual(one[field], want[field], field)
        self.assertEqual((one["trigger"] or {}).get("pid"), want["trigger_pid"])
        self.assertEqual(len(one["tasks"]), want["tasks"])
        self.assertEqual(one["victim"] and {key: one["victim"][key] for key in ("pid", "comm")}, want["victim"])
        self.check_some(one["trailer"], want["trailer"])
        self.assertEqual(one["nodes"].keys(), want["nodes"].keys())
        for node, values in want["nodes"].items():
            self.check_some(one["nodes"][node], values)
        self.assertEqual(one["zones"].keys(), want["zones"].keys())
        for key, values in want["zones"].items():
            self.check_zone(one["zones"][key], values)

    def check_some(self, found, want):
        self.assertEqual({key: found.get(key) for key in want}, want)

    def check_zone(self, found, want):
        want = {key: value for key, value in want.items()
                if key not in ("margin", "margin_other", "block", "buddy", "buddy_head", "doubt")}
        self.check_some(found, want)

    def test_buddy_lines(self):
        self.each(lambda _name, one, want: [
            self.assertEqual([[row["count"], row["types"]] for row in one["zones"][key]["buddy"]],
                             [list(pair) for pair in zone["buddy"]], key)
            for key, zone in want["zones"].items() if "buddy" in zone])

    def test_zones_of_the_request(self):
        def check(_name, one, want):
            asked = verdict.judge(one).asked
            if asked and want["request_zones"]:
                self.assertEqual(asked.zones, want["request_zones"])
            elif asked and want.get("request_zones_any_order"):
                self.assertEqual(sorted(asked.zones), sorted(want["request_zones_any_order"]))
        self.each(check)

    def test_margins(self):
        def check(name, one, want):
            for test in verdict.judge(one).tests:
                margin = want["zones"][test.key].get("margin")
                if margin is not None and f"{name} {test.key}" not in OTHERWISE:
                    self.assertEqual(test.margin, margin, test.key)
        self.each(check)

    def test_verdicts(self):
        def check(name, one, want):
            found = verdict.judge(one)
            if name in OTHERWISE:
                self.assertIn(found.kind, want["verdict_also"])
            else:
                self.assertEqual(found.kind, want["verdict"], found.why)
        self.each(check)

    def test_sums_hold_or_are_explained(self):
        def check(_name, one, _want):
            asked = verdict.judge(one).asked
            if asked:
                _, wrong = sums.check(one, asked.version)
                self.assertEqual([line.text for line in wrong if line.why is None], [])
        self.each(check)

    def test_ten_lines_or_so_and_the_form_as_its_schema_says(self):
        validator = schema.validator("check")

        def check(name, one, _want):
            found = verdict.judge(one)
            lines = words.lines(one, found, 1, name)
            self.assertLessEqual(len(lines), 13)
            self.assertIn(f"{found.kind}: ", "\n".join(lines))
            as_json = json.loads(json.dumps(form.as_json(one, found, name, 1)))
            self.assertEqual([error.message for error in validator.iter_errors(as_json)], [])
        self.each(check)


class Transports(unittest.TestCase):
    """The same reports as an unlucky world hands them on."""

    def test_each(self):
        paths = sorted((FOLDER / "logs").glob("*.json"))
        self.assertEqual(len(paths), 11)
        for path in paths:
            expected = json.loads(path.read_text())
            found = list(report.stream(command.Log(str(path.with_suffix(".txt")))))
            with self.subTest(path.stem, what=expected["what"]):
                self.assertEqual([self.seen(one) for one in found],
                                 [self.told(one) for one in expected["reports"]])

    def seen(self, one):
        return one["kind"], one["comm"], one["order"], one["release"], sum("free" in zone for zone in one["zones"].values())

    def told(self, want):
        zones = want["zones"] if isinstance(want["zones"], int) else len(want["zones"])
        return KINDS[want["kind"]], want["comm"], want["order"], want["release"], zones


if __name__ == "__main__":
    unittest.main()
