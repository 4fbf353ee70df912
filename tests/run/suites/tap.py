"""Lets pytest run programs that print TAP: the host twin, a group at a time, the threads, and the
explorer's self-test in a few parts.

An item is one start of a program; how many tests it ran and how many failed goes with its report,
as the property "tests".
"""
import os
import re
import subprocess

import pytest

from suites import explore

SECONDS = 600  # before a program is given up
SHOWN_LINES = 60  # of one that failed
PROGRAMS = ("twin", "threads", "explore")


class Failed(Exception):
    """Tests of a program failed; the text is the end of what it said."""


def pytest_collect_file(file_path, parent):
    if file_path.name in PROGRAMS and os.access(file_path, os.X_OK):
        return Program.from_parent(parent, path=file_path)
    return None


class Program(pytest.File):
    """A program, and the parts in which it is run."""

    def collect(self):
        if self.path.name == "threads":  # make knows what the sanitizer is told
            yield Part.from_parent(self, name="all", argv=["make", "-s", "host-threads"])
            return
        if self.path.name == "explore":
            for part in explore.PARTS:
                yield Part.from_parent(self, name=part, argv=[
                    "make", "-s", "-o", "image-debug", "explore-test", f"PART={part}", "JOBS=1"])
            return
        listed = subprocess.run([self.path, "--groups"], capture_output=True, text=True, check=True)
        for name in listed.stdout.split():
            yield Part.from_parent(self, name=name, argv=[self.path, "*", name])


class Part(pytest.Item):
    """One start of a program."""

    def __init__(self, argv, **more):
        super().__init__(**more)
        self.argv = argv

    def runtest(self):
        done = subprocess.run(self.argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace",
                              timeout=SECONDS, check=False,
                              env=os.environ | {"CMOCKA_MESSAGE_OUTPUT": "TAP"})
        passed, failed = count(done.stdout)
        if (done.returncode or not passed) and not failed:
            failed = 1  # it ended badly without a failed test
        self.user_properties.append(("tests", [passed, failed]))
        if failed:
            end = [line[:300] for line in done.stdout.splitlines()[-SHOWN_LINES:]]
            raise Failed("\n".join([*end, f"{self.name} ended with status {done.returncode}"]))

    def repr_failure(self, excinfo, style=None):
        if excinfo.errisinstance(Failed):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self):
        return self.path, None, self.name


def count(text):
    """Return how many tests passed and failed by the lines of TAP."""
    return (len(re.findall(r"^ok \d+", text, re.M)), len(re.findall(r"^not ok \d+", text, re.M)))
