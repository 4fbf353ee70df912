"""Signs of life on stderr: a live line on a terminal, start and finish lines elsewhere."""
import sys
import time
from collections import Counter

from results import console

WIDTH = 79
SPARSE_LINES, SPARSE_SECONDS = 10, 60  # of a sweep, where there is no terminal


class Progress:
    """Follows one run; made with its name and its console log, closed by finish()."""

    def __init__(self, name, log, stream=None):
        self.name = name
        self.log = log
        self.stream = stream or sys.stderr
        self.live = self.stream.isatty()
        if not self.live:
            self.say(f"run   {name}\n")

    def tick(self, spent):
        if self.live:
            last = console.last_line(tail(self.log)) or "starting"
            self.say("\r" + f"{self.name} {spent:5.1f} s  {last}"[:WIDTH].ljust(WIDTH))

    def finish(self, outcome, wall):
        if self.live:
            self.say("\r" + " " * WIDTH + "\r")
        else:
            self.say(f"done  {self.name}: {outcome} in {wall:.1f} s\n")

    def say(self, text):
        self.stream.write(text)
        self.stream.flush()


def tail(path, size=512):
    """Return the last few lines of a log without reading all of it."""
    try:
        with open(path, "rb") as log:
            log.seek(0, 2)
            log.seek(max(0, log.tell() - size))
            return log.read().decode("utf-8", "replace").split("\n")[1:]
    except OSError:
        return []


class Many:
    """Follows the runs of a sweep: how many are done, what they came to, the time left."""

    def __init__(self, name, total, outcomes, stream=None):
        self.name, self.total = name, total
        self.outcomes = Counter(outcomes)  # of those done before, too
        self.stream = stream or sys.stderr
        self.live = self.stream.isatty()
        self.first = self.done
        self.start = self.said = time.monotonic()
        self.next = 0
        self.show()

    @property
    def done(self):
        return self.outcomes.total()

    def add(self, outcome):
        self.outcomes[outcome] += 1
        self.show()

    def show(self):
        if self.live:
            self.say("\r" + self.line()[:WIDTH].ljust(WIDTH))
        elif self.done >= self.next or time.monotonic() - self.said >= SPARSE_SECONDS:
            self.say(self.line() + "\n")
            self.said = time.monotonic()
            self.next = min(self.total, self.done + max(1, self.total // SPARSE_LINES))

    def line(self):
        parts = [f"sweep {self.name} {self.done}/{self.total}"]
        parts += [f"{name} {count}" for name, count in self.outcomes.most_common()]
        new = self.done - self.first
        if new and self.done < self.total:
            left = int((time.monotonic() - self.start) / new * (self.total - self.done))
            parts.append(f"{left // 60}:{left % 60:02} left")
        return "  ".join(parts)

    def finish(self):
        if self.live:
            self.say("\r" + " " * WIDTH + "\r")

    def say(self, text):
        self.stream.write(text)
        self.stream.flush()
