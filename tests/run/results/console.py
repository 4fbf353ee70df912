"""The console log as text: lines without their time stamps, and the line that says what went wrong.

Reads the dmesg style `[    0.001234] text`; lines without a stamp pass unchanged.
"""
import re

STAMP = re.compile(r"^(?:<\d+>)?\[ *\d+\.\d+\] ?")
ERROR_MARK = "lowwater: "


def read_lines(path):
    """Return the lines of a log, stamps kept; an absent file has none."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return []
    return [line.rstrip("\r") for line in data.decode("utf-8", "replace").split("\n")]


def unstamp(line):
    return STAMP.sub("", line, count=1)


def error_line(lines):
    """Return the kernel's own complaint: the last line that carries its mark, or None."""
    plain = [unstamp(line) for line in lines]
    return next((line for line in reversed(plain) if ERROR_MARK in line), None)


def last_line(lines):
    """Return the last line with text in it, or None."""
    plain = [unstamp(line).strip() for line in lines]
    return next((line for line in reversed(plain) if line), None)
