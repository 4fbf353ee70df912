/*
 * The frozen wait (DESIGN §5, §37.2): under -icount a host that finishes something at a moment of its own
 * choosing must find every CPU halted and no timer of the machine armed. Then virtual time stands still
 * until the device interrupts, and the run is the same however long the host took.
 *
 * Between still_begin() and still_end() only the caller runs. Task context, interrupts on, no spinlock
 * held; the caller may be one that must not be switched. One at a time: others wait for their turn.
 */
#ifndef CORE_STILL_H
#define CORE_STILL_H

#include "kernel/core/types.h"

/* All other CPUs are halted, and no timer is armed. Interrupts are off from here on. */
void still_begin(void);
/*
 * Halt until *woken, which an interrupt handler sets, on whichever CPU: what it waits for is asked for
 * between still_begin() and this. Interrupts are off again.
 */
void still_wait(const bool *woken);
/* Everybody goes on, and interrupts are on. */
void still_end(void);

/* Boot, before the first. */
void still_init(void);

#endif
