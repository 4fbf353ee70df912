"""GRUB images: the one with a menu, and the silent one a run boots from.

Only BIOS GRUB and only the modules a Multiboot 2 boot from a CD needs, so that an image is made,
and boots, in a moment. The silent one leaves the serial line to the kernel alone.
"""
import os
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

from machine import qemu
from options import UserError

GRUB = "/usr/lib/grub/i386-pc"
NEEDED = "needs the packages grub-pc-bin, grub-common, xorriso and mtools"
MODULES = "multiboot2 normal iso9660 biosdisk"
MENU_MODULES = "serial terminal"
TIMEOUT = 10

MENU_HEAD = f"""\
serial --unit=0 --speed=115200
terminal_input serial console
terminal_output serial console
set timeout={TIMEOUT}
set default=0
"""
SILENT_HEAD = "set timeout=0\nset default=0\n"


def menu(table):
    """Return grub.cfg with an entry for each arm."""
    parts = [entry(f"{arm.scenario}  patch={arm.patch}", line(arm)) for arm in table]
    return MENU_HEAD + "".join(parts)


def line(arm):
    return f"scenario={arm.scenario} patch={arm.patch} {arm.args}".rstrip()


def silent(kernel_line):
    """Return grub.cfg that boots one kernel line and prints nothing on the serial line."""
    return SILENT_HEAD + entry("lowwater", kernel_line)


def entry(title, kernel_line):
    words = " ".join(f"'{word}'" for word in kernel_line.split())  # GRUB reads $ ; { } as its own
    return f"menuentry '{title}' {{\n  multiboot2 /boot/lowwater.elf {words}\n}}\n"


def build(config, elf, out, files=()):
    """Write a bootable image of elf and config to out, with files beside the elf."""
    serial = MENU_MODULES if config.startswith("serial") else ""
    out.parent.mkdir(parents=True, exist_ok=True)
    new = out.with_name(f"{out.name}.{os.getpid()}.new")  # half an image must never pass for one
    with tempfile.TemporaryDirectory(prefix="lowwater-") as name:
        boot = Path(name) / "boot"
        (boot / "grub").mkdir(parents=True)
        (boot / "grub" / "grub.cfg").write_text(config)
        # What GDB needs stays in the ELF file; GRUB would only read it through the BIOS.
        make(["objcopy", "--strip-debug", str(elf), str(boot / "lowwater.elf")])
        for path in files:
            shutil.copy(path, boot)
        make(["grub-mkrescue", "-d", GRUB, f"--install-modules={MODULES} {serial}".rstrip(),
              "--fonts=", "--locales=", "--themes=", "--compress=no", "-o", str(new), name], new)
    os.replace(new, out)


def boot_command(image):
    """Return how a user boots an image: its menu and all that the kernel says, on two screens."""
    return f"{qemu.BINARY} -m 2048 -cdrom {shlex.quote(str(image))} -serial stdio"


def make(argv, unfinished=None):
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              check=False)
    except OSError as error:
        raise UserError(f"{argv[0]}: cannot start ({error.strerror}); an ISO {NEEDED}") from error
    if done.returncode:
        if unfinished:
            unfinished.unlink(missing_ok=True)
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise UserError(f"{argv[0]} failed ({last}); an ISO {NEEDED}")
