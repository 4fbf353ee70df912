"""Lets pytest run programs that print TAP: the host twin, a group at a time, the threads, and the
explorer's self-test in a few parts.

An item is one run of a program; how many tests it ran and how many failed goes with its report,
as the property "tests".
"""
import functools
import os
import re
import select
import subprocess
import time

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
            yield Group.from_parent(self, name=name, argv=[self.path, "--serve"])


class Part(pytest.Item):
    """One run of a program."""

    def __init__(self, argv, **more):
        super().__init__(**more)
        self.argv = argv

    def run(self):
        """Return the exit status and what was said."""
        done = subprocess.run(self.argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace",
                              timeout=SECONDS, check=False, env=environment())
        return done.returncode, done.stdout

    def runtest(self):
        status, text = self.run()
        passed, failed = count(text)
        if (status or not passed) and not failed:
            failed = 1  # it ended badly without a failed test
        self.user_properties.append(("tests", [passed, failed]))
        if failed:
            end = [line[:300] for line in text.splitlines()[-SHOWN_LINES:]]
            raise Failed("\n".join([*end, f"{self.name} ended with status {status}"]))

    def repr_failure(self, excinfo, style=None):
        if excinfo.errisinstance(Failed):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self):
        return self.path, None, self.name


class Group(Part):
    """A group of the twin's tests, in a process that one that is there already forks."""

    def run(self):
        return server(*self.argv).run(self.name)


class Server:
    """A program that runs what it is told to, a line each."""

    def __init__(self, argv):
        self.argv = argv
        self.child = None

    def run(self, name):
        """Return the exit status and what was said."""
        if not self.child or self.child.poll() is not None:
            self.child = subprocess.Popen(self.argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                          stderr=subprocess.STDOUT, env=environment())
        self.child.stdin.write(f"{name}\n".encode())
        self.child.stdin.flush()
        text = self.answer()
        said, _, status = text.rpartition("\n# status ")
        return (int(status), said) if status.strip().isdecimal() and said else (self.end(), text)

    def answer(self):
        """Return all up to the line with the status; without it, at the end of time or of the program."""
        data, until = b"", time.monotonic() + SECONDS
        while not re.search(rb"\n# status \d+\n\Z", data):
            left = until - time.monotonic()
            more = left > 0 and select.select([self.child.stdout], [], [], left)[0] and \
                os.read(self.child.stdout.fileno(), 1 << 16)
            if not more:
                break
            data += more
        return data.decode(errors="replace")

    def end(self):
        """Have it gone, and with it what it forked."""
        self.child.kill()
        return self.child.wait()


@functools.cache
def server(*argv):
    return Server(argv)


def environment():
    return os.environ | {"CMOCKA_MESSAGE_OUTPUT": "TAP"}


def count(text):
    """Return how many tests passed and failed by the lines of TAP."""
    return (len(re.findall(r"^ok \d+", text, re.M)), len(re.findall(r"^not ok \d+", text, re.M)))
