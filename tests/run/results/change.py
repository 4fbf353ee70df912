"""What a run counted otherwise than the last one of the same options.

An exact run repeats itself, so a change of even one counter is a change of the kernel: it may still be as
its arm declares. Times are left out: they move with every instruction.
"""
import json

TIMES = ("_ms", "_ns")
SHOWN = 3


def last(folder):
    """Return the result that is in a run's folder, or None."""
    try:
        found = json.loads((folder / "result.json").read_text(encoding="utf-8"))
        return found if isinstance(found.get("counters"), dict) else None
    except (OSError, ValueError, AttributeError):
        return None


def counters(before, now):
    """Return {name: [before, now]} of what has changed; a run that was not exact, or did not end, says nothing."""
    if not before or before.get("mode") != "exact" or now["mode"] != "exact" \
            or not ended(before) or not ended(now):
        return {}
    old, new = before["counters"], now["counters"]
    return {name: [old.get(name), new.get(name)] for name in sorted({*old, *new})
            if old.get(name) != new.get(name) and not name.endswith(TIMES)}


def ended(result):
    """Whether it came to an end of its own, and so to counters."""
    return result.get("outcome") not in ("timeout", "bad-parameter")


def line(changed):
    """Return the line that tells it, or None."""
    if not changed:
        return None
    shown = [f"{name} {old} -> {new}" for name, (old, new) in list(changed.items())[:SHOWN]]
    more = len(changed) - len(shown)
    return f"counters differ from the last run's: {', '.join(shown)}" + (f" and {more} more" if more else "")
