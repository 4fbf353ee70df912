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

/* The bits of this word that are free, from `from` on. */
static unsigned long free_bits(const struct blk_tags *tags, unsigned int word, unsigned int from)
{
	unsigned int bits = MIN(tags->bits, tags->depth - word * tags->bits);

	return ~READ_ONCE(tags->map[word]) & ~0ul >> (WORD_BITS - bits) & ~0ul << from;
}

/* The first of them is taken; NO_TAG: none. */
static unsigned int take_from(struct blk_tags *tags, unsigned int word, unsigned int from)
{
	unsigned long free;

	while ((free = free_bits(tags, word, from))) {
		unsigned long bit = free & -free;

		if (!(__atomic_fetch_or(&tags->map[word], bit, __ATOMIC_ACQ_REL) & bit))
			return word * tags->bits + __builtin_ctzl(bit);
	}
	return NO_TAG;
}

unsigned int tag_try(struct blk_tags *tags, unsigned int *last)
{
	unsigned int at = READ_ONCE(*last), word = at / tags->bits;
	unsigned int tag = take_from(tags, word, at % tags->bits);

	for (unsigned int i = 0; i < tags->words && tag == NO_TAG; i++)
		tag = take_from(tags, (word + i) % tags->words, 0);
	if (tag == at)
		WRITE_ONCE(*last, (tag + 1) % tags->depth);
	if (tag != NO_TAG)
		atomic_add(&tags->in_use, 1);
	return tag;
}

static struct tag_wait *queue_at(struct blk_tags *tags, unsigned int at)
{
	return &tags->wait[at % TAG_QUEUES];
}

/* Seen first, then a try; tag_put() the other way round: one of the two sees the other. */
struct tag_wait *tag_wait_prepare(struct blk_tags *tags, struct waiter *waiter)
{
	unsigned int at = __atomic_fetch_add(&tags->wait_at, 1, __ATOMIC_RELAXED);
	struct tag_wait *w = queue_at(tags, at);

	wait_prepare(&w->wq, waiter, TASK_UNINTERRUPTIBLE);
	__atomic_add_fetch(&w->sleepers, 1, __ATOMIC_SEQ_CST);
	return w;
}

void tag_wait_finish(struct tag_wait *w, struct waiter *waiter)
{
	__atomic_sub_fetch(&w->sleepers, 1, __ATOMIC_SEQ_CST);
	wait_finish(&w->wq, waiter);
}

/* The first from wake_at on that has sleepers; NULL: nobody waits. */
static struct tag_wait *who_waits(struct blk_tags *tags)
{
	unsigned int at = READ_ONCE(tags->wake_at);

	for (unsigned int i = 0; i < TAG_QUEUES; i++, at++) {
		struct tag_wait *w = queue_at(tags, at);

		if (__atomic_load_n(&w->sleepers, __ATOMIC_SEQ_CST)) {
			WRITE_ONCE(tags->wake_at, at % TAG_QUEUES);
			return w;
		}
	}
	return NULL;
}

/* One less to go; true: none is left, and it counts from the start again. */
static bool count_down(struct tag_wait *w, long from)
{
	long n = __atomic_load_n(&w->count, __ATOMIC_RELAXED);

	while (!__atomic_compare_exchange_n(
		&w->count, &n, n > 1 ? n - 1 : from, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		;
	return n <= 1;
}

static void wake_waiters(struct blk_tags *tags)
{
	struct tag_wait *w = who_waits(tags);

	if (!w || !count_down(w, batch(tags)))
		return;
	WRITE_ONCE(tags->wake_at, (READ_ONCE(tags->wake_at) + 1) % TAG_QUEUES);
	wake_up_all(&w->wq);
}

static void clear(struct blk_tags *tags, unsigned int tag)
{
	unsigned long bit = 1ul << tag % tags->bits;
	unsigned long *word = &tags->map[tag / tags->bits];

	BUG_ON(!(__atomic_fetch_and(word, ~bit, __ATOMIC_SEQ_CST) & bit));
}

/*
 * The next request of this CPU takes the same one, whose memory is warm. Its count goes last: whoever
 * removes the disk waits for that.
 */
void tag_put(struct blk_tags *tags, unsigned int tag, unsigned int *last)
{
	clear(tags, tag);
	WRITE_ONCE(*last, tag);
	wake_waiters(tags);
	__atomic_sub_fetch(&tags->in_use, 1, __ATOMIC_RELEASE);
}
