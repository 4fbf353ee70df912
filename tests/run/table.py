"""Results as text for people: the table and the lines under it, at most 110 columns."""
import textwrap

import outcome

WIDTH = 110
GAP = "  "
NARROWEST_ARM = 7
HEADS = (("", "scenario"), ("", "arm"), ("", "outcome"), ("", "expected"), ("", "verdict"),
         ("", "kills"), ("pages", "released"), ("reserved", "max"), ("guest", "insns"),
         ("wall", "s"))
ARM = 1
FIRST_NUMBER = 5


def render(results):
    """Return the aligned table of results, one row (or more, for a long arm) each."""
    rows = [cells(result) for result in results]
    widths = [max(len(text) for text in (*heads, *column))
              for heads, column in zip(HEADS, zip(*rows))]
    rest = sum(widths) - widths[ARM] + len(GAP) * (len(widths) - 1)
    widths[ARM] = max(min(widths[ARM], WIDTH - rest), NARROWEST_ARM)
    lines = [line(half, widths) for half in zip(*HEADS)] + ["-" * (rest + widths[ARM])]
    for row in rows:
        lines += wrapped(row, widths)
    return "\n".join(lines)


def cells(result):
    counters = result["counters"]
    return [result["scenario"], result["arm"].replace("+", ", "), result["outcome"],
            result["expected"] or "-", outcome.verdict(result), text(counters.get("oom_kills")),
            text(counters.get("highatomic_released_pages")),
            text(counters.get("highatomic_reserved_max")),
            short(result["instructions"]["total"]), f"{result['wall_seconds']:.1f}"]


def text(value):
    return "-" if value is None else str(value)


def short(count):
    """Return a count with its unit, rounded; result.json has every digit."""
    if count is None:
        return "-"
    for size, unit in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if count >= size:
            return f"{count / size:.{2 if count < 10 * size else 1}f}{unit}"
    return str(count)


def wrapped(row, widths):
    parts = textwrap.wrap(row[ARM], widths[ARM]) or [""]
    blank = [""] * len(row)
    lines = [line(row[:ARM] + parts[:1] + row[ARM + 1:], widths)]
    return lines + [line(blank[:ARM] + [part] + blank[ARM + 1:], widths) for part in parts[1:]]


def line(row, widths):
    texts = [cell.rjust(width) if place >= FIRST_NUMBER else cell.ljust(width)
             for place, (cell, width) in enumerate(zip(row, widths))]
    return GAP.join(texts).rstrip()


def problems(result):
    """Return what a reader must know of a result beyond its row, a line each."""
    lines = [f"failed: {one}" for one in result["failed_checks"]]
    lines += [f"violated: {one}" for one in outcome.violations(result)]
    lines += [f"note: {one}" for one in result["notes"]]
    if result["message"]:
        lines.append(f"{result['outcome']}: {result['message']}")
    return lines


def summaries(result):
    """Return one line for each OOM or allocation-failure report."""
    return [summary(number, one) for number, one in enumerate(result["reports"], 1)]


def summary(number, one):
    who = f"{one['comm']}/{one['trigger']['pid']}" if one["trigger"] else one["comm"]
    parts = [f"report {number}: {one['kind']} in {who}, order {one['order']} {one['gfp_flags']}"]
    parts += zone_summary(one["zones"])
    if one["victim"]:
        killed = one["victim"]
        parts.append(f"killed {killed['comm']}/{killed['pid']} score {text(killed['score'])}")
    return "; ".join(parts)


def zone_summary(zones):
    """Describe the largest zone: that is where the shortage is."""
    if not zones:
        return []
    name, zone = max(zones.items(), key=lambda pair: pair[1].get("managed", 0))
    shown = ", all (H)" if zone.get("all_free_H") else ""
    return [f"{name} free {text(zone.get('free'))} min {text(zone.get('min'))}{shown}"]
