"""`oracle`: workloads that a real Linux 4.8.15 ran on this emulator, and the same here, side by side.

Its numbers stand in data/linux_oracle.json, with what is compared of each workload and how far the two may be
apart. Where they are further, the comparison fails; where that has a reason in the machine, not in memory
management, the row says which note explains it.
"""
import dataclasses
import json
import os
from pathlib import Path

from campaign import asked, fleet
from options import UserError, wanted
from results import expr, schema, whole

DATA = Path(__file__).resolve().parent / "data" / "linux_oracle.json"
LEVELS = ("nr_", "free_")  # all else is counted from the point `before` on
COUNTED = ("nr_vmscan_write", "nr_written")  # but these
BEFORE, KILL, PROBE, AFTER_TOUCH = "before", "kill", "probe", "after-touch"
HEADS = ("at", "counter", "Linux 4.8.15", "Lowwater", "ratio", "limit", "ok")
GAP = "  "


def run(spec, known, jobs, words=""):
    """Run the workloads whose names have these words, write oracle.json, print the tables; return the exit code."""
    if spec.mode != "exact":
        raise UserError("MODE=fast: expected exact; the two are compared run by run")
    loads = {name: one for name, one in schema.load(DATA, "linux_oracle")["workloads"].items()
             if all(word.lower() in name.lower() for word in words.split())}
    if not loads:
        raise UserError(f"WORKLOAD={words!r}: expected words of a workload's name, such as W1 or 256")
    results = fleet.run([settled(spec, one, known) for one in loads.values()], jobs)
    found = {name: compared(one, result) for (name, one), result in zip(loads.items(), results)}
    folder = spec.results / "oracle"
    folder.mkdir(parents=True, exist_ok=True)
    shown = "\n\n".join(text(name, loads[name], one) for name, one in found.items()) + "\n" + closing(found)
    whole.write(folder / "oracle.json", json.dumps(found, indent=1) + "\n")
    whole.write(folder / "oracle.txt", shown + "\n")
    print(shown)
    print(folder / "oracle.json")
    return 0 if all(one["as_expected"] for one in found.values()) else 1


def settled(spec, load, known):
    """Return the settled spec of a workload's run, and the arm whose outcome it must have."""
    own = dataclasses.replace(
        spec, scenario=load["scenario"], patch="none", mem=load["mem"], cpus=load["cpus"], args=load["args"],
        devices=wanted("DEVICES=", load["devices"]))
    return asked.settle(own, known)


def compared(load, result):
    """Return what a run of Lowwater comes to beside those of Linux."""
    own = points_of(result)
    rows = [row_of(row, load["runs"], own) for row in load["rows"]]
    return {"scenario": result["scenario"], "outcome": result["outcome"], "message": result["message"],
            "source": load["source"], "rows": rows, "notes": load["notes"],
            "as_expected": all(row["ok"] is not False for row in rows)}


def points_of(result):
    """Return {point: {counter: level, or count since `before`}} of a run of Lowwater."""
    raw = {name: one["counters"] for name, one in result["points"].items()}
    start = raw.get(BEFORE, {})
    found = {name: {counter: number if is_level(counter) else number - start.get(counter, 0)
                    for counter, number in counters.items()} for name, counters in raw.items()}
    own = {name.removeprefix("oracle_"): number for name, number in result["counters"].items()
           if name.startswith("oracle_")}
    found.setdefault(AFTER_TOUCH, {}).update(own)
    found.setdefault("final", {}).update(own, kills=result["counters"].get("oom_kills", 0))
    windows = sorted((int(name.removeprefix("window_")), number) for name, number in own.items()
                     if name.startswith("window_"))
    found[PROBE] = {"windows": " ".join(str(number) for _, number in windows)}
    if result["reports"]:
        found[KILL] = kill_of(result["reports"][0])
    return found


def is_level(counter):
    return counter.startswith(LEVELS) and counter not in COUNTED


def kill_of(report):
    """Return what the first report says, by the names of counters."""
    found = {f"free_{name}": zone["free"] for name, zone in report["zones"].items()}
    found |= {f"nr_{name}": report["global"][name] for name in ("active_anon", "inactive_anon")}
    return found | {"free_swap": report["trailer"]["free_swap_kb"] // 4}


def row_of(row, runs, own):
    """Return a row of the table: the values of Linux's runs, Lowwater's, and whether it is near enough."""
    linux = [number for one in runs.values() if (number := value(row, one)) is not None]
    here = value(row, own)
    return {"point": row["point"], "what": row["what"], "linux": linux, "lowwater": here,
            "limit": limit(row), "ok": judged(row, linux, here)}


def value(row, points):
    """Return what a row's expression comes to in a run, or None where that has not its numbers."""
    before, _, point = row["point"].rpartition("..")
    if point not in points or before and before not in points:
        return None
    counters = points[point]
    if before:
        counters = {name: number - points[before].get(name, 0) for name, number in counters.items()
                    if name in points[before] and isinstance(number, int)}
    try:
        return expr.evaluate(row["what"], counters, [])
    except expr.CheckError:
        return None


def judged(row, linux, here):
    """True, False, or None where nothing is asked or a note explains."""
    if not linux or "differs" in row or limit(row) == "":
        return None
    if here is None:
        return False
    if isinstance(here, str):
        return here in linux
    low, high = min(linux), max(linux)
    if "by" in row:
        return low - row["by"] <= here <= high + row["by"]
    factor = row["times"] if "times" in row else 1 + row["within"]
    least = low / factor if "times" in row else low * (1 - row["within"])
    return least <= here <= high * factor


def limit(row):
    if "differs" in row:
        return f"({row['differs']})"
    if "within" in row:
        return f"{row['within'] * 100:g} %"
    if "times" in row:
        return f"x {row['times']:g}"
    return "" if "by" not in row else f"+- {row['by']}" if row["by"] else "same"


def text(name, load, found):
    """Return a workload's table, with what explains it below."""
    lines = [HEADS] + [cells(row) for row in found["rows"]]
    widths = [max(len(cell) for cell in column) for column in zip(*lines)]
    shown = [GAP.join(cell.ljust(width) if at < 2 else cell.rjust(width)
                      for at, (cell, width) in enumerate(zip(row, widths))).rstrip() for row in lines]
    shown.insert(1, "-" * (sum(widths) + len(GAP) * (len(widths) - 1)))
    head = [f"{name}: {load['source']}"]
    if found["message"]:
        head.append(f"{found['scenario']}: {found['message']}")
    return os.linesep.join(head + shown + [f"({what}) {note}" for what, note in load["notes"].items()])


def cells(row):
    linux = sorted(row["linux"], key=str) if any(isinstance(one, str) for one in row["linux"]) else row["linux"]
    several = [number(min(linux)), number(max(linux))] if linux else ["-"]
    return (row["point"], row["what"], " to ".join(dict.fromkeys(several)),
            "-" if row["lowwater"] is None else number(row["lowwater"]), ratio(row), row["limit"],
            {True: "ok", False: "NO", None: ""}[row["ok"]])


def number(one):
    return f"{one:.3f}" if isinstance(one, float) else str(one)


def ratio(row):
    """Return Lowwater's share of the mean of Linux's runs."""
    numbers = [one for one in row["linux"] if not isinstance(one, str)]
    if not numbers or not sum(numbers) or row["lowwater"] is None:
        return ""
    return f"{row['lowwater'] * len(numbers) / sum(numbers):.2f}"


def closing(found):
    rows = [row for one in found.values() for row in one["rows"]]
    asked_for = [row for row in rows if row["ok"] is not None]
    missed = [f"{name}, {row['point']}: {row['what']}" for name, one in found.items() for row in one["rows"]
              if row["ok"] is False]
    lines = [f"beyond its limit: {line}" for line in missed]
    return "\n".join(["", f"{len(asked_for)} limits, {len(asked_for) - len(missed)} held, {len(missed)} not", *lines])
