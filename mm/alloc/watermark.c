/*
 * Watermark formulas and the full test (see watermark.h).
 */
#include "mm/alloc/watermark.h"
#include "kernel/core/param.h"
#include "mm/page/vmstat.h"

PARAM_INT("min_free_kbytes", mm_tunables.min_free_kbytes, 0, 1048576,
	"kB kept free for the kernel (0: by Linux's formula)");
PARAM_INT("watermark_scale_factor", mm_tunables.watermark_scale_factor, 1, 1000,
	"distance between the watermarks, in 1/10000 of a zone");
PARAM_INT("lowmem_reserve_ratio", mm_tunables.lowmem_reserve_ratio, 1, 100000,
	"DMA and DMA32 keep 1/ratio of the zones above from requests that could use those");

#define MIN_FREE_KBYTES_LEAST 128
#define MIN_FREE_KBYTES_MOST  65536
#define NORMAL_RESERVE_RATIO  32

unsigned int gfp_to_alloc_flags(gfp_t gfp)
{
	unsigned int flags = WMARK_MIN | ALLOC_CPUSET;

	if (gfp & __GFP_HIGH)
		flags |= ALLOC_HIGH;
	if (gfp & __GFP_ATOMIC) {
		if (!(gfp & __GFP_NOMEMALLOC))
			flags |= ALLOC_HARDER;
		flags &= ~ALLOC_CPUSET;
	} else if (current->prio == PRIO_RT && !in_interrupt()) {
		flags |= ALLOC_HARDER;
	}
	if (gfp & __GFP_MOVABLE)
		flags |= ALLOC_CMA;
	return flags;
}

bool may_use_reserves(gfp_t gfp)
{
	if (gfp & __GFP_NOMEMALLOC)
		return false;
	if (gfp & __GFP_MEMALLOC)
		return true;
	return !in_interrupt() && ((current->flags & PF_MEMALLOC) || current->memdie);
}

static unsigned long isqrt(unsigned long x)
{
	unsigned long root = 0;

	for (unsigned long bit = 1ul << 31; bit; bit >>= 1)
		if ((root | bit) * (root | bit) <= x)
			root |= bit;
	return root;
}

unsigned long min_free_kbytes_default(unsigned long lowmem_kbytes)
{
	unsigned long kbytes = isqrt(lowmem_kbytes * 16);

	return MIN(MAX(kbytes, (unsigned long)MIN_FREE_KBYTES_LEAST),
		(unsigned long)MIN_FREE_KBYTES_MOST);
}

static unsigned long lowmem_pages(const struct memory *m)
{
	unsigned long sum = 0;

	for (int i = 0; i <= ZONE_NORMAL; i++)
		sum += m->zone[i].managed;
	return sum;
}

void setup_min_free_kbytes(struct memory *m)
{
	unsigned long asked = m->tunables.min_free_kbytes;

	m->min_free_kbytes = MAX(min_free_kbytes_default(lowmem_pages(m) * 4), asked);
}

void setup_watermarks(struct memory *m)
{
	unsigned long lowmem = lowmem_pages(m);
	unsigned long scale = m->tunables.watermark_scale_factor;
	unsigned long pages_min = m->min_free_kbytes / 4;
	struct zone *z;

	for_each_zone(m, z) {
		unsigned long min = lowmem ? pages_min * z->managed / lowmem : 0;
		unsigned long delta =
			z->managed / 10000 * scale + z->managed % 10000 * scale / 10000;

		delta = MAX(delta, min / 4);
		z->watermark[WMARK_MIN] = min;
		z->watermark[WMARK_LOW] = min + delta;
		z->watermark[WMARK_HIGH] = min + 2 * delta;
	}
}

void setup_lowmem_reserve(struct memory *m)
{
	const unsigned long ratio[MAX_NR_ZONES] = {
		[ZONE_DMA] = m->tunables.lowmem_reserve_ratio,
		[ZONE_DMA32] = m->tunables.lowmem_reserve_ratio,
		[ZONE_NORMAL] = NORMAL_RESERVE_RATIO,
		[ZONE_MOVABLE] = NORMAL_RESERVE_RATIO,
	};

	for (int i = 0; i < MAX_NR_ZONES; i++) {
		unsigned long above = 0;

		for (int j = 0; j < MAX_NR_ZONES; j++) {
			if (j > i)
				above += m->zone[j].managed;
			m->zone[i].lowmem_reserve[j] = j > i ? above / ratio[i] : 0;
		}
	}
}

unsigned long totalreserve_pages(const struct memory *m)
{
	unsigned long sum = 0;
	const struct zone *z;

	for_each_zone(m, z) {
		unsigned long most = 0;

		for (int j = z->type; j < MAX_NR_ZONES; j++)
			most = MAX(most, (unsigned long)z->lowmem_reserve[j]);
		sum += MIN(z->watermark[WMARK_HIGH] + most, z->managed);
	}
	return sum;
}

bool zone_watermark_test(const struct zone *z, unsigned int order, unsigned long mark,
	unsigned int classzone, unsigned int alloc_flags, long free)
{
	return zone_watermark_test_inline(z, order, mark, classzone, alloc_flags, free);
}

void setup_drift_mark(struct zone *z)
{
	long drift = (long)nr_cpus * z->stat_threshold;
	long distance = z->watermark[WMARK_LOW] - z->watermark[WMARK_MIN];

	z->percpu_drift_mark = drift > distance ? (long)z->watermark[WMARK_HIGH] + drift : 0;
}

bool zone_watermark_safe(
	const struct zone *z, unsigned int order, unsigned long mark, unsigned int classzone)
{
	long free = zone_stat(z, NR_FREE_PAGES);

	if (free < z->percpu_drift_mark)
		free = zone_stat_exact(z, NR_FREE_PAGES);
	return zone_watermark_test(z, order, mark, classzone, 0, free);
}
