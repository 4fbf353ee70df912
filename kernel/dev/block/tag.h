/*
 * Tags: which requests are in use, at most as many as the device's ring has places (§34.4).
 */
#ifndef DEV_BLOCK_TAG_H
#define DEV_BLOCK_TAG_H

#include "kernel/core/lock/lock.h"

#define TAG_WORDS_MIN 4
#define TAG_QUEUES    8
#define TAG_BATCH     8
#define NO_TAG        (~0u)

/* Sleepers on one of the queues, woken after so many tags have come back. */
struct tag_wait {
	struct wait_queue wq;
	long sleepers; /* atomic: who is on it, seen by whoever gives a tag back without a lock */
	long count;    /* atomic: to go until the next waking */
};

struct blk_tags {
	unsigned int depth, bits; /* bits in use of each word */
	unsigned int words;
	unsigned long *map;
	struct tag_wait wait[TAG_QUEUES];
	unsigned int wait_at, wake_at; /* the next queue: to wait on, to wake; atomic */
	long in_use;                   /* atomic */
};

/* `map` has room for tags_words(depth). */
unsigned int tags_words(unsigned int depth);
void tags_init(struct blk_tags *tags, unsigned int depth, unsigned long *map);

/*
 * A free one: *last, or the nearest behind it in its word, before it, in the next words; NO_TAG: none. *last
 * moves on if it was free. Any context.
 */
unsigned int tag_try(struct blk_tags *tags, unsigned int *last);
/* Give it back, and wake who waits if it is time. Any context. */
void tag_put(struct blk_tags *tags, unsigned int tag, unsigned int *last);

/*
 * One turn of waiting, on another queue each time: a tag that comes back after this wakes. Then try again,
 * schedule() if there is none, and finish. Task context.
 */
struct tag_wait *tag_wait_prepare(struct blk_tags *tags, struct waiter *waiter);
void tag_wait_finish(struct tag_wait *w, struct waiter *waiter);

#endif
