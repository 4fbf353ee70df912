/*
 * Objects and pages that are held (see slabhold.h). An object is chained by its first word.
 */
#include "kernel/core/machine.h"
#include "kernel/task/app.h"
#include "mm/alloc/page_alloc.h"
#include "mm/slab/kmalloc.h"
#include "tests/workloads/slabhold.h"

static const unsigned short sizes[] = {64, 96, 128, 192};

static void *objects;
static struct list_head pages = LIST_HEAD_INIT(pages);

static long hold_all(unsigned int size)
{
	void **object;
	long n = 0;

	while ((object = kmalloc(&system_memory, size, __GFP_NOWARN))) {
		*object = objects;
		objects = object;
		n++;
	}
	return n;
}

/* A slab that one of them takes leaves less for the next, so that all are empty at the end. */
long slabhold_objects(void)
{
	long n = 0;

	kernel_enter();
	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++)
		n += hold_all(sizes[i]);
	kernel_leave();
	return n;
}

long slabhold_dma(long most)
{
	long n;

	kernel_enter();
	for (n = 0; n < most; n++) {
		struct page *page = alloc_pages(&system_memory, __GFP_DMA | __GFP_NOWARN, 0);

		if (!page)
			break;
		list_add(&page->lru, &pages);
	}
	kernel_leave();
	return n;
}

void slabhold_free(void)
{
	kernel_enter();
	while (objects) {
		void *object = objects;

		objects = *(void **)object;
		kfree(&system_memory, object);
	}
	while (!list_empty(&pages)) {
		struct page *page = list_first_entry(&pages, struct page, lru);

		list_del(&page->lru);
		free_pages(&system_memory, page, 0);
	}
	kernel_leave();
}
