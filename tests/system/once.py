"""What is done once though several tests look at it: in one `make test`, whatever process they run
in, or else in one process.

LOWWATER_ONCE names the folder for it, which `make test` makes anew each time.
"""
import contextlib
import fcntl
import hashlib
import os
import tempfile
import time
from pathlib import Path

BIG_MIB = 1024
BIG_AT_ONCE = 2  # guests of that size, on however many cores
OWN = None if os.environ.get("LOWWATER_ONCE") else tempfile.TemporaryDirectory()
PLACE = Path(OWN.name if OWN else os.environ["LOWWATER_ONCE"])
WAITED = [0.0]  # seconds of this process, for what others did


def folder(fill, *key):
    """Return the folder that fill(folder) has filled for this key."""
    place = PLACE / hashlib.sha256(repr(key).encode()).hexdigest()[:16]
    place.mkdir(parents=True, exist_ok=True)
    with locked(place / "lock"):
        files, done = place / "files", place / "done"
        if not done.exists():
            files.mkdir(exist_ok=True)
            fill(files)
            done.touch()
    return files


@contextlib.contextmanager
def room(mib):
    """Wait until there is room for a guest of that size."""
    with contextlib.ExitStack() as stack:
        for number in range(BIG_AT_ONCE if mib >= BIG_MIB else 0):
            last = number == BIG_AT_ONCE - 1
            if stack.enter_context(locked(PLACE / f"big-{number}", wait=last)):
                break
        yield


@contextlib.contextmanager
def locked(path, wait=True):
    """Hold a lock file; yield whether that went well, which without waiting it may not."""
    with open(path, "w", encoding="utf-8") as lock:
        before = time.monotonic()
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            got = True
        except BlockingIOError:
            got = False
        WAITED[0] += time.monotonic() - before
        yield got
