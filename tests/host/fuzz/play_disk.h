/*
 * Disks of a play to swap to: two answer at once, two late; half of them rotate.
 */
#ifndef HOST_PLAY_DISK_H
#define HOST_PLAY_DISK_H

#include "play_parts.h"

#define NR_DISKS    4u
#define ALL_ANSWERS 4096u

/* Nothing is on its way. */
void disks_start(void);
/* The oldest so many transfers end. */
void disks_answer(unsigned int n);
/* Of pages that are on their way to a disk: how many. */
long disks_writing(void);
void disks_fail_writes(bool on);
/* Its area goes, if it has one, and may not; or one comes, of up to 256 slots, by a priority. */
void disk_swap(unsigned int disk, unsigned int prio, unsigned int slots);

#endif
