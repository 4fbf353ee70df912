/*
 * How much of each list to look at (see scan.h).
 */
#include "mm/alloc/watermark.h"
#include "mm/reclaim/scan.h"

#define GIB_IN_PAGES_SHIFT 18

enum balance { SCAN_EQUAL, SCAN_FRACT, SCAN_ANON, SCAN_FILE };

static unsigned long isqrt(unsigned long n)
{
	unsigned long root = 0;

	for (unsigned long bit = 1ul << 31; bit; bit >>= 1)
		if ((root | bit) * (root | bit) <= n)
			root |= bit;
	return root;
}

/* Of a list, without the zones that may not be taken from. */
static unsigned long eligible(const struct scan_control *sc, enum lru_list lru)
{
	long n = node_stat(sc->memory, NR_INACTIVE_ANON + lru);
	const struct zone *z;

	for_each_zone(sc->memory, z)
		if (z->managed && z->type > sc->highest)
			n -= zone_stat(z, NR_ZONE_INACTIVE_ANON + lru);
	return MAX(n, 0l);
}

bool inactive_list_is_low(const struct scan_control *sc, enum lru_class class)
{
	unsigned long inactive, active, gib;

	if (class == LRU_ANON && !sc->memory->total_swap_pages)
		return false;
	inactive = eligible(sc, 2 * class);
	active = eligible(sc, 2 * class + 1);
	gib = (inactive + active) >> GIB_IN_PAGES_SHIFT;
	return inactive * (gib ? isqrt(10 * gib) : 1) < active;
}

/* Rule 3: even all files, if they went, would not bring the zones above their high marks. */
static bool files_are_too_few(const struct memory *m)
{
	unsigned long file = node_stat(m, NR_ACTIVE_FILE) + node_stat(m, NR_INACTIVE_FILE);
	unsigned long free = 0, high = 0;
	const struct zone *z;

	for_each_zone(m, z) {
		if (!z->managed)
			continue;
		free += zone_stat(z, NR_FREE_PAGES);
		high += z->watermark[WMARK_HIGH];
	}
	return file + free <= high;
}

static enum balance balance_of(const struct scan_control *sc)
{
	const struct memory *m = sc->memory;

	if (READ_ONCE(m->swap.nr_swap_pages) <= 0)
		return SCAN_FILE;
	if (sc->priority == 0 && m->tunables.swappiness)
		return SCAN_EQUAL;
	if (files_are_too_few(m))
		return SCAN_ANON;
	if (!inactive_list_is_low(sc, LRU_FILE) && node_stat(m, NR_INACTIVE_FILE) >> sc->priority)
		return SCAN_FILE;
	return SCAN_FRACT;
}

/* A class whose pages were used again soon after they were looked at is looked at less. */
struct fractions {
	unsigned long of[NR_LRU_CLASSES], denominator;
};

/* Old experience fades: it is halved when it is a quarter of the class. lru_lock held. */
static void fade(struct memory *m, enum lru_class class)
{
	struct lruvec *l = &m->node.lru;
	unsigned long pages = node_stat(m, NR_INACTIVE_ANON + 2 * class) +
		node_stat(m, NR_ACTIVE_ANON + 2 * class);

	if (l->recent_scanned[class] <= pages / 4)
		return;
	l->recent_scanned[class] /= 2;
	l->recent_rotated[class] /= 2;
}

static unsigned long weight(const struct lruvec *l, enum lru_class class, unsigned long preference)
{
	return preference * (l->recent_scanned[class] + 1) / (l->recent_rotated[class] + 1);
}

static struct fractions fractions(struct memory *m)
{
	unsigned long flags = spin_lock_irqsave(&m->node.lru_lock);
	struct fractions f;

	fade(m, LRU_ANON);
	fade(m, LRU_FILE);
	f.of[LRU_ANON] = weight(&m->node.lru, LRU_ANON, m->tunables.swappiness);
	f.of[LRU_FILE] = weight(&m->node.lru, LRU_FILE, 200 - m->tunables.swappiness);
	f.denominator = f.of[LRU_ANON] + f.of[LRU_FILE] + 1;
	spin_unlock_irqrestore(&m->node.lru_lock, flags);
	return f;
}

/* Of one list; `force`: some, even of a list that is shorter than 2^priority. */
static unsigned long part_of(const struct scan_control *sc, unsigned long pages,
	enum lru_class class, enum balance balance, const struct fractions *f, bool force)
{
	unsigned long n = pages >> sc->priority;

	if (!n && force)
		n = MIN(pages, (unsigned long)SWAP_CLUSTER_MAX);
	return balance == SCAN_FRACT ? n * f->of[class] / f->denominator : n;
}

static bool count_lists(const struct scan_control *sc, enum balance balance,
	const struct fractions *f, bool force, struct scan_counts *c)
{
	bool some = false;

	c->lru_pages = 0;
	for (int lru = 0; lru < LRU_UNEVICTABLE; lru++) {
		enum lru_class class = lru / 2;
		unsigned long pages = node_stat(sc->memory, NR_INACTIVE_ANON + lru);

		if ((balance == SCAN_FILE && class == LRU_ANON) ||
			(balance == SCAN_ANON && class == LRU_FILE))
			pages = 0;
		c->nr[lru] = part_of(sc, pages, class, balance, f, force);
		c->lru_pages += pages;
		some |= c->nr[lru] > 0;
	}
	return some;
}

/* Where nothing comes of it, once more, with some of each list if kswapd has nothing else left. */
struct scan_counts get_scan_count(const struct scan_control *sc)
{
	bool force = current_is_kswapd() && !node_reclaimable(sc->memory);
	enum balance balance = balance_of(sc);
	struct fractions f = {{0, 0}, 1};
	struct scan_counts c;

	if (balance == SCAN_FRACT)
		f = fractions(sc->memory);
	if (!count_lists(sc, balance, &f, false, &c))
		count_lists(sc, balance, &f, force, &c);
	return c;
}
