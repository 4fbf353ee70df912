"""The files behind a run's disks: sparse, in the run's folder, and gone when the run is, however it ends.

    zero      every byte is 0
    pattern   the 64-bit little-endian word number `index` (0 to 511) of the 4096-byte block number `block`
              is (block << 32 | index) ^ 0x4c4f575741544552: each word tells its place, none is 0
"""
import contextlib

import devices
from machine import images, words
from results import whole

BLOCK = words.PAGE
KEY = 0x4C4F575741544552  # "LOWWATER"
BLOCKS_AT_ONCE = 256
MIB = 1 << 20


def of(spec):
    """Return the disks of a spec, in their order."""
    return [one for one in devices.parse(spec.devices or devices.NONE) if one.kind == "disk"]


def path(folder, number):
    return folder / f"disk{number}.img"


@contextlib.contextmanager
def made(spec, folder):
    """Have the files of a run's disks in its folder."""
    files = [(path(folder, number), disk) for number, disk in enumerate(of(spec))]
    try:
        for file, disk in files:
            fill(file, disk)
        yield
        if files:
            whole.need_room(folder, folder)  # a disk that was filled meanwhile takes its room along
    finally:
        for file, _ in files:
            file.unlink(missing_ok=True)


def fill(file, disk):
    try:
        for kind in set(devices.FILE_SYSTEMS) & set(disk.marks):
            images.make(file, kind, disk.mib)
            return
        with open(file, "xb") as out:
            if "pattern" in disk.marks:
                for block in range(0, disk.mib * MIB // BLOCK, BLOCKS_AT_ONCE):
                    out.write(b"".join(map(pattern, range(block, block + BLOCKS_AT_ONCE))))
            out.truncate(disk.mib * MIB)
    except OSError as error:
        raise OSError(error.errno, error.strerror, error.filename or str(file)) from error


def pattern(block):
    """Return the bytes of a block of that number."""
    return words.page(KEY, block)
