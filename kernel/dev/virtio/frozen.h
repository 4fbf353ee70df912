/*
 * Frozen time (DESIGN §5, §37.4): in exact mode a device's work is done, all of it, when the notification
 * returns; what the kernel learns of it comes later, in interrupt context, at a time that is modelled: a
 * latency from now, not before the end of what was submitted before, and its transfer. So a log depends on
 * instructions alone.
 *
 * The caller's lock, interrupts off, around every call, and around what it does in deliver().
 */
#ifndef DEV_VIRTIO_FROZEN_H
#define DEV_VIRTIO_FROZEN_H

#include "kernel/core/rand.h"
#include "kernel/core/sched/alarm.h"

struct frozen_item {
	struct list_head node;
	uint64_t at; /* clock_ns() of its end */
};

struct frozen_latency {
	long us, us_per_page;
	long jitter_us; /* at most so much more, drawn by seed= */
};

struct frozen {
	struct alarm alarm;
	struct list_head items; /* in order of submission, which is that of their ends */
	uint64_t last;          /* the end of the last one */
	const struct frozen_latency *latency;
	void (*deliver)(
		struct frozen *f); /* something may be due; interrupt context, without the lock */
	struct rand rand;
};

/* Is time frozen, that is, exact? Boot's parameters have been read. */
bool time_is_frozen(void);

void frozen_init(
	struct frozen *f, const struct frozen_latency *latency, void (*deliver)(struct frozen *f));
/* Its data has arrived: when is it to end? */
void frozen_add(struct frozen *f, struct frozen_item *item, unsigned int pages);
/* The first that is due, off the list; NULL: none is, and the alarm is set for the next. */
struct frozen_item *frozen_take(struct frozen *f);
/* No more deliveries. Without the lock. */
void frozen_stop(struct frozen *f);

#endif
