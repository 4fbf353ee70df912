"""A private folder for the sockets of one run: nothing of a run listens on the network."""
import contextlib
import tempfile
from pathlib import Path

LONGEST_FOLDER = 60  # a socket's path may have 107 characters


@contextlib.contextmanager
def folder():
    """Yield a folder that only this user can enter; it is gone afterwards."""
    roof = None if len(tempfile.gettempdir()) <= LONGEST_FOLDER else "/tmp"
    with tempfile.TemporaryDirectory(prefix="lowwater-", dir=roof) as name:
        yield Path(name)
