/*
 * Blocking notifier chains (§9.1): callbacks by priority, first come first served within one.
 *
 * Task context; the chain's semaphore is held for reading while callbacks run, which may sleep, and
 * for writing while somebody registers or unregisters.
 */
#ifndef CORE_NOTIFIER_H
#define CORE_NOTIFIER_H

#include "kernel/core/lock/lock.h"

#define NOTIFY_OK   0x0001
#define NOTIFY_STOP 0x8000 /* nobody after this one */

struct notifier_block {
	int (*call)(struct notifier_block *nb, void *data);
	int priority; /* higher: earlier */
	struct list_head node;
};

struct notifier_chain {
	struct rwsem sem;
	struct list_head blocks;
};

void notifier_chain_init(struct notifier_chain *chain, const char *name);
void notifier_register(struct notifier_chain *chain, struct notifier_block *nb);
void notifier_unregister(struct notifier_chain *chain, struct notifier_block *nb);
/* Without callbacks nothing is locked. The killable form: 0, or -1 when killed before the first. */
void notifier_call(struct notifier_chain *chain, void *data);
int notifier_call_killable(struct notifier_chain *chain, void *data);

#endif
