/*
 * Lock-order checker for debug builds: learns in which order classes of locks nest, and tells of
 * an order, or a use by interrupt handlers, that could deadlock, before it does. A class is all
 * locks of one name; names live as long as the checker and are not NULL.
 *
 * Pure: all state is the caller's, zeroed at first, and the caller keeps others out of it. A
 * function that returns text returns NULL if all is well; the text is good until the next call.
 * One mistake is told once for each pair of classes, and an order that was told of as wrong is
 * not learned: what follows is judged by the order seen first.
 */
#ifndef CORE_LOCKDEP_H
#define CORE_LOCKDEP_H

#include "kernel/core/types.h"

enum { LOCKDEP_CLASSES = 64, LOCKDEP_HELD = 16, LOCKDEP_MESSAGE = 256, LOCKDEP_FOUND = 128 };

enum lockdep_flags {
	LOCKDEP_TRY = 1 << 0,     /* did not wait */
	LOCKDEP_READ = 1 << 1,    /* shared */
	LOCKDEP_SPIN = 1 << 2,    /* a spinning lock; without it, a sleeping one */
	LOCKDEP_IN_IRQ = 1 << 3,  /* by an interrupt handler */
	LOCKDEP_IRQS_ON = 1 << 4, /* with interrupts enabled */
};

/* What was told of, by pair of classes. */
enum lockdep_rule { LOCKDEP_ORDER, LOCKDEP_ATOMIC, LOCKDEP_IRQ, LOCKDEP_RULES };

/* The masks have a bit for each class, by its index in lockdep.classes. */
struct lockdep_class {
	const char *name;
	uint64_t first_place; /* code address that took the first lock of the class */
	uint64_t after;       /* waited for while this one was held */
	uint64_t reach;       /* the same, over any number of classes between */
	uint64_t told[LOCKDEP_RULES];
	bool unsettled; /* something was learned of it that handlers may deadlock by */

	uint64_t acquisitions;
	uint64_t contended;
	uint64_t longest_ns;    /* longest hold */
	uint64_t longest_place; /* code address that took the lock for it */
};

struct lockdep {
	struct lockdep_class classes[LOCKDEP_CLASSES];
	unsigned int nr_classes;
	uint8_t found[LOCKDEP_FOUND]; /* classes by where their names are, to begin a search with */
	uint64_t used_in_irq;         /* spinlocks that interrupt handlers wait for */
	uint64_t used_irqs_on;        /* spinlocks taken with interrupts enabled */
	bool told_classes, told_held;
	char message[LOCKDEP_MESSAGE];
};

struct lockdep_lock {
	const char *name;
	const void *lock;
	uint64_t since_ns;
	uint64_t place;
	unsigned int class; /* LOCKDEP_CLASSES: none was free */
	unsigned int flags;
};

/* What one task holds; the innermost lock is the last. */
struct lockdep_held {
	struct lockdep_lock locks[LOCKDEP_HELD];
	unsigned int depth;
	unsigned int untracked; /* held beyond LOCKDEP_HELD */
};

/*
 * Before waiting for a lock, or after a trylock got it. Whatever it returns, the lock counts as
 * held until lockdep_release(), which is also for a wait that was given up.
 */
const char *lockdep_acquire(struct lockdep *d, struct lockdep_held *h, const char *name,
	const void *lock, unsigned int flags, uint64_t now_ns, uint64_t place);
/* After a wait, so that it does not count as time held (also before giving up). */
void lockdep_waited(struct lockdep_held *h, const void *lock, uint64_t now_ns);
/* In any order. */
const char *lockdep_release(struct lockdep *d, struct lockdep_held *h, const char *name,
	const void *lock, uint64_t now_ns);
void lockdep_contended(struct lockdep *d, const char *name);

/* The innermost spinlock, NULL if none is held. */
const char *lockdep_spin_name(const struct lockdep_held *h);
bool lockdep_holds_spin(const struct lockdep_held *h);

#endif
