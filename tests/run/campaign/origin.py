"""Where a result comes from, so that somebody else can have it again: the revision of the tree, what
compiled the image and what ran it, and the one command that repeats the run.
"""
import functools
import hashlib
import re
import shlex
import subprocess
from pathlib import Path

from machine import qemu
from options import USUAL

ROOT = Path(__file__).resolve().parents[3]
SIGNS = (b"GNU C", b"clang version ")  # in debug information
COMPILER = re.compile(rb"(?:GNU C[0-9]*|clang version) [0-9][0-9.]*")
MACHINE = ("mem", "cpus", "shift", "devices")  # said aloud: what a scenario declares may change


def of(spec):
    """Return the fields of result.json that say it."""
    about = spec.elf.stat()
    image = image_facts(spec.elf, about.st_mtime_ns, about.st_size)
    return {"revision": revision(), "toolchain": {"compiler": image["compiler"], "linker": linker()},
            "qemu_version": emulator(qemu.binary()), "image_sha256": image["sha256"],
            "command": command(spec)}


@functools.cache
def revision():
    """Return the commit of the tree, and whether all in it is as committed; None where git cannot tell."""
    if not (ROOT / ".git").exists():  # any other tree around it is another one
        return {"commit": None, "clean": None}
    text = said("git", "--no-optional-locks", "-C", str(ROOT), "status", "--porcelain=v2", "--branch")
    lines = text.splitlines()
    commit = next((line.split()[-1] for line in lines if line.startswith("# branch.oid ")), None)
    return {"commit": commit, "clean": None if commit is None else all(line[:1] == "#" for line in lines)}


@functools.cache
def image_facts(elf, _modified, _size):
    """Return what an image is: its hash, and who compiled it as it says itself."""
    data = elf.read_bytes()
    found = sorted({one[0].decode() for at in signed(data) if (one := COMPILER.match(data, at))})
    return {"sha256": hashlib.sha256(data).hexdigest(), "compiler": ", ".join(found) or None}


def signed(data):
    """Yield where a compiler may have signed: a pattern alone would take longer than a short run's boot."""
    for sign in SIGNS:
        at = data.find(sign)
        while at >= 0:
            yield at
            at = data.find(sign, at + 1)


@functools.cache
def linker():
    return said("ld", "--version").partition("\n")[0] or None


@functools.cache
def emulator(_binary):
    return qemu.version()


def said(*argv):
    """Return what a program says, nothing if it is not there or fails."""
    try:
        done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    except OSError:
        return ""
    return "" if done.returncode else done.stdout


def command(spec):
    """Return the one command that repeats the run."""
    words = {"scenario": spec.scenario, "patch": spec.patch}
    words |= {name: getattr(spec, name) for name in MACHINE if getattr(spec, name) is not None}
    words |= {name: getattr(spec, name) for name, usual in USUAL.items() if getattr(spec, name) != usual}
    words |= {"args": spec.args} if spec.args else {}
    words |= {"state": spec.state} if spec.state else {}
    given = [f"{name.upper()}={value}".replace("$", "$$") for name, value in words.items()]
    return shlex.join(["make", "run", *given])
