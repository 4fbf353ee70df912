"""Results as text for people: the table, a line for each arm, and the lines under it.

The table is at most 120 columns wide. A line is added only where an arm's list of patches and what
the arm showed do not fit side by side. A seed's name stands in the rule above its scenarios: as a
column it would cost every row the room that the words of most rows need.
"""
import itertools
import textwrap

from results import change, outcome

WIDTH = 120
HEADS = ("scenario", "arm", "outcome", "ok", "kills", "what it showed", "insns", "s")
GAPS = (0, 2, 2, 2, 1, 2, 2, 1)  # before each column
ARM, SHOWED = 1, 5
NUMBERS = (4, 6, 7)  # columns that are aligned to the right
NARROWEST_ARM, NARROWEST_SHOWED = 7, 14
OWN_RULES = "4.8"
CHANGED = "*"
OK = {"ok": "yes", "FAIL": "NO", "-": "-"}


def render(results):
    """Return the aligned table of results; a name is given once for the rows that share it."""
    rows = [cells(result) for result in results]
    widths = fit(rows)
    total = sum(widths) + sum(GAPS)
    lines, before = [line(HEADS, widths)], None
    for result, row in zip(results, rows):
        if before is None or before["source"] != result["source"]:
            lines.append(rule(result["source"], total))
            before = None
        if before and before["scenario"] == result["scenario"]:
            row = ["", *row[1:]]
        lines += wrapped(row, widths)
        before = result
    return "\n".join(lines)


def rule(source, width):
    return (f"-- {source} " if source else "").ljust(width, "-")


def cells(result):
    return [result["scenario"], arm_name(result), result["outcome"],
            OK[outcome.verdict(result)] + (CHANGED if result.get("changed") else ""),
            text(result["counters"].get("oom_kills")),
            text(result["showed"]), short(result["instructions"]["total"]),
            seconds(result["wall_seconds"])]


def arm_name(result):
    """Return an arm's patches, and which Linux a run was of that had not 4.8's rules."""
    rules = result.get("rules") or OWN_RULES
    return result["arm"].replace("+", ", ") + (f" ({rules})" if rules != OWN_RULES else "")


def fit(rows):
    """Return the columns' widths: natural ones, else those that need the fewest lines."""
    widths = [max(map(len, column)) for column in zip(HEADS, *rows)]
    room = WIDTH - sum(GAPS) - sum(widths) + widths[ARM] + widths[SHOWED]
    if widths[ARM] + widths[SHOWED] > room:
        most = max(NARROWEST_ARM, min(widths[ARM], room - NARROWEST_SHOWED))
        least = min(most, max(len(name) for row in rows for name in row[ARM].split()))
        tried = [(width, room - width) for width in range(most, least - 1, -1)]
        best = min(tried, key=lambda pair: height(rows, *pair))
        for place, width in zip((ARM, SHOWED), best):
            widths[place] = max(len(HEADS[place]), *(len(part) for row in rows
                                                     for part in folded(row[place], width)))
    return widths


def height(rows, arm, showed):
    return sum(max(len(folded(row[ARM], arm)), len(folded(row[SHOWED], showed))) for row in rows)


def folded(words, width):
    return textwrap.wrap(words, width, break_on_hyphens=False) or [""]


def wrapped(row, widths):
    first, *more = itertools.zip_longest(folded(row[ARM], widths[ARM]),
                                         folded(row[SHOWED], widths[SHOWED]), fillvalue="")
    lines = [line(with_parts(row, *first), widths)]
    return lines + [line(with_parts([""] * len(row), *parts), widths) for parts in more]


def with_parts(row, arm, showed):
    return [*row[:ARM], arm, *row[ARM + 1:SHOWED], showed, *row[SHOWED + 1:]]


def line(row, widths):
    texts = [" " * gap + (cell.rjust(width) if place in NUMBERS else cell.ljust(width))
             for place, (cell, width, gap) in enumerate(zip(row, widths, GAPS))]
    return "".join(texts).rstrip()


def text(value):
    return "-" if value is None else str(value)


def seconds(spent):
    return f"{spent:.1f}" if spent < 9.95 else f"{spent:.0f}"


def short(count):
    """Return a count in three digits with its unit; result.json has every one."""
    if count is None:
        return "-"
    for size, unit in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        units = count / size
        if units >= 0.9995:  # what would be rounded to 1000 of the next smaller unit
            digits = 2 if units < 9.995 else 1 if units < 99.95 else 0
            return f"{units:.{digits}f}{unit}"
    return str(count)


def problems(result):
    """Return what a reader must know of a result beyond its row, a line each."""
    lines = [f"failed: {one}" for one in result["failed_checks"]]
    lines += [f"violated: {one}" for one in outcome.violations(result["reports"])]
    lines += [f"note: {one}" for one in result["notes"]]
    if told := change.line(result.get("changed")):
        lines.append(f"{CHANGED} {told}")
    if result["message"] and not result["as_expected"]:
        lines.append(last_words(result))
    return lines


def last_words(result):
    return f"{result['outcome']}: {result['message']}"


def summaries(result):
    """Return a line for each OOM or allocation-failure report, and for an end that was declared."""
    lines = [summary(number, one) for number, one in enumerate(result["reports"], 1)]
    if result["message"] and result["as_expected"]:
        lines.append(last_words(result))
    return lines


def summary(number, one):
    name = one["comm"] or "?"
    who = f"{name}/{one['trigger']['pid']}" if one["trigger"] else name
    mask = one["gfp_mask"] if one["gfp_flags"] is None else one["gfp_flags"]
    parts = [f"report {number}: {one['kind']} in {who}, order {one['order']} {mask}"]
    parts += zone_summary(one)
    if one["verdict"]:
        parts.append(one["verdict"]["kind"] + swap_summary(one["verdict"]))
    if one["victim"]:
        killed = one["victim"]
        parts.append(f"killed {killed['comm']}/{killed['pid']} score {text(killed['score'])}")
    return "; ".join(parts)


def swap_summary(verdict):
    """Say whether swap was full, where that was the limit."""
    return ", swap full" if verdict.get("swap", {}).get("limit") else ""


def zone_summary(report):
    """Describe the zone that the request prefers; what is more is in its verdict."""
    zone = report["zones"].get(report["preferred"])
    if zone is None:
        return []
    numbers = f"free {text(zone.get('free'))} min {text(zone.get('min'))}"
    return [f"{report['preferred']} {numbers}" + (", all (H)" if zone.get("all_free_H") else "")]
