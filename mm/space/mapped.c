/*
 * Pages that are mapped now (see mapped.h).
 */
#include "mm/space/mapped.h"
#include "mm/space/pgtable.h"
#include "mm/swap/swap_cache.h"

struct page *get_mapped(struct mm *mm, const uint64_t *pte)
{
	unsigned long flags = irq_save();
	struct page *page = entry_page(mm->memory, READ_ONCE(*pte));

	if (page)
		page_get(page);
	irq_restore(flags);
	return page;
}
