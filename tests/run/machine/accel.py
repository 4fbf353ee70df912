"""Fast mode's accelerator: KVM only where a timed boot says that it wins.

A /dev/kvm that opens proves nothing: where the machine is itself a guest, KVM may be a hundred
times slower than TCG. So one small boot is timed under each, once for each machine and emulator,
and the answer is kept in BUILD_DIR/accel.json.
"""
import dataclasses
import json
import os
import platform
import tempfile
from pathlib import Path

from machine import qemu
from results import outcome, whole
from options import choice

DEVICE = Path("/dev/kvm")
BY_NAME = {"tcg": qemu.TCG, "kvm": qemu.KVM}
MEMORY_MIB = 64
TIMEOUT = 60.0


def choose(spec):
    """Return the -accel of the spec's fast runs; LOWWATER_ACCEL=tcg|kvm overrides the probe."""
    forced = os.environ.get("LOWWATER_ACCEL")
    if forced:
        return BY_NAME[choice("LOWWATER_ACCEL", forced, tuple(BY_NAME))]
    if not opens(DEVICE):
        return qemu.TCG
    cache = spec.build_dir / "accel.json"
    kept, key = read(cache), f"{qemu.version()} on {platform.node()}"
    if kept.get(key) not in BY_NAME.values():
        found = probe(spec)
        if not found:
            return qemu.TCG
        kept[key] = found
        whole.write(cache, json.dumps(kept, indent=1) + "\n")
    return kept[key]


def name_of(accel):
    """Return the LOWWATER_ACCEL that stands for an -accel."""
    return next(name for name, value in BY_NAME.items() if value == accel)


def opens(device):
    try:
        os.close(os.open(device, os.O_RDWR))
        return True
    except OSError:
        return False


def read(path):
    """Return the kept answers; a damaged file has none."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return kept if isinstance(kept, dict) else {}


def probe(spec):
    """Return the accelerator that wins, or None when this kernel does not even boot under TCG."""
    limit = seconds(spec, qemu.TCG, TIMEOUT)
    if limit is None:
        return None
    return qemu.TCG if seconds(spec, qemu.KVM, limit) is None else qemu.KVM


def seconds(spec, accel, limit):
    """Return how long one boot takes, or None when it does not finish within the limit."""
    plain = dataclasses.replace(spec, scenario="info", patch="none", args="", declared_args="",
                                devices=None, fills_memory=False, boot="kernel", mem=MEMORY_MIB, shift=None, cpus=1,
                                seed=1, sched=0, mode="fast")
    with tempfile.TemporaryDirectory(prefix="lowwater-") as name:
        folder = Path(name)
        argv = qemu.command(plain, qemu.kernel_line(plain), folder / "console.log",
                            folder / "events.jsonl", accel=accel)
        status, spent = qemu.run(argv, folder / "qemu.log", limit)
    return spent if status == outcome.EXIT_BASE and spent < limit else None
