/*
 * mm/ on the real machine: the rules themselves are tested on the host twin.
 */
#include "mm/setup/memory_init.h"
#include "mm/alloc/page_alloc.h"
#include "mm/alloc/pcp.h"
#include "mm/show/validate.h"
#include "mm/page/vmstat.h"
#include "tests/guest/ktest.h"

KTEST(zones_serve_their_masks)
{
	struct memory *m = &system_memory;
	struct page *low = alloc_pages(m, GFP_KERNEL | GFP_DMA, 0);
	struct page *mid = alloc_pages(m, GFP_KERNEL | GFP_DMA32, 0);

	EXPECT(low && page_to_pfn(m, low) < DMA_END_PFN);
	EXPECT(mid && page_to_pfn(m, mid) < DMA32_END_PFN);
	free_pages(m, low, 0);
	free_pages(m, mid, 0);
	return NULL;
}

KTEST(every_order_comes_back_whole)
{
	struct memory *m = &system_memory;
	long before, after;

	pcp_drain_all(m);
	before = memory_stat_exact(m, NR_FREE_PAGES);
	for (unsigned int order = 0; order < MAX_ORDER; order++) {
		struct page *page = alloc_pages(m, GFP_KERNEL | __GFP_ZERO, order);
		const uint64_t *words;

		EXPECT(page);
		words = page_address(m, page);
		EXPECT(words[0] == 0 && words[(PAGE_SIZE << order) / 8 - 1] == 0);
		free_pages(m, page, order);
	}
	pcp_drain_all(m);
	after = memory_stat_exact(m, NR_FREE_PAGES);
	EXPECT(before == after);
	EXPECT(!mm_validate(m));
	return NULL;
}

KTEST(identities_of_the_zones)
{
	const struct memory *m = &system_memory;
	unsigned long managed = 0;
	const struct zone *z;

	for_each_populated_zone(m, z) {
		EXPECT(z->managed <= z->present && z->present <= z->spanned);
		EXPECT(z->watermark[WMARK_MIN] <= z->watermark[WMARK_LOW]);
		EXPECT(z->watermark[WMARK_LOW] <= z->watermark[WMARK_HIGH]);
		managed += z->managed;
	}
	EXPECT(managed == m->totalram_pages);
	return NULL;
}
