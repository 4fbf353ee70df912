"""Pages whose words tell their place: (page << 32 | index) ^ key, 64 bits and little-endian."""
import functools
import struct

PAGE = 4096
WORDS = PAGE // 8
PRIME, BASIS = 0x100000001B3, 0xCBF29CE484222325  # FNV-1a's, of 64 bits
EACH = sum(1 << (64 * index + 32) for index in range(WORDS))  # times a number: that number in each word


def key(path):
    """Return a file's key: FNV-1a of its path."""
    found = BASIS
    for byte in path.encode():
        found = (found ^ byte) * PRIME & (1 << 64) - 1
    return found


@functools.lru_cache(maxsize=4)
def first(of_key):
    """Return page 0, as a number."""
    return int.from_bytes(struct.pack(f"<{WORDS}Q", *(index ^ of_key for index in range(WORDS))), "little")


def page(of_key, number):
    """Return the bytes of a page of that number."""
    return (first(of_key) ^ EACH * number).to_bytes(PAGE, "little")
