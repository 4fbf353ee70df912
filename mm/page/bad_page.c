/*
 * The end of a machine with a page in a bad state (see bad_page.h).
 */
#include "kernel/core/machine.h"
#include "mm/page/bad_page.h"

struct page *bad_page(const struct memory *m, const struct page *page, const char *why)
{
	panic("BUG: Bad page state: pfn %lu: %s (flags %x, refcount %d, mapcount %d, order %u)",
		page_to_pfn(m, page), why, page->flags, page->refcount, page->mapcount,
		page->order);
}
