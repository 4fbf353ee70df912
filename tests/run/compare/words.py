"""A comparison as text, as Markdown for a mail, and as JSON."""
import dataclasses

COUNTERS = 6  # that are shown of an arm


def text(found):
    """Return the lines of a comparison (command.Found)."""
    lines = [head(found)]
    for row in told(found):
        lines.append(f"{row.scenario} {row.patch}" + (f", {row.runs} runs each" if row.runs > 1 else ""))
        lines += [f"  {name:<13}{what}" for name, what in parts(row)]
    for name, old, new in found.bench:
        lines.append(f"bench {name}: {number(old)} -> {number(new)} instructions")
    lines += [f"left out: {line}" for line in found.left_out]
    return [*lines, *moved(found), closing(found)]


def told(found):
    """Return the rows that differ in what happened."""
    return [row for row in found.rows if row.differs and not row.moved]


def moved(found):
    """Yield a line on the rows that differ only in when it happened, and in where the image's code lies."""
    scenarios = {}
    for row in found.rows:
        if row.moved:
            scenarios.setdefault(row.scenario, []).append(row.patch)
    if scenarios:
        yield ("in times alone, and where code lies: "
               + "; ".join(f"{name} {', '.join(patches)}" for name, patches in scenarios.items()))


def head(found):
    same = ", the same image" if found.same_image else ""
    return f"compare {found.base.name} ({found.base.spoken()}) with this tree ({found.this.spoken()}){same}"


def parts(row):
    """Yield (name, what) of all that an arm differs in."""
    for name, (old, new) in row.words.items():
        yield name, f"{old} -> {new}"
    if row.counters:
        shown = [f"{name} {old} -> {new}" for name, (old, new) in list(row.counters.items())[:COUNTERS]]
        more = len(row.counters) - len(shown)
        yield "counters", "; ".join(shown) + (f"; and {more} more" if more else "")
    if row.instructions:
        yield "instructions", f"{row.instructions[0]} -> {row.instructions[1]}"
    if row.log and not row.log["line"]:
        yield "log", "its times only, and where code lies"
    elif row.log:
        where = f"seed {row.log['seed']}, " if row.runs > 1 else ""
        yield "log", f"{where}line {row.log['line']}: {row.log['before']}"
        yield "", f"{'':>{len(where)}}now: {row.log['now']}"


def closing(found):
    runs = sum(row.runs for row in found.rows)
    benched = f" and {found.benched} bench rows" if found.benched else ""
    times = sum(row.moved for row in found.rows)
    if not times and not told(found) and not found.bench:
        return f"no difference in {runs} runs{benched}"
    return (f"{len(told(found))} of {len(found.rows)} arms differ ({runs} runs each)"
            + (f", {times} in times alone" if times else "")
            + (f", {len(found.bench)} of {found.benched} bench rows" if found.benched else ""))


def markdown(found):
    """Return the lines of a table for a mail."""
    lines = [head(found) + ":", "", closing(found), ""]
    if told(found):
        lines += ["| scenario | arm | what | before | now |", "|---|---|---|---|---|"]
    for row in told(found):
        for name, pair in {**row.words, **row.counters}.items():
            lines.append(f"| {row.scenario} | {row.patch} | {name} | {pair[0]} | {pair[1]} |")
        if row.instructions:
            lines.append(f"| {row.scenario} | {row.patch} | instructions | {row.instructions[0]} | {row.instructions[1]} |")
    lines += ["", *moved(found)] if any(row.moved for row in found.rows) else []
    if found.bench:
        lines += ["", "| operation | before | now |", "|---|---:|---:|"]
        lines += [f"| {name} | {number(old)} | {number(new)} |" for name, old, new in found.bench]
    return [*lines, *made_with(found.origins), "", f"Repeat it: `{found.command}`"]


def made_with(origins):
    """Yield a line a side on compiler, emulator and image."""
    for name, one in zip(("base", "this"), origins):
        tools = one.get("toolchain") or {}
        text = ", ".join(str(value) for value in (*tools.values(), one.get("qemu_version")) if value)
        if text:
            yield from ("", f"{name}: {text}; image sha256 {(one.get('image_sha256') or '-')[:16]}")


def number(value):
    return "-" if value is None else f"{value:.1f}"


def as_json(found):
    differing = [dataclasses.asdict(row) | {"times_alone": row.moved} for row in found.rows if row.differs]
    origins = found.origins or [{}, {}]
    return {"base": side(found.base) | origins[0], "this": side(found.this) | origins[1], "same_image": found.same_image,
            "command": found.command, "arms": len(found.rows), "runs": sum(row.runs for row in found.rows),
            "differ": differing, "bench_rows": found.benched,
            "bench": [{"operation": name, "before": old, "now": new} for name, old, new in found.bench],
            "left_out": found.left_out}


def side(revision):
    return {"name": revision.name, "revision": revision.hash, "changed": revision.changed}
