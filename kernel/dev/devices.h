/*
 * The room kernel/dev: what is plugged into the machine.
 *
 * In reading order: pci/ (the bus), block/ (requests to disks), virtio/ (disk and balloon), card.h (the
 * memory card), swap_disk.h (swap on them), devices.h (this: all of them), ballast.h (a balloon without a
 * device).
 */

/*
 * The devices of a run. A scenario declares which it wants; the runner plugs them in.
 */
#ifndef DEV_DEVICES_H
#define DEV_DEVICES_H

/* Find and start them; those that cannot be used are a line each. The first task's. */
void devices_start(void);
/* The scenario is over: each is silent, and what it took is given back. The first task's. */
void devices_stop(void);
/* The bus, a line for each function. Task context. */
void devices_show(void);

#endif
