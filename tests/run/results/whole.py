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
    finally:
        new.unlink(missing_ok=True)


@contextlib.contextmanager
def folder(place):
    """Yield a folder to fill, of place's name and on its disk; place is it once all went well."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".new-", dir=place.parent) as name:
        beside = Path(name)
        (beside / place.name).mkdir()
        yield beside / place.name
        swap(beside / place.name, place, beside)


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
