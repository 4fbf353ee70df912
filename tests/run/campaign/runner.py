"""One run from its options to its files: console.log, events.jsonl, result.json and the rest.

A run's folder holds the files of one run and nothing else: they are written beside it and take its
place together, once all of them are there.
"""
import json
import sys

from campaign import arms, origin
from machine import accel, balloon, disks, facts, iso, qemu
from results import change, junit, ktap, result, table, tracefile, whole
from campaign.progress import Progress

IMAGE = "boot.iso"
EVENTS = "events.jsonl"


def run(spec, arm, follow=Progress):
    """Do one settled run and return its result; arm is what it declares, or None.

    follow(name, console log) returns what is told of its progress: tick(seconds) while it runs,
    which may raise to end it, and finish(outcome, seconds).
    """
    with whole.Lock(spec.folder) as lock, whole.folder(spec.folder) as folder:
        progress = follow(f"{spec.scenario} {spec.arm}{spec.variant}", folder / "console.log")
        if not lock.got():
            print(f"wait  {spec.folder}: another run of this arm is at work", file=sys.stderr)
            lock.take(progress.tick)
        ended = emulate(spec, folder, progress.tick)
        tracefile.write(folder)
        ktap.write(folder)
        found = result.build(spec, folder, arm, ended)
        found |= origin.of(spec)
        found["changed"] = change.counters(change.last(spec.folder), found)
        whole.write(folder / "result.json", json.dumps(found, indent=1) + "\n")
        publish([found], folder)
        progress.finish(found["outcome"], ended.wall)
    return found


def emulate(spec, folder, tick):
    """Run the emulator to its end, or to its time limit and the facts of that."""
    speed = accel.choose(spec) if spec.mode == "fast" else None
    if spec.boot == "iso":
        iso.build(iso.silent(qemu.kernel_line(spec)), spec.elf, folder / IMAGE)
    late = facts.Facts(spec, folder)
    with disks.made(spec, folder), late.stub() as more, \
            balloon.host(spec, folder / EVENTS) as host:
        status, wall = qemu.run(command(spec, folder, speed) + more + host.arguments, folder / "qemu.log",
                                spec.timeout, host.watched(tick), late.collect)
    return result.Ended(command(spec, spec.folder, speed), speed or "icount", status, wall,
                        arms.build_id(spec.elf), late)


def command(spec, folder, speed):
    """Return the emulator's argument list of a run whose files are in folder."""
    image = folder / IMAGE if spec.boot == "iso" else None
    return qemu.command(spec, qemu.kernel_line(spec), folder / "console.log",
                        folder / EVENTS, image, speed)


def publish(results, folder):
    """Write table.txt and junit.xml for results into folder; return the table."""
    shown = table.render(results)
    whole.write(folder / "table.txt", shown + "\n")
    whole.write(folder / "junit.xml", junit.text(results))
    return shown
