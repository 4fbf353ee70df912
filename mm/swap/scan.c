/*
 * Which slot is next (§20.4): from where the last one was taken upwards, and, where the disk rotates, in
 * runs of 256 as long as there are such.
 */
#include "kernel/core/sched/sched.h"
#include "mm/swap/swap_area.h"
#include "mm/swap/swap_cache.h"

struct scan {
	struct swap_area *a;
	unsigned long base; /* the second half of a search ends here */
	unsigned long offset;
	int budget; /* slots before others have a turn */
};

/* No lock is held. */
static void breathe(struct scan *s)
{
	if (--s->budget > 0)
		return;
	cond_resched();
	s->budget = SWAP_LATENCY;
}

static uint8_t peek(const struct swap_area *a, unsigned long offset)
{
	return READ_ONCE(*swap_byte(a, offset));
}

/* The first run of 256 free slots, from lowest_bit on: where it begins; 0: there is none. */
static unsigned long find_run(struct scan *s)
{
	struct swap_area *a = s->a;
	unsigned int run = 0;

	for (unsigned long o = s->base; o <= READ_ONCE(a->highest_bit); o++) {
		run = peek(a, o) ? 0 : run + 1;
		if (run == SWAP_CLUSTER_SLOTS)
			return o - (SWAP_CLUSTER_SLOTS - 1);
		breathe(s);
	}
	return 0;
}

/* Step 1: another run, when this one is used up. */
static void choose_run(struct scan *s)
{
	struct swap_area *a = s->a;
	unsigned long run;

	if (a->cluster_nr--)
		return;
	a->cluster_nr = SWAP_CLUSTER_SLOTS - 1;
	if (a->pages - a->inuse < SWAP_CLUSTER_SLOTS)
		return;
	s->base = a->lowest_bit;
	spin_unlock(&a->lock);
	run = find_run(s);
	spin_lock(&a->lock);
	s->offset = run ? run : s->base;
	if (run)
		a->cluster_next = run;
	a->cluster_nr = SWAP_CLUSTER_SLOTS - 1;
}

static void choose_cluster(struct scan *s)
{
	if (swap_cluster_choose(s->a, &s->offset))
		s->base = s->offset;
}

/* Step 2: false when there is nothing to be had. */
static bool settle(struct scan *s)
{
	struct swap_area *a = s->a;

	while (a->cluster && swap_cluster_conflicts(a, s->offset))
		choose_cluster(s);
	if (!a->writable || !a->highest_bit)
		return false;
	if (s->offset > a->highest_bit)
		s->base = s->offset = a->lowest_bit;
	return true;
}

static bool may_do(const struct swap_area *a, unsigned long offset)
{
	uint8_t byte = peek(a, offset);

	return !byte || (byte == SWAP_HAS_CACHE && vm_swap_full(a->memory));
}

/* Step 5, upwards and then from below. */
static bool look_on(struct scan *s)
{
	struct swap_area *a = s->a;

	while (++s->offset <= READ_ONCE(a->highest_bit)) {
		if (may_do(a, s->offset))
			return true;
		breathe(s);
	}
	for (s->offset = READ_ONCE(a->lowest_bit); s->offset < s->base; s->offset++) {
		if (may_do(a, s->offset))
			return true;
		breathe(s);
	}
	return false;
}

/* Step 3: nobody but a page of the cache has this slot. */
static bool take_from_cache(struct scan *s)
{
	bool freed;

	spin_unlock(&s->a->lock);
	freed = swap_reclaim_cached(s->a->memory, swp_entry(s->a->type, s->offset));
	spin_lock(&s->a->lock);
	return freed;
}

static unsigned long take(struct swap_area *a, unsigned long offset, uint8_t usage)
{
	if (offset == a->lowest_bit)
		a->lowest_bit++;
	if (offset == a->highest_bit)
		a->highest_bit--;
	if (++a->inuse == a->pages) {
		a->lowest_bit = a->max;
		a->highest_bit = 0;
		swap_area_available(a, false);
	}
	WRITE_ONCE(*swap_byte(a, offset), usage);
	if (a->cluster)
		swap_cluster_take(a, offset);
	a->cluster_next = offset + 1;
	return offset;
}

unsigned long swap_scan(struct swap_area *a, uint8_t usage)
{
	struct scan s = {a, a->cluster_next, a->cluster_next, SWAP_LATENCY};
	bool found;

	if (a->cluster)
		choose_cluster(&s);
	else
		choose_run(&s);
	while (settle(&s)) {
		uint8_t byte = *swap_byte(a, s.offset);

		if (!byte)
			return take(a, s.offset, usage);
		if (byte == SWAP_HAS_CACHE && vm_swap_full(a->memory) && take_from_cache(&s))
			continue;
		spin_unlock(&a->lock);
		found = look_on(&s);
		spin_lock(&a->lock);
		if (!found)
			return 0;
	}
	return 0;
}
