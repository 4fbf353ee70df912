"""The events channel: one JSON object on each line, gathered by kind.

Tolerant on purpose: a guest that dies leaves a torn last line, and a newer kernel may send kinds
this runner does not know. Both are skipped; a broken line in the middle leaves a note.
"""
import json
import re
from dataclasses import dataclass, field

SAMPLE_FIELDS = ("ns", "value", "pid")
MEMORY_FIELDS = ("ns", "inactive_anon", "active_anon", "swap_free", "swap_cached", "allocstall", "kills", "reaps")
ZONE_FIELDS = ("start_pfn", "pageblocks", "managed", "min", "low", "high")
CELL = re.compile(r"([1-9][0-9]{0,5})([A-Z-])([0-9a-f])")
CELLS = re.compile(f"(?:{CELL.pattern})+")
LOCK_FIELDS = ("name", "acquisitions", "contended", "longest_hold_ns")


@dataclass
class Events:
    """What the channel said. `counters` keeps the last value of each name."""

    start: dict = field(default_factory=dict)
    end: dict = field(default_factory=dict)
    counters: dict = field(default_factory=dict)
    reports: list = field(default_factory=list)
    arms: list = field(default_factory=list)  # these five: of a kernel that was asked for its list
    scenarios: list = field(default_factory=list)
    patches: list = field(default_factory=list)
    params: list = field(default_factory=list)
    counter_names: list = field(default_factory=list)
    benches: list = field(default_factory=list)
    locks: list = field(default_factory=list)  # a debug build's statistics
    samples: dict = field(default_factory=dict)  # name: [{ns, value, pid}] in the order they came
    memory_samples: list = field(default_factory=list)  # lists and swap over time, in order
    zones: dict = field(default_factory=dict)  # what those, and maps, are held against
    map: list = field(default_factory=list)  # {ns, zone, cells} of each zone that had changed, in order
    points: dict = field(default_factory=dict)  # name: {ns, counters} where a scenario asked for them
    replay: dict = field(default_factory=dict)  # what became of a state's request (scenario replay)
    timeline: list = field(default_factory=list)  # what befell the OOM killer's victims, in order
    notes: list = field(default_factory=list)


def read(path):
    """Return the Events of a file; an absent file has none."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Events()
    return parse(data.decode("utf-8", "replace"))


def parse(text):
    events = Events()
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            add(events, json.loads(line))
        except (ValueError, TypeError, KeyError, AttributeError):
            if number < len(lines):  # only a line cut off by the guest's end has no newline
                events.notes.append(f"events line {number} is not a valid event: {line[:60]!r}")
    return events


def add(events, item):
    kind = item["event"]
    if kind == "counter":
        events.counters[item["name"]] = item["value"]
    elif kind in ("start", "end", "replay"):
        setattr(events, kind, item)
    elif kind == "report":
        events.reports.append(item)
    elif kind == "arm":
        events.arms.append(item)
    elif kind == "scenario":
        events.scenarios.append({key: text(item, key) for key in ("name", "file")})
    elif kind in ("patch", "param"):
        text(item, "name")
        getattr(events, "patches" if kind == "patch" else "params").append(item)
    elif kind == "counter_name":
        events.counter_names.append(text(item, "name"))
    elif kind == "bench":
        events.benches.append({key: item[key] for key in ("group", "name", "insns", "ops")})
    elif kind == "lock":
        events.locks.append({key: item[key] for key in LOCK_FIELDS})
    elif kind == "note":
        events.notes.append(text(item, "text"))
    elif kind == "sample":
        one = {key: number(item, key) for key in SAMPLE_FIELDS}
        events.samples.setdefault(text(item, "name"), []).append(one)
    elif kind == "memory_sample":
        zones = {key: {zone: number(item[key], zone) for zone in item[key]} for key in ("free", "reserved")}
        events.memory_samples.append({key: number(item, key) for key in MEMORY_FIELDS}
                                     | {"why": text(item, "why")} | zones)
    elif kind == "zones":
        pages = number(item, "pageblock_pages")
        events.zones = {name: {key: number(one, key) for key in ZONE_FIELDS} | {"pageblock_pages": pages}
                        for name, one in item["zones"].items()}
    elif kind == "map":
        cells(text(item, "cells"))
        events.map.append({"ns": number(item, "ns"), "zone": text(item, "zone"), "cells": item["cells"]})
    elif kind == "point":
        found = events.points.setdefault(text(item, "point"), {"ns": number(item, "ns"), "counters": {}})
        found["counters"][text(item, "name")] = number(item, "value")
    elif kind == "oom":
        checked = {"what": text(item, "what"), "pid": number(item, "pid"),
                   "ns": number(item, "ns")}
        more = {key: value for key, value in item.items() if key != "event"}
        events.timeline.append(checked | more)


def cells(runs):
    """Return [(type letter, use)] of each pageblock of a map's runs; use: 0, nothing of it, to 15, all."""
    if not CELLS.fullmatch(runs):
        raise ValueError("cells: expected runs such as 12Mf4H0")
    return [(letter, int(use, 16)) for count, letter, use in CELL.findall(runs) for _ in range(int(count))]


def number(item, key):
    if type(item[key]) is not int:
        raise ValueError(f"{key}: expected a whole number")
    return item[key]


def text(item, key):
    if not isinstance(item[key], str) or not item[key]:
        raise ValueError(f"{key}: expected a text")
    return item[key]
