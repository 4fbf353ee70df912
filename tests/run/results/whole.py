"""Files and folders that are there whole or not at all: made beside their place, then renamed.

Two that are put in one place at the same time replace each other; the last one stays. Where that
must not be, a lock beside the place lets one at a time be at work.
"""
import contextlib
import errno
import fcntl
import os
import shutil
import tempfile
import time
from pathlib import Path

from options import UserError

POLL_SECONDS = 0.1
TAKEN = (errno.ENOTEMPTY, errno.EEXIST)


def write(path, text):
    """Write a text file."""
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        new.write_text(text, encoding="utf-8")
        os.replace(new, path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error  # not the other name
    finally:
        new.unlink(missing_ok=True)


class Lock:
    """Of a place: `with Lock(place) as lock`, and then lock.take(), which holds until the end.

    Whoever lets go removes the file, so it counts only while it is the one that its name finds.
    """

    def __init__(self, place):
        self.path = place.with_name(f".{place.name}.lock")
        self.file = None

    def __enter__(self):
        self.path.parent.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, *_):
        if self.file:
            self.path.unlink(missing_ok=True)
            self.file.close()

    def take(self, wait):
        """Wait until nobody else has it; wait(seconds so far) is called meanwhile, and may raise."""
        start = time.monotonic()
        while not self.got():
            wait(time.monotonic() - start)
            time.sleep(POLL_SECONDS)

    def got(self):
        """Take it, unless somebody else has it."""
        file = open(self.path, "w", encoding="utf-8")
        with contextlib.suppress(BlockingIOError, FileNotFoundError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(file.fileno()), os.stat(self.path)):
                self.file = file
                return True
        file.close()
        return False


@contextlib.contextmanager
def emptied(place):
    """Yield a folder that is empty and nobody else's for as long; what is left in it stays."""
    with Lock(place) as lock:
        if not lock.got():
            raise UserError(f"{place}: another one is at work there; expected one at a time")
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        yield place


@contextlib.contextmanager
def folder(place):
    """Yield a folder to fill, of place's name and on its disk; place is it once all went well."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".new-", dir=place.parent) as name:
        beside = Path(name)
        (beside / place.name).mkdir()
        try:
            yield beside / place.name
        except OSError as error:  # it is about the place, as far as anybody knows
            if error.filename:
                error.filename = str(error.filename).replace(str(beside), str(place.parent))
            raise
        need_room(beside, place)
        swap(beside / place.name, place, beside)


def need_room(folder, place):
    """Refuse what lies on a full disk: the emulator does not say which part of a log it lost."""
    disk = os.statvfs(folder)
    if disk.f_blocks and not (disk.f_bavail if os.geteuid() else disk.f_bfree):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(place))


def swap(new, place, beside):
    """Put a folder into its place; what was there goes into a folder of its own in beside."""
    while True:
        with contextlib.suppress(FileNotFoundError):
            os.rename(place, tempfile.mkdtemp(dir=beside))
        try:
            return os.rename(new, place)
        except OSError as error:  # another run was faster
            if error.errno not in TAKEN:
                raise
