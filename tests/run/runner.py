"""One run from its options to its files: console.log, events.jsonl, result.json and the rest."""
import json

import iso
import junit
import qemu
import result
import table
from progress import Progress

FILES = ("console.log", "events.jsonl", "qemu.log", "result.json", "junit.xml", "table.txt")


def run(spec, arm):
    """Do one run and return its result; arm is what it declares, or None."""
    folder = spec.folder
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:  # a file of an earlier run must never pass for this one's
        (folder / name).unlink(missing_ok=True)
    log, channel = folder / "console.log", folder / "events.jsonl"
    line = qemu.kernel_line(spec, arm.args if arm else "")
    argv = qemu.command(spec, line, log, channel, image(spec, line))
    progress = Progress(f"{spec.scenario} {spec.arm}", log)
    status, wall = qemu.run(argv, folder / "qemu.log", spec.timeout, progress.tick)
    found = result.build(spec, arm, folder, argv, status, wall)
    progress.finish(found["outcome"], wall)
    (folder / "result.json").write_text(json.dumps(found, indent=1) + "\n")
    return found


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
