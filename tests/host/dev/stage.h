/*
 * The room tests/host/dev: buses and disks. stage.h (this: what kernel/dev asks of the machine), fake_bus.h
 * (functions with configuration spaces that behave), fake_disk.h (a driver that answers as it is told),
 * block_case.h (machines with disks), and the tests.
 */

/*
 * Ports, device memory, interrupt lines and the timer, for drivers: recorded, so that a test can ask.
 */
#ifndef HOST_DEV_STAGE_H
#define HOST_DEV_STAGE_H

#include "twin.h"

#include "task/stage.h"

struct dev_stage {
	uint64_t mapped, mapped_bytes; /* the last kmap_*() */
	bool mapped_as_memory;
	void *mapping; /* what they give; NULL: the address itself */
	irq_handler_fn handler[256];
	unsigned int routed, masked; /* ISA interrupts, a bit each */
	bool no_pins;                /* routing fails */
	unsigned int eois, timers_set, alarms_sent;
};
extern struct dev_stage dev_stage;

/* As if nothing had ever been asked; alarms (kernel/core/sched/alarm.c) can be armed. */
void dev_stage_reset(void);
/* A handler runs as one does: in an interrupt, interrupts off. */
void interrupt(unsigned int vector);

#endif
