/*
 * What free and fresh pages hold in debug builds (see page_poison.h).
 */
#include "kernel/core/machine.h"
#include "mm/alloc/page_poison.h"
#include "mm/page/bad_page.h"

#ifdef LW_DEBUG

void page_poison(
	const struct memory *m, struct page *page, unsigned int order, unsigned long pattern)
{
	for (unsigned int i = 0; i < 1u << order; i++) {
		if (page[i].unflushed)
			bad_page(m, page + i, "freed while a TLB may still know it");
		pattern_page(page_address(m, page + i), pattern);
		page[i].poisoned = pattern == PAGE_POISON_FREE;
	}
}

/* Boot frees pages that nobody has written to. */
void page_poison_check(const struct memory *m, struct page *page, unsigned int order)
{
	for (unsigned int i = 0; i < 1u << order; i++) {
		if (page[i].poisoned &&
			!page_has_pattern(page_address(m, page + i), PAGE_POISON_FREE))
			bad_page(m, page + i, "written to after it was freed");
		page[i].poisoned = false;
	}
}

#endif
