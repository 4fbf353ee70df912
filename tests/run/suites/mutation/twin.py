"""The host twin with one file of mm/ changed: compiled, linked and run in a folder of its own.

Two builds, made by `make` before: FOLDER/fast without sanitizers, and FOLDER/checked with them and
with the kernel's own debug checks, for mutants that live in the fast one. Only objects that the change
reaches are compiled: a header's readers, or one.
"""
import os
import re
import select
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

FAILED = re.compile(r"\[  FAILED  \] (test_\S+)|ERROR: AddressSanitizer|: runtime error: ")
BUILDS = ("fast", "checked")


class Stopped(Exception):
    """Everything is to end."""


class Children:
    """The processes that were started; all end with stop()."""

    def __init__(self):
        self.lock, self.running, self.stopped = threading.Lock(), set(), False

    def start(self, argv, out, folder=None):
        with self.lock:
            if self.stopped:
                raise Stopped
            child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, cwd=folder,
                                     stderr=subprocess.STDOUT, start_new_session=True)
            self.running.add(child)
            return child

    def end(self, child):
        """Its exit code; it is ended if it has not."""
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
        with self.lock:
            self.running.discard(child)
        return child.wait()

    def stop(self):
        with self.lock:
            self.stopped = True
            for child in self.running:
                if child.poll() is None:
                    os.killpg(child.pid, signal.SIGKILL)

    def run(self, argv, folder=None):
        """True if it ended well."""
        child = self.start(argv, subprocess.DEVNULL, folder)
        try:
            child.wait()
        finally:
            code = self.end(child)
        if self.stopped:
            raise Stopped
        return code == 0


class Limits:
    """
    How long the tests may be silent, and all of them may take: much more than in a run that passed, for
    the host may have become busy since.
    """

    def __init__(self, seconds=180.0, longest=30.0):
        self.silence, self.total = max(20.0, 10 * longest), max(60.0, 10 * seconds)


def run_tests(children, argv, limits):
    """(None, seconds of each test) if all passed, or (what ended it, ...) at the first failure."""
    child = children.start(argv, subprocess.PIPE)
    began = last = time.monotonic()
    seconds, rest = {}, b""
    try:
        while True:
            if not select.select([child.stdout], [], [], limits.silence)[0] or \
                    time.monotonic() > began + limits.total:
                return "hangs", seconds
            data = os.read(child.stdout.fileno(), 65536)
            if not data:
                break
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                text = line.decode(errors="replace")
                if match := FAILED.search(text):
                    return match.group(1) or text[:80], seconds
                if text.startswith("[       OK ]"):
                    now = time.monotonic()
                    seconds[text.split()[-1]], last = now - last, now
    finally:
        child.stdout.close()
        code = children.end(child)
        if children.stopped:
            raise Stopped
    return (None if code == 0 else f"ended with {code}"), seconds


def tree_with(name, text, tree):
    """
    The project's tree as it is now, by links, but for one file: the compiler finds all by the names
    that they have there, which sanitizers put into the objects.
    """
    path = Path(name)
    for folder in (*reversed(path.parents), path):
        made = tree / folder
        if folder == path:
            made.unlink()
            made.write_text(text, encoding="utf-8")
            continue
        if made.is_symlink():
            made.unlink()
        made.mkdir(parents=True)
        for one in folder.iterdir():
            (made / one.name).symlink_to(one.absolute())
    return tree


class Twin:
    """One of the builds: what it is made of, and which tests judge which room first."""

    def __init__(self, folder, objects, flags, link, children):
        self.folder, self.objects, self.flags, self.children = folder, objects, flags, children
        self.link = link + [flag for flag in flags if flag.startswith("-fsanitize")]
        self.readers = {}  # header of mm/: sources that include it
        for one in objects:
            made = (folder / one).with_suffix(".d").read_text(encoding="utf-8")
            for name in re.findall(r"(?<=\s)mm/\S+\.h\b", made):
                self.readers.setdefault(name, set()).add(str(Path(one).with_suffix(".c")))
        self.limits, self.slow = Limits(), []

    def check(self, groups=()):
        """Run these groups of tests, or all, as they are; what fails, if something does."""
        failed, seconds = run_tests(self.children, [self.folder / "twin", "*", *groups], self.limits)
        if not failed and seconds:
            self.limits = Limits(sum(seconds.values()), max(seconds.values()))
        return failed

    def sources(self, name):
        return sorted(self.readers.get(name, ())) if name.endswith(".h") else [name]

    def compile(self, name, text, place):
        """{object's name: its path} of all that this file's new text reaches; None: it is not C."""
        tree = tree_with(name, text, place / "src")
        made = {}
        for source in self.sources(name):
            one = str(Path(source).with_suffix(".o"))
            target = (place / "obj" / one).absolute()
            target.parent.mkdir(parents=True, exist_ok=True)
            if not self.children.run([*self.flags, "-w", "-c", source, "-o", target], tree):
                return None
            made[one] = target
        return made

    def same(self, made):
        """Whether the compiler sees no difference."""
        return all(path.read_bytes() == (self.folder / name).read_bytes()
                   for name, path in made.items())

    def judge(self, name, made, place, order):
        """What kills the mutant; None: it lives."""
        objects = [made.get(one, self.folder / one) for one in self.objects]
        twin = place / "twin"
        if not self.children.run([*self.link, *objects, "-lcmocka", "-o", twin]):
            return "does not link"
        return run_tests(self.children, [twin, "*", *order(name)], self.limits)[0]


def try_mutant(twins, mutant, text, place, order):
    """(verdict, what killed it): killed, lived, same code, does not compile."""
    same = 0
    for twin in twins:
        shutil.rmtree(place, ignore_errors=True)
        made = twin.compile(mutant.file, mutant.apply(text), place)
        if made is None:
            return "does not compile", ""
        if twin.same(made):
            same += 1
            continue
        killer = twin.judge(mutant.file, made, place, order)
        if killer:
            return "killed", killer
    return ("same code" if same == len(twins) else "lived"), ""
