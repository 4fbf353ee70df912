"""Disks with a file system: mke2fs makes it, debugfs puts the files in, and twice the same is the same bytes.

    images.py ext4|ext2 MIB FILE      make one by hand

    ext4      files by extents
    ext2      files by maps of blocks

Word number `index` (0 to 511) of page number `page` of the file `path` is, as 64 bits and little-endian,
(page << 32 | index) ^ key(path): each word tells its place and its file. What CONTENT calls a hole is no
block of the disk, and zeroes. tests/workloads/filework.c has the same list.
"""
import errno
import subprocess
import sys
import tempfile
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

# pylint: disable=wrong-import-position
from devices import MIN_FILES_MIB  # noqa: E402
from machine import words  # noqa: E402

PAGE = 4096
MIB = 1 << 20
FILL = "data/fill"  # as large as the disk is above MIN_FILES_MIB, if it is
MKE2FS, DEBUGFS = "/usr/sbin/mke2fs", "/usr/sbin/debugfs"  # not on everybody's PATH
UUID = "4c4f5757-4154-4552-8000-000000000014"
FEATURES = "^has_journal,^metadata_csum,^64bit,^resize_inode,^dir_index"
INODES = 512
QUIET = ("Allocated inode: ", "debugfs")


def every(pages, step):
    """Return the pages of a comb: one that is there, and holes up to the next."""
    return [page for page in range(pages) if page % step == 0]


# (path, bytes, pages that are there; None: all)
CONTENT = [
    ("bin/imklog", 6 * MIB, None),
    ("data/empty", 0, None),
    ("data/short", 1000, None),
    ("data/odd", 20 * PAGE + 4001, None),
    ("data/holes", 64 * PAGE, [*range(16), *range(48, 64)]),
    ("data/behind", 40 * PAGE, [*range(8)]),  # ends with a hole
    ("data/pieces", 60 * PAGE, every(60, 3)),  # 20 extents: one level of nodes
    ("data/comb", 2800 * PAGE, every(2800, 2)),  # 1400: two levels
    ("data/a/b/c/deep", 3 * PAGE, None),
    ("data/" + "long-" * 51, PAGE, None),  # a name of 255 bytes
    *((f"many/one-of-many-files-with-a-name-that-takes-room-{number:03d}", PAGE, None) for number in range(200)),
]


def make(file, kind, mib):
    """Make the file of a disk, which is not there. A tool that is not there, or that complains, is an OSError."""
    with open(file, "xb") as out:
        out.truncate(mib * MIB)
    with tempfile.TemporaryDirectory(prefix="files-", dir=file.parent) as place:
        commands = Path(place, "commands")
        commands.write_text("".join(scripted(Path(place), content(mib))), encoding="ascii")
        tool([MKE2FS, "-q", "-F", "-t", kind, "-b", str(PAGE), "-O", FEATURES, "-m", "0", "-N", str(INODES),
              "-U", UUID, "-E", f"hash_seed={UUID},root_owner=0:0", file.absolute()], place)
        tool([DEBUGFS, "-w", "-f", commands.name, file.absolute()], place)


def content(mib):
    fill = max(mib - MIN_FILES_MIB, 0) * MIB
    return CONTENT + ([(FILL, fill, None)] if fill else [])


def scripted(place, files):
    """Write the files' bytes, numbered, into a folder; yield debugfs's commands that put them in."""
    made = set()
    for number, (path, size, pages) in enumerate(files):
        write(place / str(number), path, size, pages)
        *folders, name = path.split("/")
        yield "cd /\n"
        for depth, folder in enumerate(folders):
            if tuple(folders[:depth + 1]) not in made:
                made.add(tuple(folders[:depth + 1]))
                yield f"mkdir {folder}\n"
            yield f"cd {folder}\n"
        yield f"write {number} {name}\n"


def write(file, path, size, pages):
    with open(file, "xb") as out:
        for page in range(-(-size // PAGE)) if pages is None else pages:
            out.seek(page * PAGE)
            out.write(words.page(words.key(path), page))
        out.truncate(size)
    file.chmod(0o644)


def tool(argv, place):
    """Run it, in the C locale, at the beginning of time."""
    try:
        done = subprocess.run(argv, cwd=place, env={"E2FSPROGS_FAKE_TIME": "1", "LC_ALL": "C", "PATH": "/usr/bin:/bin"},
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              errors="replace", check=False)
    except FileNotFoundError as error:
        raise OSError(error.errno, f"{error.strerror}; expected that make setup has installed e2fsprogs",
                      argv[0]) from error
    said = [line for line in done.stdout.splitlines() if not line.startswith(QUIET) and line.strip()]
    if done.returncode or said:
        raise OSError(errno.EIO, f"{Path(argv[0]).name}: {said[0] if said else done.returncode}", str(argv[-1]))


if __name__ == "__main__":
    make(Path(sys.argv[3]), sys.argv[1], int(sys.argv[2]))
