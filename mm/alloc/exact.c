/*
 * Whole pages that are no power of two (see exact.h).
 */
#include "mm/alloc/exact.h"
#include "mm/alloc/page_alloc.h"

static unsigned long pages_of(size_t size)
{
	return (size + PAGE_SIZE - 1) >> PAGE_SHIFT;
}

static unsigned int order_of(unsigned long pages)
{
	return pages > 1 ? 64 - __builtin_clzl(pages - 1) : 0;
}

static void free_range(struct memory *m, struct page *page, unsigned long from, unsigned long to)
{
	for (unsigned long i = from; i < to; i++)
		free_pages(m, page + i, 0);
}

void *alloc_pages_exact(struct memory *m, size_t size, gfp_t gfp)
{
	unsigned long pages = pages_of(size);
	unsigned int order = order_of(pages);
	struct page *page = alloc_pages(m, gfp, order);

	if (!page)
		return NULL;
	split_page(m, page, order);
	free_range(m, page, pages, 1ul << order);
	return page_address(m, page);
}

void free_pages_exact(struct memory *m, void *p, size_t size)
{
	free_range(m, virt_to_page(m, p), 0, pages_of(size));
}
