"""Made runs for tests of the lab's page: folders whose numbers and shapes are known."""
import hashlib
import json
from pathlib import Path

from reports import identities, report
from test_parts import result

DATA = Path(__file__).parent / "data"
MS = 10**6
ZONES = {"DMA": {"start_pfn": 1, "pageblocks": 4, "managed": 3977, "min": 30, "low": 37, "high": 44,
                 "pageblock_pages": 1024},
         "DMA32": {"start_pfn": 4096, "pageblocks": 60, "managed": 60382, "min": 476, "low": 595, "high": 714,
                   "pageblock_pages": 1024}}
SAMPLES, FREE, STEP = 101, 50000, 450


def samples(count=SAMPLES):
    """Free pages of DMA32 fall by STEP each ms, to half of the time, and stay; DMA has 3000 all the time."""
    return [{"ns": at * MS, "free": {"DMA": 3000, "DMA32": FREE - STEP * min(at, count // 2)},
             "reserved": {"DMA": 0, "DMA32": 10 * at}, "inactive_anon": 100 + at, "active_anon": 2 * at,
             "swap_free": 1000 - at, "swap_cached": at // 10, "allocstall": at // 50, "kills": 0, "reaps": 0,
             "why": "sample"} for at in range(count)]


def pagemap(steps=11):
    """DMA never changes. Of DMA32 one more movable pageblock of 60 is full at each step; the last four are H, half."""
    found = [{"ns": 0, "zone": "DMA", "cells": "1-01Uf2M7"}]
    for at in range(steps):
        full, rest = at * 5, 56 - at * 5
        cells = (f"{full}Mf" if full else "") + (f"{rest}M0" if rest else "") + "4H8"
        found.append({"ns": at * 10 * MS, "zone": "DMA32", "cells": cells})
    return found


TIMELINE = [{"what": "killed", "pid": 12, "ns": 60 * MS, "comm": "spike", "rss": 9000},
            {"what": "reaped", "pid": 12, "ns": 70 * MS, "comm": "spike"}]


def fill(folder, log=None, **changes):
    """Make a run's folder, with the log of a report; return the content of its result.json."""
    folder.mkdir(parents=True)
    text = (DATA / "clean_oom.txt").read_text(encoding="utf-8") if log is None else log
    (folder / "console.log").write_text(text, encoding="utf-8")
    reports = report.parse(text.splitlines())
    for one in reports:
        one["identities"] = identities.check(one, 4)
    found = result(reports=reports, console_sha256=hashlib.sha256(text.encode()).hexdigest(), **{
        "virtual_ns": 420 * MS, "mem_mib": 256, "cpus": 1, "shift": 0, "seed": 1, "sched": 0, "mode": "exact",
        "build": "release", "devices": "none", "args": "", "declared_args": "", "patches": [], "timeline": TIMELINE,
        "samples": {}, "memory_samples": samples(), "map": pagemap(), "zones": ZONES, "qemu_version": "QEMU 7",
        "revision": {"commit": "0123456789" * 4, "clean": True}, "image_sha256": "ab" * 32, "build_id": "cd" * 20,
        "toolchain": {"compiler": "GNU C11 12.2.0", "linker": "GNU ld 2.40"},
        "command": "make run SCENARIO=spike PATCH=none MEM=256"} | changes)
    (folder / "result.json").write_text(json.dumps(found), encoding="utf-8")
    return found
