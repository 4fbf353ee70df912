"""A run's devices as the emulator's arguments, each in a PCI slot of its own that depends on nothing else.

Slot and pin choose the interrupt: those of the disks share line 10, the balloon has line 11 (devices.md
§35.2). A disk's notification is handled in place (ioeventfd=off), which the barriers of exact runs need.
An error of the host's file is the guest's to see: QEMU's own way with a full disk is to halt the machine.
"""
import devices
from machine import disks

DISK_SLOTS = (0x2, 0x5, 0x6, 0x9, 0xA, 0xD, 0xE, 0x11)
BALLOON, BALLOON_SLOT = "balloon0", 0x3
CARD_SLOT = 0x1F  # has no interrupt
AT_ONCE = ",prealloc=on"
TRANSPORT = {"legacy": ",disable-modern=on", "modern": ",disable-legacy=on"}


def arguments(spec, folder):
    """Return what the emulator needs for a spec's devices; files of disks are in folder."""
    found, number = [], 0
    for one in devices.parse(spec.devices or devices.NONE):
        if one.kind == "disk":
            found += disk(one, number, disks.path(folder, number))
            number += 1
        else:
            found += balloon(one) if one.kind == "balloon" else card(one, spec.fills_memory)
    return found


def name(number):
    """Return what Linux would call a disk of that number."""
    return f"vd{chr(ord('a') + number)}"


def disk(one, number, file):
    where = str(file).replace(",", ",,")
    return ["-drive", f"id=disk{number},if=none,format=raw,file.driver=file,file.filename={where},"
            f"file.locking=off,cache=unsafe{',readonly=on' if 'ro' in one.marks else ''}",
            "-device", f"virtio-blk-pci,id={name(number)},drive=disk{number},ioeventfd=off,num-queues=1,"
            f"werror=report,rerror=report,addr={DISK_SLOTS[number]:#x}{transport(one)}"]


def balloon(one):
    return ["-device", f"virtio-balloon-pci,id={BALLOON},deflate-on-oom={'on' if one.deflate else 'off'},"
            f"addr={BALLOON_SLOT:#x}{transport(one)}"]


def card(one, at_once):
    return ["-object", f"memory-backend-ram,id=card0,size={one.mib}M{AT_ONCE if at_once else ''}",
            "-device", f"ivshmem-plain,memdev=card0,addr={CARD_SLOT:#x}"]


def transport(one):
    return "".join(TRANSPORT[mark] for mark in one.marks if mark in TRANSPORT)
