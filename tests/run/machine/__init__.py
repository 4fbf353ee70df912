"""The room of the machine: QEMU, its images and monitors, and what GDB needs to look into a guest.

qemu (the command line and one bounded run), iso (GRUB images), accel (fast mode's accelerator), guest
and rsp (a guest under control), facts (of a guest whose time ran out), elf and coremap (cores), and the
commands core, debug and terminal (`console`).
"""
