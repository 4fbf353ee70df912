"""Kernel releases as versions that can be compared.

A release candidate counts as its version; linux-next, and a tree many commits after a release, as the version
after it, since they have that one's lines. Vendors carry later code under old numbers: what a report shows goes before its version.
"""
import re

FIRST, LAST = (2, 6, 31), (6, 19, 0)  # what this room has facts about
PATTERN = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?")
READ_EL6 = 642  # the build of RHEL 6 that was read; earlier ones may be otherwise
AHEAD = re.compile(r"\d+\.\d+(?:\.0)?(?:-rc\d+\S*-next-|-next-|-\d{5,}-g[0-9a-f]+)")


def version(text):
    """Return (major, minor, patch) of a release's text, or None."""
    found = PATTERN.match(text or "")
    if not found:
        return None
    major, minor, patch = (int(word or 0) for word in found.groups())
    if major > 2 and AHEAD.match(text):
        minor, patch = minor + 1, 0
    return major, minor, patch


def spoken(found):
    """Return a version as people write it: 4.8, 2.6.32."""
    return ".".join(map(str, found if found[0] == 2 else found[:2]))


def vendor(text):
    """Return the vendor whose kernels are known to differ, or None."""
    found = re.match(r"2\.6\.32-(\d+)\S*\.el6", text or "")
    return "el6" if found and int(found[1]) >= READ_EL6 else None
