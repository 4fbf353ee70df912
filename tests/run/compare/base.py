"""The other revision: its files in a folder of its own under build/compare, named by its hash, and its kernel.

A revision's files never change, so what was built once is there the next time.
"""
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from options import UserError, elf_path

FOLDER = "compare"
LOG = "build.log"
BUILD_SECONDS = 600
NEWLIB = ("newlib", "tests/run/toolchain/newlib.sh")


@dataclass(frozen=True)
class Revision:
    """A tree that can be run. name: as a person writes it; hash: of the revision, changed: and more."""

    name: str
    hash: str
    changed: bool
    build_dir: Path

    def spoken(self):
        return self.hash[:10] + (" with changes" if self.changed else "")


def git(*words, text=True):
    try:
        return subprocess.run(["git", *words], capture_output=True, text=text, check=False)
    except OSError as error:
        raise UserError(f"git: {error.strerror}; compare needs it") from error


def this(build_dir):
    """Return the tree at hand."""
    head = git("rev-parse", "HEAD")
    if head.returncode:
        raise UserError("compare: this is no git repository, so there is no other revision")
    changed = bool(git("status", "--porcelain", "--untracked-files=no").stdout.strip())
    return Revision("this tree", head.stdout.strip(), changed, build_dir)


def other(name, build_dir, build):
    """Return the revision of that name with its kernel built."""
    found = git("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
    if found.returncode:
        raise UserError(f"BASE={name!r}: no such revision")
    sha = found.stdout.strip()
    home = build_dir / FOLDER / sha
    if not (home / "Makefile").is_file():
        unpack(sha, home)
    kernel(name, home, build_dir, build)
    return Revision(name, sha, False, home / "build")


def unpack(sha, home):
    """Put a revision's files into a folder, all of them or none."""
    home.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home.parent) as name:
        packed = Path(name) / "files.tar"
        if git("archive", "-o", str(packed), sha).returncode:
            raise UserError(f"git archive {sha[:10]}: its files cannot be had")
        whole = Path(name) / "tree"
        whole.mkdir()
        subprocess.run(["tar", "-xf", str(packed), "-C", str(whole)], check=True)
        if home.exists():
            shutil.rmtree(home)
        whole.rename(home)


def kernel(name, home, build_dir, build):
    """Build it, unless that was done."""
    if elf_path(home / "build", build).is_file():
        return
    lend_newlib(home, build_dir)
    clean = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    with open(home / LOG, "wb") as log:
        done = subprocess.run(["make", "-C", str(home), f"-j{os.cpu_count()}", f"BUILD={build}", "image"], env=clean,
                              stdout=log, stderr=log, stdin=subprocess.DEVNULL, check=False, timeout=BUILD_SECONDS)
    if done.returncode or not elf_path(home / "build", build).is_file():
        raise UserError(f"BASE={name!r}: its kernel does not build: {last_error(home / LOG)}; all of it: {home / LOG}")


def lend_newlib(home, build_dir):
    """The same recipe makes the same library."""
    there, recipe = home / "build" / NEWLIB[0], NEWLIB[1]
    own = build_dir / NEWLIB[0]
    if not there.exists() and (own / "done").is_file() and (home / recipe).is_file() \
            and (home / recipe).read_bytes() == Path(recipe).read_bytes():
        there.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(own, there, symlinks=True)


def last_error(path):
    lines = [line for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if "rror" in line]
    return (lines or ["it says nothing"])[0].strip()[:200]
