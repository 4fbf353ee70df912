"""Sizes in words."""


def mib(kb):
    """Return a size in the unit that suits it."""
    if abs(kb) < 1024:
        return f"{kb} kB"
    if abs(kb) < 100 * 1024:
        return f"{kb / 1024:.1f} MiB"
    if abs(kb) < 10 * 1024 * 1024:
        return f"{kb // 1024} MiB"
    return f"{kb / 1024 / 1024:.1f} GiB"


def share(pages, total):
    """Return a part in per cent."""
    return f"{100 * pages / total:.1f} %"
