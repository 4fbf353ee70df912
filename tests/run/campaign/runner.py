"""One run from its options to its files: console.log, events.jsonl, result.json and the rest."""
import json

from machine import accel, facts, iso, qemu
from results import junit, result, table, tracefile
from campaign.progress import Progress

FILES = ("console.log", "events.jsonl", "qemu.log", "result.json", "junit.xml", "table.txt",
         facts.NAME, *tracefile.FILES)


def run(spec, arm, stream=None):
    """Do one settled run and return its result; arm is what it declares, or None.

    Signs of life go to stream, or else to stderr.
    """
    folder = spec.folder
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:  # a file of an earlier run must never pass for this one's
        (folder / name).unlink(missing_ok=True)
    progress = Progress(f"{spec.scenario} {spec.arm}", folder / "console.log", stream)
    ended = emulate(spec, progress.tick)
    tracefile.write(folder)
    found = result.build(spec, arm, ended)
    progress.finish(found["outcome"], ended.wall)
    (folder / "result.json").write_text(json.dumps(found, indent=1) + "\n")
    return found


def emulate(spec, tick):
    """Run the emulator to its end, or to its time limit and the facts of that."""
    folder = spec.folder
    line = qemu.kernel_line(spec)
    speed = accel.choose(spec) if spec.mode == "fast" else None
    argv = qemu.command(spec, line, folder / "console.log", folder / "events.jsonl",
                        image(spec, line), speed)
    late = facts.Facts(spec.elf, folder)
    with late.stub() as more:
        status, wall = qemu.run(argv + more, folder / "qemu.log", spec.timeout, tick,
                                late.collect)
    return result.Ended(argv, speed or "icount", status, wall, late)


def image(spec, line):
    """Return the one-entry image an iso run boots from, freshly made, else None."""
    if spec.boot != "iso":
        return None
    out = spec.folder / "boot.iso"
    iso.build(iso.silent(line), spec.elf, out)
    return out


def publish(results, folder):
    """Write table.txt and junit.xml for results into folder; return the table."""
    folder.mkdir(parents=True, exist_ok=True)
    shown = table.render(results)
    (folder / "table.txt").write_text(shown + "\n")
    junit.write(results, folder / "junit.xml")
    return shown
