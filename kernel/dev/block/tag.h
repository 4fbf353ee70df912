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
	long count; /* atomic: to go until the next waking */
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

/* A free one, the nearest to *last on, which it becomes; NO_TAG: none. Any context. */
unsigned int tag_try(struct blk_tags *tags, unsigned int *last);
/* Give it back, and wake who waits if it is time. Any context. */
void tag_put(struct blk_tags *tags, unsigned int tag, unsigned int *last);
/* The queue to wait on next. */
struct tag_wait *tag_wait_queue(struct blk_tags *tags);

#endif
