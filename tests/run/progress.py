"""Signs of life on stderr: a live line on a terminal, start and finish lines elsewhere."""
import sys

import console

WIDTH = 79


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
