/*
 * Memory before the page allocator (see boot_mem.h).
 */
#include <string.h>

#include "boot/multiboot.h"
#include "mm/setup/boot_mem.h"

#define LEGACY_START 0xa0 /* VGA memory and BIOS: usable nowhere on a PC */
#define LEGACY_END   0x100

static void add_usable(struct boot_mem *bm, unsigned long start, unsigned long end)
{
	if (start < end)
		bm->usable[bm->nr_usable++] = (struct pfn_range){start, end};
}

void boot_mem_init(struct boot_mem *bm, const struct boot_info *info)
{
	memset(bm, 0, sizeof(*bm));
	for (unsigned int i = 0; i < info->nr_ranges; i++) {
		const struct boot_range *r = &info->range[i];
		unsigned long start = (r->start + PAGE_SIZE - 1) >> PAGE_SHIFT;
		unsigned long end = r->end >> PAGE_SHIFT;

		if (r->type != MB_MEMORY_USABLE)
			continue;
		start = MAX(start, 1ul);
		add_usable(bm, start, MIN(end, (unsigned long)LEGACY_START));
		add_usable(bm, MAX(start, (unsigned long)LEGACY_END), end);
	}
}

/* Grow the neighbour that [start, end) touches, if there is one. */
static bool extend_reserved(struct boot_mem *bm, unsigned long start, unsigned long end)
{
	for (unsigned int i = 0; i < bm->nr_reserved; i++) {
		struct pfn_range *r = &bm->reserved[i];

		if (r->end == start)
			r->end = end;
		else if (r->start == end)
			r->start = start;
		else
			continue;
		return true;
	}
	return false;
}

bool boot_mem_reserve(struct boot_mem *bm, unsigned long start, unsigned long end)
{
	unsigned int i = bm->nr_reserved;

	if (extend_reserved(bm, start, end))
		return true;
	if (i == ARRAY_SIZE(bm->reserved))
		return false;
	for (; i > 0 && bm->reserved[i - 1].start > start; i--)
		bm->reserved[i] = bm->reserved[i - 1];
	bm->reserved[i] = (struct pfn_range){start, end};
	bm->nr_reserved++;
	return true;
}

struct best_fit {
	unsigned long pages, align, pfn;
};

static void consider(void *arg, unsigned long start, unsigned long end)
{
	struct best_fit *want = arg;
	unsigned long pfn;

	if (end - start < want->pages)
		return;
	pfn = (end - want->pages) & ~(want->align - 1);
	if (pfn >= start && pfn > want->pfn)
		want->pfn = pfn;
}

unsigned long boot_mem_alloc(struct boot_mem *bm, unsigned long pages, unsigned long align)
{
	struct best_fit want = {pages, align, 0};

	boot_mem_for_each_free(bm, consider, &want);
	if (want.pfn && !boot_mem_reserve(bm, want.pfn, want.pfn + pages))
		return 0;
	return want.pfn;
}

unsigned long boot_mem_present(const struct boot_mem *bm, unsigned long lo, unsigned long hi)
{
	unsigned long sum = 0;

	for (unsigned int i = 0; i < bm->nr_usable; i++) {
		unsigned long start = MAX(bm->usable[i].start, lo);
		unsigned long end = MIN(bm->usable[i].end, hi);

		if (start < end)
			sum += end - start;
	}
	return sum;
}

unsigned long boot_mem_first(const struct boot_mem *bm)
{
	return bm->nr_usable ? bm->usable[0].start : 0;
}

unsigned long boot_mem_end(const struct boot_mem *bm)
{
	return bm->nr_usable ? bm->usable[bm->nr_usable - 1].end : 0;
}

static bool is_absent(
	const struct boot_mem *bm, unsigned long pfn, uint64_t addr, bool (*holds)(uint64_t addr))
{
	for (unsigned int i = 0; i < bm->nr_reserved; i++)
		if (bm->reserved[i].start <= pfn && pfn < bm->reserved[i].end)
			return false;
	return !holds(addr);
}

uint64_t boot_mem_absent(const struct boot_mem *bm, bool (*holds)(uint64_t addr))
{
	for (unsigned int i = 0; i < bm->nr_usable; i++) {
		const struct pfn_range *r = &bm->usable[i];
		uint64_t first = (uint64_t)r->start << PAGE_SHIFT;
		uint64_t last = ((uint64_t)r->end << PAGE_SHIFT) - sizeof(uint64_t);

		if (is_absent(bm, r->start, first, holds))
			return first;
		if (is_absent(bm, r->end - 1, last, holds))
			return last;
	}
	return 0;
}

void boot_mem_for_each_free(const struct boot_mem *bm,
	void (*fn)(void *arg, unsigned long start, unsigned long end), void *arg)
{
	for (unsigned int i = 0; i < bm->nr_usable; i++) {
		unsigned long at = bm->usable[i].start, end = bm->usable[i].end;

		for (unsigned int r = 0; r < bm->nr_reserved && at < end; r++) {
			const struct pfn_range *taken = &bm->reserved[r];

			if (taken->end <= at || taken->start >= end)
				continue;
			if (taken->start > at)
				fn(arg, at, taken->start);
			at = MAX(at, taken->end);
		}
		if (at < end)
			fn(arg, at, end);
	}
}
