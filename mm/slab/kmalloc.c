/*
 * Memory of any size (see kmalloc.h).
 */
#include "mm/alloc/page_alloc.h"
#include "mm/slab/cache.h"
#include "mm/slab/kmalloc.h"
#include "mm/slab/slab_ops.h"

/* By steps of 8 bytes. */
const uint8_t kmalloc_small_index[24] = {
	3, 4, 5, 5, 6, 6, 6, 6, 1, 1, 1, 1, 7, 7, 7, 7, 2, 2, 2, 2, 2, 2, 2, 2};

/* clang-format off */
#define SIZES(X) \
	X(1, 96) X(2, 192) X(3, 8) X(4, 16) X(5, 32) X(6, 64) X(7, 128) X(8, 256) X(9, 512) \
	X(10, 1024) X(11, 2048) X(12, 4096) X(13, 8192)
/* clang-format on */

static const struct {
	unsigned int size;
	const char *name, *dma_name;
} sizes[KMALLOC_CACHES] = {
#define ENTRY(index, n) [index] = {n, "kmalloc-" #n, "dma-kmalloc-" #n},
	SIZES(ENTRY)};

static void add(struct memory *m, unsigned int i)
{
	cache_init(&m->slab.kmalloc[i], m, sizes[i].name, sizes[i].size, 0, 0, NULL);
}

/* In 4.8's order, which /proc/slabinfo shows: 96 after 64, 192 after 128; those for DMA by index. */
void kmalloc_init(struct memory *m)
{
	for (unsigned int i = 3; i < KMALLOC_CACHES; i++) {
		add(m, i);
		if (sizes[i].size == 64)
			add(m, 1);
		if (sizes[i].size == 128)
			add(m, 2);
	}
	for (unsigned int i = 1; i < KMALLOC_CACHES; i++)
		cache_init(&m->slab.dma_kmalloc[i], m, sizes[i].dma_name, sizes[i].size, 0,
			SLAB_CACHE_DMA, NULL);
}

/* Its slab counter is none: such memory is missed only where it is free (§31.8). */
static noinline void *alloc_large(struct memory *m, size_t size, gfp_t gfp)
{
	size_t pages = (size - 1) >> PAGE_SHIFT; /* less one; 0 of one page */
	unsigned int order = pages ? 64 - __builtin_clzl(pages) : 0;
	struct page *page = alloc_pages(m, gfp | __GFP_COMP, order);

	if (!page)
		return NULL;
	page->slab_head = page;
	return page_address(m, page);
}

static noinline void *alloc_odd(struct memory *m, size_t size, gfp_t gfp)
{
	return size ? alloc_large(m, size, gfp) : ZERO_SIZE_PTR;
}

void *__kmalloc(struct memory *m, size_t size, gfp_t gfp)
{
	struct kmem_cache *caches = m->slab.kmalloc;

	if (unlikely(size - 1 >= KMALLOC_MAX_CACHED))
		return alloc_odd(m, size, gfp);
	if (unlikely(gfp & GFP_DMA))
		caches = m->slab.dma_kmalloc;
	return slab_alloc(&caches[kmalloc_index(size)], gfp, CALLER);
}

static noinline void free_large(struct memory *m, struct page *page)
{
	free_pages(m, page, page->order);
}

void kfree(struct memory *m, void *p)
{
	struct page *page;

	if (unlikely((uintptr_t)p <= (uintptr_t)ZERO_SIZE_PTR))
		return;
	page = virt_to_page(m, p)->slab_head;
	if (likely(page->flags & PG_SLAB))
		slab_free(page->cache, page, p, CALLER);
	else
		free_large(m, page);
}
