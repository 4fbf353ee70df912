"""Signs of life on stderr: a live line on a terminal, start and finish lines elsewhere."""
import contextlib
import shutil
import sys
import time
from collections import Counter

from results import console

SPARSE_LINES, SPARSE_SECONDS = 10, 60  # of a sweep, where there is no terminal


def room():
    """Return the columns of a line that does not wrap, which may be others by now."""
    return max(1, shutil.get_terminal_size().columns - 1)


class Line:
    """A stream, and on a terminal the one line there that is written again and again."""

    def __init__(self, stream=None):
        self.stream = stream or sys.stderr
        self.live = self.stream.isatty()

    def draw(self, text):
        width = room()
        self.say("\r" + text[:width].ljust(width))

    def clear(self):
        if self.live:
            self.say("\r" + " " * room() + "\r")

    def say(self, text):
        self.stream.write(text)
        self.stream.flush()


class Silent:
    """Follows a run that nobody looks at."""

    def __init__(self, name, log):
        pass

    def tick(self, spent):
        pass

    def finish(self, outcome, wall):
        pass


class Progress:
    """Follows one run; made with its name and its console log, closed by finish()."""

    def __init__(self, name, log, stream=None):
        self.name = name
        self.log = log
        self.line = Line(stream)
        if not self.line.live:
            self.line.say(f"run   {name}\n")

    def tick(self, spent):
        if self.line.live:
            last = console.last_line(tail(self.log)) or "starting"
            self.line.draw(f"{self.name} {spent:5.1f} s  {last}")

    def finish(self, outcome, wall):
        self.line.clear()
        if not self.line.live:
            self.line.say(f"done  {self.name}: {outcome} in {wall:.1f} s\n")


class Console:
    """Follows one run by showing its console, on stdout, as it comes."""

    def __init__(self, name, log, stream=None):
        self.log, self.stream, self.at = log, stream or sys.stdout, 0

    def tick(self, spent):
        with contextlib.suppress(FileNotFoundError), open(self.log, "rb") as log:
            log.seek(self.at)
            text = log.read()
            self.at += len(text)
            self.stream.write(text.decode("utf-8", "replace"))
            self.stream.flush()

    def finish(self, outcome, wall):
        self.tick(wall)


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
        self.line = Line(stream)
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
        if self.line.live:
            self.line.draw(self.text())
        elif self.done >= self.next or time.monotonic() - self.said >= SPARSE_SECONDS:
            self.line.say(self.text() + "\n")
            self.said = time.monotonic()
            self.next = min(self.total, self.done + max(1, self.total // SPARSE_LINES))

    def text(self):
        parts = [f"{self.name} {self.done}/{self.total}"]
        parts += [f"{name} {count}" for name, count in self.outcomes.most_common()]
        new = self.done - self.first
        if new and self.done < self.total:
            left = (time.monotonic() - self.start) / new * (self.total - self.done)
            parts.append(f"{clock(left)} left")
        return "  ".join(parts)

    def finish(self):
        self.line.clear()


def clock(seconds):
    """Return seconds as minutes and seconds."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


class Fleet:
    """Follows runs side by side: how many are done, which are at work, the time left.

    Made with the seconds that each run is expected to take and with how many run at a time.
    """

    def __init__(self, expected, jobs, stream=None):
        self.expected, self.jobs = expected, jobs
        self.rows = {}  # of those begun, by place
        self.line = Line(stream)

    def start(self, at, name):
        """Return the row of run number `at`, which begins; its thread keeps it up to date."""
        self.rows[at] = Row(self, name)
        return self.rows[at]

    def finished(self, row, outcome):
        if not self.line.live:
            self.line.say(f"done  {row.name}: {outcome} in {row.spent:.1f} s "
                          f"({self.done} of {len(self.expected)})\n")

    @property
    def done(self):
        return sum(row.over for row in list(self.rows.values()))

    def show(self):
        if self.line.live:
            self.line.draw(self.text())

    def text(self):
        running = [f"{row.name} {row.spent:.0f} s" for row in list(self.rows.values())
                   if not row.over]
        parts = [f"{self.done}/{len(self.expected)} arms  {clock(self.left())} left", *running]
        return "  ".join(parts)

    def left(self):
        """Return the seconds left, by how well the expectations were met so far."""
        rows = dict(self.rows)
        done = [(row.spent, self.expected[at]) for at, row in rows.items() if row.over]
        scale = sum(spent for spent, _ in done) / sum(said for _, said in done) if done else 1
        rest = sum(said * scale for at, said in enumerate(self.expected) if at not in rows)
        rest += sum(max(0, self.expected[at] * scale - row.spent) for at, row in rows.items()
                    if not row.over)
        return rest / self.jobs

    def close(self):
        self.line.clear()


class Row:
    """One run of a fleet."""

    def __init__(self, fleet, name):
        self.fleet, self.name = fleet, name
        self.spent, self.over = 0.0, False

    def finish(self, outcome, wall):
        self.spent, self.over = wall, True
        self.fleet.finished(self, outcome)
