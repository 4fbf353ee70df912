"""Files and folders that are there whole or not at all: made beside their place, then renamed.

Two that are put in one place at the same time replace each other; the last one stays.
"""
import contextlib
import errno
import os
import tempfile
from pathlib import Path

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
