/*
 * Tags (see tag.h): words of bits, searched from where this CPU last found one.
 */
#include <string.h>

#include "kernel/dev/block/tag.h"

#define WORD_BITS 64u

/* Few tags are spread over some words, so that CPUs do not meet in one. */
static unsigned int bits_per_word(unsigned int depth)
{
	unsigned int bits = WORD_BITS;

	while (bits > 1 && bits * TAG_WORDS_MIN > depth)
		bits /= 2;
	return bits;
}

unsigned int tags_words(unsigned int depth)
{
	unsigned int bits = bits_per_word(depth);

	return (depth + bits - 1) / bits;
}

static long batch(const struct blk_tags *tags)
{
	return MAX(1u, MIN((unsigned int)TAG_BATCH, tags->depth / TAG_QUEUES));
}

void tags_init(struct blk_tags *tags, unsigned int depth, unsigned long *map)
{
	memset(tags, 0, sizeof(*tags));
	tags->depth = depth;
	tags->bits = bits_per_word(depth);
	tags->words = tags_words(depth);
	tags->map = map;
	memset(map, 0, tags->words * sizeof(*map));
	for (int i = 0; i < TAG_QUEUES; i++) {
		wait_queue_init(&tags->wait[i].wq, "tags");
		tags->wait[i].count = batch(tags);
	}
}

static bool take(struct blk_tags *tags, unsigned int tag)
{
	unsigned long bit = 1ul << tag % tags->bits;
	unsigned long *word = &tags->map[tag / tags->bits];

	return !(READ_ONCE(*word) & bit) && !(__atomic_fetch_or(word, bit, __ATOMIC_ACQ_REL) & bit);
}

unsigned int tag_try(struct blk_tags *tags, unsigned int *last)
{
	unsigned int tag = *last;

	for (unsigned int i = 0; i < tags->depth; i++, tag++) {
		if (tag >= tags->depth)
			tag = 0;
		if (!take(tags, tag))
			continue;
		*last = tag + 1 < tags->depth ? tag + 1 : 0;
		atomic_add(&tags->in_use, 1);
		return tag;
	}
	return NO_TAG;
}

static struct tag_wait *queue_at(struct blk_tags *tags, unsigned int at)
{
	return &tags->wait[at % TAG_QUEUES];
}

struct tag_wait *tag_wait_queue(struct blk_tags *tags)
{
	return queue_at(tags, __atomic_fetch_add(&tags->wait_at, 1, __ATOMIC_RELAXED));
}

/* The first from wake_at on that has sleepers; NULL: nobody waits. */
static struct tag_wait *who_waits(struct blk_tags *tags)
{
	unsigned int at = READ_ONCE(tags->wake_at);

	for (unsigned int i = 0; i < TAG_QUEUES; i++, at++) {
		struct tag_wait *w = queue_at(tags, at);

		if (READ_ONCE(w->wq.waiters.next) != &w->wq.waiters) {
			WRITE_ONCE(tags->wake_at, at % TAG_QUEUES);
			return w;
		}
	}
	return NULL;
}

static void wake_waiters(struct blk_tags *tags)
{
	struct tag_wait *w = who_waits(tags);

	if (!w || __atomic_sub_fetch(&w->count, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	atomic_add(&w->count, batch(tags));
	WRITE_ONCE(tags->wake_at, (READ_ONCE(tags->wake_at) + 1) % TAG_QUEUES);
	wake_up_all(&w->wq);
}

/* The next request of this CPU takes the same one, whose memory is warm. */
void tag_put(struct blk_tags *tags, unsigned int tag, unsigned int *last)
{
	BUG_ON(!(__atomic_fetch_and(&tags->map[tag / tags->bits], ~(1ul << tag % tags->bits),
			 __ATOMIC_ACQ_REL) &
		1ul << tag % tags->bits));
	*last = tag;
	atomic_sub(&tags->in_use, 1);
	wake_waiters(tags);
}
