"""A run's numbers over virtual time, as the columns of charts, and what befell it, as marks.

A chart: its title, the names of its columns, the columns (the first is virtual ns), and which of them are
levels, which do not move.
"""
import re

from lab import facts

MARKS = ("min", "low", "high")
SWAP = ("swap_free", "swap_cached")
LISTS = re.compile(r"(?:in)?active_(?:anon|file)|unevictable")
LETTERS = {"killed": "K", "reaped": "R", "exited": "X", "oom": "O", "alloc-failure": "F",
           "stall": "S"}
WORDS = {"killed": "killed", "reaped": "reaped", "exited": "left its memory", "oom": "OOM report",
         "alloc-failure": "allocation failure", "stall": "stalled allocation"}
STAMP = re.compile(r"^\[ *(\d+)\.(\d{6})\]")


def charts(result):
    """Return the charts of a run; none if nothing was sampled."""
    memory = result.get("memory_samples") or []
    found = [zone_chart(memory, zone, levels(result, zone)) for zone in zones(memory)]
    more = (list_chart(memory), swap_chart(memory), other_chart(memory))
    found += [one for one in more if one]
    samples = (result.get("samples") or {}).items()
    return found + [sample_chart(name, points) for name, points in samples if points]


def zones(memory):
    return list(dict.fromkeys(zone for one in memory for zone in one["free"]))


def levels(result, zone):
    """Return {min, low, high} of a zone, as the run told or a report; what nobody says is left out."""
    told = [result.get("zones") or {}, *(one.get("zones", {}) for one in result["reports"])]
    found = next((zones[zone] for zones in told if zone in zones), {})
    return {name: found[name] for name in MARKS if name in found}


def zone_chart(memory, zone, marks):
    columns = {"free": [one["free"].get(zone) for one in memory],
               "reserved": [one["reserved"].get(zone) for one in memory]}
    columns |= {name: [value] * len(memory) for name, value in marks.items()}
    return chart(f"zone-{zone}", f"Free pages of zone {zone}", memory, columns, list(marks))


def list_chart(memory):
    names = [name for name in numbers(memory) if LISTS.fullmatch(name)]
    columns = {name: [one.get(name) for one in memory] for name in names}
    return chart("lists", "Pages on the lists for reclaim", memory, columns) if columns else None


def swap_chart(memory):
    free = [one.get("swap_free") or 0 for one in memory]
    if not any(free) and not any(one.get("swap_cached") for one in memory):
        return None
    slots = max(free)  # at first all of them are
    columns = {"used": [slots - now for now in free],
               "in swap cache": [one.get("swap_cached") for one in memory]}
    return chart("swap", f"Swap, {slots} slots", memory, columns)


def other_chart(memory):
    known = ("ns", *SWAP, *filter(LISTS.fullmatch, numbers(memory)))
    columns = {name: [one.get(name) for one in memory] for name in numbers(memory) if name not in known}
    columns = {name: values for name, values in columns.items() if any(values)}
    return chart("counts", "Counts so far", memory, columns) | {"unit": ""} if columns else None


def numbers(memory):
    return [name for name, value in (memory[0] if memory else {}).items() if type(value) is int]


def sample_chart(name, points):
    """A scenario's own samples: a column for each process."""
    pids = list(dict.fromkeys(one["pid"] for one in points))
    times = sorted({one["ns"] for one in points})
    columns = {}
    for pid in pids:
        mine = {one["ns"]: one["value"] for one in points if one["pid"] == pid}
        columns[f"pid {pid}"] = [mine.get(ns) for ns in times]
    return chart(f"sample-{name}", f"{name}, as the scenario sampled it",
                 [{"ns": ns} for ns in times], columns)


def chart(key, title, memory, columns, fixed=()):
    return {"key": key, "title": title, "unit": "pages", "names": list(columns),
            "columns": [[one["ns"] for one in memory], *columns.values()], "levels": list(fixed)}


def marks(result, lines):
    """Return what befell the run, in order: a letter with a number, and words."""
    found = [(one["ns"], one["what"], told(one)) for one in result.get("timeline") or []]
    found += [(ns, one["kind"], asked(one)) for one in result["reports"]
              if (ns := stamp(lines, one)) is not None]
    counts, out = {}, []
    for ns, what, text in sorted(found, key=lambda one: one[0]):
        letter = LETTERS.get(what, what[:1].upper())
        counts[letter] = counts.get(letter, 0) + 1
        out.append({"ns": ns, "label": f"{letter}{counts[letter]}",
                    "text": f"{WORDS.get(what, what)}{text}"})
    return out


def told(one):
    rss = f", rss {one['rss']} pages" if "rss" in one else ""
    return f": {one.get('comm', '?')} (pid {one['pid']}{rss})"


def asked(report):
    return f": order {report.get('order')}, asked for by {report.get('comm') or '?'}"


def stamp(lines, report):
    """Return the time of a report's first line in ns."""
    number = report.get("line") or 0
    found = STAMP.match(lines[number - 1]) if 0 < number <= len(lines) else None
    return int(found[1]) * 10**9 + int(found[2]) * 1000 if found else None


def hints(result):
    """Return [line, command], or nothing: what pictures the run has no data for, and how it would."""
    sampled, drawn = bool(result.get("memory_samples")), bool(result.get("map"))
    if sampled and drawn:
        return []
    if sampled:
        return [["It drew no page map; this does:", facts.command(result, facts.MAP)]]
    if drawn:
        return [["It took no samples of memory over time; this does:", facts.command(result, facts.SAMPLES)]]
    return [["It took no samples of memory over time, and drew no page map; this does both:",
             facts.command(result, facts.BOTH)]]
