/*
 * Shrinkers, asked by the proportional formula (see shrinker.h).
 */
#include "kernel/core/log/printk.h"
#include "mm/page/mm_trace.h"
#include "mm/reclaim/scan.h"
#include "mm/reclaim/shrinker.h"

void register_shrinker(struct memory *m, struct shrinker *s)
{
	BUG_ON(s->seeks <= 0);
	down_write(&m->shrinker_rwsem);
	list_add_tail(&s->node, &m->shrinkers);
	up_write(&m->shrinker_rwsem);
}

void unregister_shrinker(struct memory *m, struct shrinker *s)
{
	down_write(&m->shrinker_rwsem);
	list_del(&s->node);
	up_write(&m->shrinker_rwsem);
}

/* Steps 3 to 5: how many objects to look at, with what was put off before. */
static long total_of(
	const struct shrinker *s, unsigned long freeable, long put_off, unsigned long delta)
{
	long total = put_off + delta;

	if (total < 0) {
		pr_err("shrink_slab: %s negative objects to delete nr=%ld", s->name, total);
		total = freeable;
	}
	/* Much was put off for want of a mask that allows it: not all of it at once (§17.11). */
	if (delta < freeable / 4)
		total = MIN(total, (long)freeable / 2);
	return MIN(total, 2 * (long)freeable);
}

/* Step 6; *total: what is left. */
static unsigned long scan_batches(struct memory *m, struct shrinker *s, struct shrink_control *sc,
	unsigned long freeable, long *total)
{
	long batch = s->batch ? s->batch : SHRINK_BATCH;
	unsigned long freed = 0;

	while (*total >= batch || *total >= (long)freeable) {
		unsigned long n;

		sc->nr_to_scan = MIN(batch, *total);
		n = s->scan(s, sc);
		if (n == SHRINK_STOP)
			break;
		freed += n;
		mm_event_add(m, SLABS_SCANNED, sc->nr_to_scan);
		*total -= sc->nr_to_scan;
		cond_resched();
	}
	return freed;
}

static unsigned long shrink_one(struct memory *m, struct shrinker *s, struct shrink_control *sc,
	unsigned long scanned, unsigned long eligible)
{
	unsigned long freeable = s->count(s, sc), delta, freed;
	long put_off, total;

	if (!freeable)
		return 0;
	put_off = __atomic_exchange_n(&s->deferred, 0, __ATOMIC_RELAXED);
	delta = 4 * scanned / s->seeks * freeable / (eligible + 1);
	total = total_of(s, freeable, put_off, delta);
	trace_often(mm_shrink_slab_start, (long)s->name, put_off, sc->gfp, scanned, eligible,
		freeable, delta, total);
	freed = scan_batches(m, s, sc, freeable, &total);
	if (total > 0)
		atomic_add(&s->deferred, total);
	trace_often(mm_shrink_slab_end, (long)s->name, 0, put_off, READ_ONCE(s->deferred), total,
		freed);
	return freed;
}

unsigned long shrink_slab(
	struct memory *m, gfp_t gfp, unsigned long scanned, unsigned long eligible)
{
	struct shrink_control sc = {.gfp = gfp};
	unsigned long freed = 0;
	struct shrinker *s;

	if (!scanned)
		scanned = SWAP_CLUSTER_MAX;
	cond_resched(); /* whoever finds nothing to reclaim shall not keep the CPU from those who have something */
	if (!down_read_trylock(&m->shrinker_rwsem))
		return 1;
	list_for_each_entry(s, &m->shrinkers, node)
		freed += shrink_one(m, s, &sc, scanned, eligible);
	up_read(&m->shrinker_rwsem);
	return freed;
}

void shrinker_stole(struct memory *m, unsigned long pages)
{
	mm_event_add(m, current->flags & PF_KSWAPD ? KSWAPD_INODESTEAL : PGINODESTEAL, pages);
	atomic_add(&current->reclaimed_slab, pages);
}

unsigned long take_reclaimed_slab(void)
{
	return __atomic_exchange_n(&current->reclaimed_slab, 0, __ATOMIC_RELAXED);
}
