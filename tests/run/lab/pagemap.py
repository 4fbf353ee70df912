"""The page map over time, checked: result.json's `map`, a list of {"ns", "zone", "cells"}.

cells is a zone's pageblocks in address order as runs: how many, the letter of their type (- is a hole),
and how full they are as a hexadecimal digit, 0 all free and f all used. A zone has an entry where it
changed. Where its pageblocks begin stands in `zones`, if the run told.
"""
import re

CELLS = re.compile(r"(?:[1-9][0-9]*[UMEHCIR-][0-9a-f])+")
RUN = re.compile(r"([0-9]+)([A-Z-])([0-9a-f])")


def checked(result):
    """Return (the map as the page has it or None, lines about entries that are left out)."""
    zones, steps, wrong = {}, [], []
    for number, one in enumerate(result.get("map") or [], 1):
        fault = mistake(one, zones)
        if fault:
            wrong.append(f"entry {number} of the page map is left out: {fault}")
            continue
        steps.append([one["ns"], list(zones).index(one["zone"]), one["cells"]])
    steps.sort(key=lambda step: step[0])
    told = result.get("zones") or {}
    known = [[name, size, *place(told.get(name) or {})] for name, size in zones.items()]
    return ({"zones": known, "steps": steps} if steps else None), wrong


def place(zone):
    """Return [the first page frame of a zone, pages of a pageblock], or nothing."""
    found = [zone.get("start_pfn"), zone.get("pageblock_pages")]
    return found if all(type(one) is int for one in found) else []


def mistake(one, zones):
    """Return what is wrong with an entry, or None; its zone is known from then on."""
    if not isinstance(one, dict) or type(one.get("ns")) is not int or not isinstance(one.get("zone"), str):
        return "expected ns and zone"
    if not CELLS.fullmatch(str(one.get("cells"))):
        return f"cells cannot be read: {str(one.get('cells'))[:40]!r}"
    size = blocks(one["cells"])
    if zones.setdefault(one["zone"], size) != size:
        return f"{size} pageblocks of {one['zone']}, of which there were {zones[one['zone']]}"
    return None


def blocks(cells):
    return sum(int(count) for count, _, _ in RUN.findall(cells))
