"""A sweep's records as text: a row for each distinct outcome, and the range of the main numbers."""
import shlex
import statistics

from campaign import record
from results import table

HEADS = ("runs", "share", "outcome", "declared", "kills", "smallest SEED/SCHED")
WITH_NTH = "smallest SEED/SCHED/FAIL_NTH"
NUMBERS = (0, 1, 4)  # columns that are aligned to the right
SHOWN = 3  # jobs of a row
COUNTERS = ("oom_kills", "highatomic_released_pages", "highatomic_reserved_max",
            "forced_switches")
DECLARED = {True: "yes", False: "NO", None: "-"}


def text(records, spec, folder_of):
    """Return the whole report; folder_of(record) is where a job's files are, or None."""
    found = groups(records)
    rows = [cells(kind, same, len(records)) for kind, same in found.items()]
    heads = (*HEADS[:-1], WITH_NTH) if any(one["fail_nth"] for one in records) else HEADS
    widths = [max(map(len, column)) for column in zip(heads, *rows)]
    lines = [line(heads, widths), "-" * (sum(widths) + 2 * (len(widths) - 1))]
    for row, (kind, same) in zip(rows, found.items()):
        lines.append(line(row, widths))
        lines += [" " * (widths[0] + 2) + one for one in details(kind, same, spec, folder_of)]
    return "\n".join([*lines, "", *spread(records), closing(records, found)])


def groups(records):
    """Return {signature: its records by seeds}, the most frequent first."""
    found = {}
    for one in sorted(records, key=record.place):
        found.setdefault(record.signature(one), []).append(one)
    return dict(sorted(found.items(), key=lambda item: -len(item[1])))


def cells(kind, same, total):
    places = ["/".join(map(str, record.place(one) if one["fail_nth"] else record.place(one)[:2]))
              for one in same[:SHOWN]]
    return [str(len(same)), f"{100 * len(same) / total:.1f}%", kind.outcome,
            DECLARED[False if kind.violated else kind.as_expected], table.text(kind.kills), " ".join(places)]


def line(row, widths):
    return "  ".join(cell.rjust(width) if place in NUMBERS else cell.ljust(width)
                     for place, (cell, width) in enumerate(zip(row, widths))).rstrip()


def details(kind, same, spec, folder_of):
    """Yield the lines below a row: what was wrong, how to see it again, where its files are."""
    yield from (f"failed: {one}" for one in kind.failed)
    yield from (f"violated: {one}" for one in kind.violated)
    if kind.message:
        yield kind.message
    yield reproduce(spec, same[0])
    yield from [f"{folder}/" for folder in map(folder_of, same) if folder][:1]


def reproduce(spec, one):
    """Return the command that does a job's run again; what the scenario declares stays unsaid."""
    words = [f"SCENARIO={spec.scenario}", f"PATCH={spec.patch}", f"MEM={spec.mem}",
             f"CPUS={spec.cpus}", f"SEED={one['seed']}", f"SCHED={one['sched']}"]
    words += [f"SHIFT={spec.shift}"] if spec.shift is not None else []
    words += [f"{name.upper()}={getattr(spec, name)}"
              for name, usual in (("mode", "exact"), ("boot", "kernel"), ("build", "release"))
              if getattr(spec, name) != usual]
    words += [f"DEVICES={shlex.quote(spec.devices)}"] if spec.devices is not None else []
    words += [f"TIMEOUT={spec.timeout:g}"] if spec.timeout != 300 else []
    nth = f"fail_nth={one['fail_nth']}" if one["fail_nth"] else ""
    args = f"{spec.args} {nth}".strip()
    words += [f"ARGS={shlex.quote(args)}"] if args else []
    return " ".join(["make run", *words])


def spread(records):
    """Return a table of least, median and greatest of each number that jobs have, if any have."""
    found = {name: [one["counters"][name] for one in records if name in one["counters"]]
             for name in COUNTERS}
    found["instructions"] = [one["instructions"] for one in records if one["instructions"]]
    rows = [(name, str(min(some)), str(statistics.median_low(some)), str(max(some)))
            for name, some in found.items() if some]
    if not rows:
        return []
    rows.insert(0, ("", "min", "median", "max"))
    widths = [max(map(len, column)) for column in zip(*rows)]
    return [row[0].ljust(widths[0]) + "".join("  " + cell.rjust(width)
                                              for cell, width in zip(row[1:], widths[1:]))
            for row in rows] + [""]


def closing(records, found):
    fine = sum(map(record.good, records))
    judged = any(one["as_expected"] is not None for one in records)
    logs = len({one["console_sha256"] for one in records})
    return (f"{counted(len(records), 'run')}, {counted(len(found), 'distinct outcome')}, "
            f"{counted(logs, 'distinct log')}, {fine} {'as declared' if judged else 'ended well'}, "
            f"{len(records) - fine} not")


def counted(count, noun):
    return f"{count} {noun}{'' if count == 1 else 's'}"
