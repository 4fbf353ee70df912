"""Tests of the schemas: they are schemas, what we keep is as they say, and what is not gets a line."""
import contextlib
import io
import json
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import jsonschema

from campaign import bench, oracle
from fake_build import FakeBuild
from options import UserError
from results import schema

SWEEP = ("sweep", "--scenario", "spike", "--seeds", "1..2")
GOOD = {"mem_mib": 64, "cpus": 1, "build": "release", "compiler": "gcc 12", "rows": {"a: b": [9, 2]}}


class Schemas(unittest.TestCase):
    def test_each_is_one_and_describes_every_field(self):
        paths = sorted(schema.FOLDER.glob("*.json"))
        self.assertEqual(len(paths), 7)
        for path in paths:
            one = json.loads(path.read_text(encoding="utf-8"))
            jsonschema.Draft202012Validator.check_schema(one)
            self.assertEqual(path.name, f"{path.name.split('.')[0]}.schema.json")
            self.assertTrue(one["description"])
            self.assertLessEqual(set(one["required"]), set(one["properties"]))

    def test_the_trees_own_files(self):
        self.assertEqual(schema.load(bench.BASELINE, "bench")["build"], "release")
        self.assertEqual(len(schema.load(bench.LINUX, "linux_bench")["columns"]), 3)
        self.assertEqual(len(schema.load(oracle.DATA, "linux_oracle")["workloads"]), 7)


class Damaged(unittest.TestCase):
    def test_a_baseline_gets_one_line_before_anything_is_run(self):
        spec = mock.Mock(mode="exact")
        for text in ("", "[1]", "{", "null", "5", '{"rows": 3}',
                     *(json.dumps(GOOD | {"rows": rows}) for rows in (
                         {"a: b": 5}, {"a: b": [1]}, {"a: b": [1, 0]}, {"a: b": ["1", 2]}, [1])),
                     json.dumps(GOOD | {"rows": {"x" * 9999: "y" * 9999}})):
            with self.subTest(text[:60]), tempfile.TemporaryDirectory() as name:
                path = Path(name) / "bench.json"
                path.write_text(text, encoding="utf-8")
                with mock.patch.object(bench, "BASELINE", path), \
                        contextlib.redirect_stdout(io.StringIO()), \
                        self.assertRaisesRegex(UserError, f"^{path}: ") as caught:
                    bench.run(spec, [])
                self.assertNotIn("\n", str(caught.exception))
                self.assertLess(len(str(caught.exception)), 20300)


class Kept(FakeBuild):
    def test_what_a_run_and_a_sweep_keep(self):
        self.lowwater("run", "--scenario", "spike")
        self.result("spike")
        for scenario in ("panic", "typo", "stuck"):
            self.lowwater("run", "--scenario", scenario)
            self.result(scenario)
        table = json.loads((self.build / "scenarios.json").read_text(encoding="utf-8"))
        self.assertIsNone(schema.mistake("scenarios", table))
        del table["arms"][0]["checks"]
        self.assertEqual(schema.mistake("scenarios", table), "$.arms[0]: 'checks' is a required property")

    def records(self, jobs):
        """Return what a sweep has kept, by seed: which of its jobs came first is another one each time."""
        records = [json.loads(line) for line in jobs.read_text(encoding="utf-8").splitlines()]
        self.assertEqual([schema.mistake("jobs", one) for one in records], [None, None])
        return sorted(records, key=lambda one: one["seed"])

    def test_a_damaged_record_is_none_and_its_run_is_done_again(self):
        self.assertEqual(self.lowwater(*SWEEP)[0], 0)
        [jobs] = self.build.glob("sweep/**/jobs.jsonl")
        records = self.records(jobs)
        bad = records[0] | {"seed": 1}
        damaged = (bad | {"counters": []}, bad | {"violated": 3}, bad | {"seed": []},
                   {name: bad[name] for name in bad if name != "instructions"}, 5, [1], None)
        jobs.write_text("".join(json.dumps(line) + "\n" for line in (
            *damaged, next(line for line in records if line["seed"] == 2))), encoding="utf-8")
        self.assertEqual(self.lowwater(*SWEEP)[0], 0)
        self.assertEqual([one["seed"] for one in self.records(jobs)], [1, 2])


if __name__ == "__main__":
    unittest.main()
