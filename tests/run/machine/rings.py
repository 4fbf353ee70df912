"""What virtio devices have not answered when a run's time is up: the emulator's own view of their rings.

Asked through a monitor of its own, and first: GDB stops the machine, for which QEMU waits until its disks have
answered, and a disk that never does takes GDB along. A ring's indices count freely modulo 65536: what the guest
has made available and the device has not put back as used is in flight.
"""
import re

import devices
from machine import qmp, slots

QUEUES = {"disk": (0,), "balloon": (0, 1)}  # those whose buffers come back; statistics stay with the host
INDICES = re.compile(r"avail:\n +flags: \d+\n +idx: +(\d+)\n(?:.*\n)*? +used:\n +flags: \d+\n +idx: +(\d+)")


def of(spec):
    """Yield (a device's name, its kind) of those that have rings."""
    disks = 0
    for one in devices.parse(spec.devices or devices.NONE):
        if one.kind == "disk":
            yield slots.name(disks), one.kind
            disks += 1
        elif one.kind in QUEUES:
            yield slots.BALLOON, one.kind


def questions(spec):
    """Yield (heading, the monitor's words)."""
    for name, kind in of(spec):
        place = f"/machine/peripheral/{name}/virtio-backend"
        yield f"{name}", f"info virtio-status {place}"
        for queue in QUEUES[kind]:
            yield f"{name} queue {queue}", f"info virtio-queue-status {place} {queue}"
            yield f"{name} ring {queue}", f"info virtio-queue-element {place} {queue}"


def asked(spec, socket):
    """Yield the sections of a report, from a monitor's socket."""
    for heading, words in questions(spec):
        said = qmp.once(socket, "human-monitor-command", **{"command-line": words})
        yield f"\n== {heading}\n" + said.replace("\r", "")


def unanswered(text):
    """Return the rings that wait for their device, in one line, or None."""
    found = []
    for section in text.split("\n== ")[1:]:
        heading, _, body = section.partition("\n")
        indices = INDICES.search(body)
        if indices and " ring " in heading and (count := (int(indices[1]) - int(indices[2])) % 65536):
            device, queue = heading.split(" ring ")
            found.append(f"{device} has not answered {count} of queue {queue}")
    return ", ".join(found) or None
