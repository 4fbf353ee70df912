/*
 * A shrinker for tests: says that it has an object, gives what it is told to, and notes how it was asked.
 */
#ifndef HOST_SHRINK_H
#define HOST_SHRINK_H

#include "mm/reclaim/reclaim.h"
#include "mm/reclaim/shrinker.h"

struct fake_shrinker {
	struct shrinker shrinker;
	struct memory *memory;
	unsigned long has;   /* objects */
	unsigned long gives; /* pages it says it freed, each call */
	unsigned int counted, calls;
	unsigned long last_want, wanted; /* objects: the last time, and in all */
	unsigned int stops_at;           /* the call that says so; 0: none does */
	gfp_t gfp;
	bool was_memalloc;
	void (*act)(unsigned int call); /* what happens meanwhile; call counts from 1 */
};

static inline unsigned long fake_count(struct shrinker *s, const struct shrink_control *sc)
{
	struct fake_shrinker *f = container_of(s, struct fake_shrinker, shrinker);

	f->counted++;
	f->gfp = sc->gfp;
	return f->has;
}

static inline unsigned long fake_scan(struct shrinker *s, const struct shrink_control *sc)
{
	struct fake_shrinker *f = container_of(s, struct fake_shrinker, shrinker);

	f->calls++;
	if (f->calls == f->stops_at)
		return SHRINK_STOP;
	f->last_want = sc->nr_to_scan;
	f->wanted += sc->nr_to_scan;
	f->was_memalloc = current->flags & PF_MEMALLOC;
	if (f->act)
		f->act(f->calls);
	shrinker_stole(f->memory, f->gives);
	return f->gives;
}

static inline void fake_shrinker_add(struct memory *m, struct fake_shrinker *f)
{
	memset(f, 0, sizeof(*f));
	f->memory = m;
	f->has = 1;
	f->shrinker.name = "fake";
	f->shrinker.count = fake_count;
	f->shrinker.scan = fake_scan;
	f->shrinker.seeks = DEFAULT_SEEKS;
	register_shrinker(m, &f->shrinker);
}

#endif
