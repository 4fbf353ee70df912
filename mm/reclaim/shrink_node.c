/*
 * One pass over the node's lists, and over the shrinkers (§17.4, §17.5; see scan.h).
 */
#include "mm/page/io_plug.h"
#include "mm/reclaim/scan.h"
#include "mm/reclaim/shrinker.h"
#include "mm/reclaim/throttle.h"

/* What is still to be looked at, and of how much. */
struct round {
	struct scan_control *sc;
	unsigned long left[LRU_UNEVICTABLE], target[LRU_UNEVICTABLE];
	unsigned long reclaimed;
	bool adjusted; /* no class is cut short any more */
};

static unsigned long shrink_list(struct round *r, enum lru_list lru, unsigned long n)
{
	enum lru_class class = lru / 2;

	if (lru % 2 == 0)
		return shrink_inactive_list(r->sc, n, class);
	if (inactive_list_is_low(r->sc, class))
		shrink_active_list(r->sc, n, class);
	return 0;
}

/* A part of each list in turn. */
static void shrink_each(struct round *r)
{
	for (int lru = 0; lru < LRU_UNEVICTABLE; lru++) {
		unsigned long n = MIN(r->left[lru], (unsigned long)SWAP_CLUSTER_MAX);

		if (!n)
			continue;
		r->left[lru] -= n;
		r->reclaimed += shrink_list(r, lru, n);
	}
}

/* Active anonymous pages alone are not worth another turn. */
static bool is_worth_it(const struct round *r)
{
	return r->left[LRU_INACTIVE_ANON] || r->left[LRU_ACTIVE_FILE] || r->left[LRU_INACTIVE_FILE];
}

static unsigned long of_class(const unsigned long *nr, enum lru_class class)
{
	return nr[2 * class] + nr[2 * class + 1];
}

static void cut(struct round *r, enum lru_list lru, unsigned long percent)
{
	unsigned long done = r->target[lru] - r->left[lru];

	r->left[lru] = r->target[lru] * (100 - percent) / 100;
	r->left[lru] -= MIN(r->left[lru], done);
}

/*
 * There is enough: of the class that has less left nothing more is looked at, and of the other one only as much
 * as of that, in proportion. False: one of them has been seen to, and that is all.
 */
static bool cut_short(struct round *r)
{
	unsigned long file = of_class(r->left, LRU_FILE), anon = of_class(r->left, LRU_ANON);
	enum lru_class less = file > anon ? LRU_ANON : LRU_FILE, more = !less;
	unsigned long percent;

	if (!file || !anon)
		return false;
	percent = MIN(file, anon) * 100 / (of_class(r->target, less) + 1);
	r->left[2 * less] = r->left[2 * less + 1] = 0;
	cut(r, 2 * more, percent);
	cut(r, 2 * more + 1, percent);
	r->adjusted = true;
	return true;
}

static void shrink_in_turns(struct round *r)
{
	while (is_worth_it(r)) {
		shrink_each(r);
		if (r->reclaimed < r->sc->nr_to_reclaim || r->adjusted)
			continue;
		if (!cut_short(r))
			return;
	}
}

/* Returns the pages of the lists that count. */
static unsigned long shrink_lruvec(struct scan_control *sc)
{
	struct scan_counts counts = get_scan_count(sc);
	struct memory *m = sc->memory;
	struct round r = {.sc = sc};
	struct io_plug plug;

	for (int lru = 0; lru < LRU_UNEVICTABLE; lru++)
		r.left[lru] = r.target[lru] = counts.nr[lru];
	/* Direct reclaim's first look is a complete one. */
	r.adjusted = !current_is_kswapd() && sc->priority == DEF_PRIORITY;
	io_plug_start(m, &plug);
	shrink_in_turns(&r);
	io_plug_finish(m, &plug);
	sc->nr_reclaimed += r.reclaimed;
	if (inactive_list_is_low(sc, LRU_ANON))
		shrink_active_list(sc, SWAP_CLUSTER_MAX, LRU_ANON);
	throttle_vm_writeout(m, sc->gfp);
	return counts.lru_pages;
}

void shrink_node(struct scan_control *sc)
{
	unsigned long scanned = sc->nr_scanned, lru_pages = shrink_lruvec(sc);

	shrink_slab(sc->memory, sc->gfp, sc->nr_scanned - scanned, lru_pages);
	sc->nr_reclaimed += take_reclaimed_slab();
}
