/*
 * Disks as mm/swap sees them (mm/swap/swap_device.h), and the areas of swap= (mm/swap/swap_param.h).
 */
#ifndef DEV_SWAP_DISK_H
#define DEV_SWAP_DISK_H

/*
 * Areas on the devices that are there; what cannot be had ends the machine with a line that says what was
 * expected (exit code 2). The first task's, devices started.
 */
void swap_start(void);
/* swapon: one more area, on a disk of that name; what cannot be had, as above. Task context, may sleep. */
void swap_disk_on(const char *name, long kbytes);
/*
 * They go; a slot that is still in use ends the machine, and so does what mm_validate() finds. The first
 * task's, before its devices do, when nobody swaps any more.
 */
void swap_stop(void);

#endif
