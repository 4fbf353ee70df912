/*
 * A shrinker for tests: gives what it is told to, and notes how it was asked.
 */
#ifndef HOST_SHRINK_H
#define HOST_SHRINK_H

#include "mm/reclaim/reclaim.h"

struct fake_shrinker {
	struct shrinker shrinker;
	unsigned long gives; /* pages it says it freed, each call */
	unsigned int calls;
	unsigned long last_want;
	bool was_memalloc;
	void (*act)(unsigned int call); /* what happens meanwhile; call counts from 1 */
};

static inline unsigned long fake_scan(struct shrinker *s, unsigned long want)
{
	struct fake_shrinker *f = container_of(s, struct fake_shrinker, shrinker);

	f->calls++;
	f->last_want = want;
	f->was_memalloc = current->flags & PF_MEMALLOC;
	if (f->act)
		f->act(f->calls);
	return f->gives;
}

static inline void fake_shrinker_add(struct memory *m, struct fake_shrinker *f)
{
	memset(f, 0, sizeof(*f));
	f->shrinker.name = "fake";
	f->shrinker.scan = fake_scan;
	register_shrinker(m, &f->shrinker);
}

#endif
