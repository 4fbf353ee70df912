/*
 * Sizes of slabs (see geometry.h).
 */
#include "mm/page/memory.h"
#include "mm/slab/geometry.h"

/* Position of the highest set bit, from 1; 0 for 0. */
static unsigned int fls(unsigned long x)
{
	return x ? 64 - __builtin_clzl(x) : 0;
}

static unsigned int order_of(unsigned long bytes)
{
	return fls((bytes - 1) >> PAGE_SHIFT);
}

/* The first order, of those that hold `want` objects, that leaves at most 1/fraction unused; or -1. */
static int fitting_order(
	unsigned long size, unsigned long want, unsigned int max_order, unsigned int fraction)
{
	for (unsigned int order = order_of(want * size); order <= max_order; order++) {
		unsigned long bytes = PAGE_SIZE << order;

		if (bytes % size <= bytes / fraction)
			return order;
	}
	return -1;
}

int slab_order(unsigned long size, unsigned int ncpu, unsigned int max_order)
{
	unsigned long want = MIN(4ul * (fls(ncpu) + 1), (PAGE_SIZE << max_order) / size);

	for (; want > 1; want--) {
		for (unsigned int fraction = 16; fraction >= 4; fraction /= 2) {
			int order = fitting_order(size, want, max_order, fraction);

			if (order >= 0)
				return order;
		}
	}
	return slab_min_order(size);
}

int slab_min_order(unsigned long size)
{
	unsigned int order = order_of(size);

	return order < MAX_ORDER ? (int)order : -1;
}

unsigned int slab_objects(unsigned long size, unsigned int order)
{
	return (PAGE_SIZE << order) / size;
}

unsigned long slab_min_partial(unsigned long size)
{
	unsigned long half = (fls(size) - 1) / 2;

	return MIN(MAX(half, 5ul), 10ul);
}

unsigned int slab_cpu_partial(unsigned long size)
{
	if (size >= PAGE_SIZE)
		return 2;
	if (size >= 1024)
		return 6;
	return size >= 256 ? 13 : 30;
}

unsigned int slab_align(unsigned long object_size, unsigned int align, bool hwcache)
{
	unsigned int line = CACHE_LINE;

	while (object_size <= line / 2)
		line /= 2;
	if (hwcache)
		align = MAX(align, line);
	align = MAX(align, (unsigned int)sizeof(void *));
	return (align + sizeof(void *) - 1) & -(unsigned int)sizeof(void *);
}
