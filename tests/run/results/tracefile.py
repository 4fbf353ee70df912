"""Trace records of a run with trace=on, as text in the form of Linux's ftrace, and as a JSON that
Perfetto and chrome://tracing open.

Records come on the events channel, one JSON object each (kernel/core/log/trace.h). They are read line
by line: a long run has hundreds of thousands.
"""
import json

from reports import gfp

TEXT, PICTURE = "trace.txt", "trace.json"
FILES = (TEXT, PICTURE)
HEAD = ("# tracer: nop\n#\n#           TASK-PID    CPU#  ||||   TIMESTAMP  FUNCTION\n"
        "#              | |         |   ||||      |         |\n")
SPANS = {"mm_vmscan_direct_reclaim_begin": ("B", "direct reclaim"),
         "mm_vmscan_direct_reclaim_end": ("E", "direct reclaim"),
         "mm_shrink_slab_start": ("B", "shrinker"), "mm_shrink_slab_end": ("E", "shrinker")}
# What a picture of a zone needs besides marks: its counters over time.
COUNTERS = {"reserved_after": "highatomic reserved", "free_after": "free", "free": "free"}


def write(folder):
    """Write both files from the folder's events, if there are records. Return how many."""
    source = folder / "events.jsonl"
    if not source.is_file() or not any(True for _ in records(source)):
        return 0
    count = 0
    with (folder / TEXT).open("w") as text, (folder / PICTURE).open("w") as picture:
        text.write(HEAD)
        picture.write('{"displayTimeUnit": "ns", "traceEvents": [\n')
        picture.write(json.dumps({"ph": "M", "name": "process_name", "pid": 1,
                                  "args": {"name": "Lowwater"}}))
        named = set()
        for one in records(source):
            text.write(line(one) + "\n")
            for item in pictured(one, named):
                picture.write(",\n" + json.dumps(item))
            count += 1
        picture.write("\n]}\n")
    return count


def records(path):
    """Yield the trace records of an events file; a torn line is none."""
    with path.open(encoding="utf-8", errors="replace") as lines:
        for text in lines:
            if not text.startswith('{"event":"trace"'):
                continue
            try:
                yield json.loads(text)
            except ValueError:
                continue


def line(one):
    """Return a record as ftrace prints one."""
    task = f"{one['comm']}-{one['pid']}"
    args = " ".join(f"{name}={value(name, what)}" for name, what in one["args"].items())
    return f"{task:>20} [{one['cpu']:03}] .... {one['ns'] / 1e9:12.6f}: {one['name']}: {args}"


def value(name, what):
    return gfp.decode(what) if name == "gfp_flags" else what


def pictured(one, named):
    """Yield the record as trace events: its thread's name once, its mark or span, its counters."""
    micro, thread = one["ns"] / 1000, one["pid"]
    common = {"pid": 1, "tid": thread, "ts": micro}
    if thread not in named:
        named.add(thread)
        yield {"ph": "M", "name": "thread_name", "pid": 1, "tid": thread,
               "args": {"name": f"{one['comm']}-{thread}"}}
    args = {name: value(name, what) for name, what in one["args"].items()} | {"cpu": one["cpu"]}
    phase, name = SPANS.get(one["name"], ("i", one["name"]))
    yield common | {"ph": phase, "name": name, "args": args} | ({"s": "t"} if phase == "i" else {})
    for field, what in COUNTERS.items():
        if field in one["args"] and "zone" in one["args"]:
            yield {"ph": "C", "pid": 1, "ts": micro, "name": f"{one['args']['zone']} {what}",
                   "args": {"pages": one["args"][field]}}
