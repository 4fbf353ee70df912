"""The tests that a run reports in KTAP on its console: plain lines, and each test's own result."""
import re

from results import console, whole

NAME = "ktap.txt"
HEAD = "KTAP version 1"
SPEAKER = re.compile(r"^\S+\[\d+\]: ")  # an app's line names it
LINE = re.compile(r"1\.\.\d+|#.*|(not )?ok (\d+)(?: -)?(?: (.*))?")


def write(folder):
    """Write what is KTAP of a run's console into a file of its own, if there is any."""
    found = lines(console.read_lines(folder / "console.log"))
    if found:
        whole.write(folder / NAME, "\n".join(found) + "\n")


def lines(log):
    """Return the KTAP in a console's lines, without stamps; none where no version line stands."""
    found = []
    for line in map(plain, log):
        if line == HEAD or (found and LINE.fullmatch(line)):
            found.append(line)
    return found


def plain(line):
    return SPEAKER.sub("", console.unstamp(line), count=1).strip()


def tests(log):
    """Return {number, name, ok, why} of each test; why are the remarks before its line."""
    found, remarks = [], []
    for line in lines(log):
        match = LINE.fullmatch(line)
        if not match or match[2] is None:
            remarks = [*remarks, line[1:].strip()] if line.startswith("#") else []
            continue
        found.append({"number": int(match[2]), "name": match[3] or "", "ok": not match[1],
                      "why": "; ".join(remarks)})
        remarks = []
    return found
