/*
 * Pages that were isolated, as a list for shrink_page_list(). Behind a case header that has the machine, `m`.
 */
#ifndef HOST_BATCH_CASE_H
#define HOST_BATCH_CASE_H

#include "mm/lru/isolate.h"
#include "mm/reclaim/node_flags.h"
#include "mm/reclaim/scan.h"

static struct scan_control sc;
static struct shrink_result met;
static struct list_head batch;

static inline void batch_start(void)
{
	list_init(&batch);
	sc = (struct scan_control){.memory = m,
		.gfp = GFP_KERNEL,
		.highest = ZONE_MOVABLE,
		.priority = DEF_PRIORITY,
		.may_writepage = true,
		.nr_to_reclaim = SWAP_CLUSTER_MAX};
}

/* As reclaim does, whoever the test is otherwise. */
static inline unsigned int be_reclaimer(void)
{
	unsigned int before = current->flags;

	current->flags |= PF_MEMALLOC;
	return before;
}

/* Off its list, with the isolation's reference, as the newest of the batch. */
static inline struct page *isolated(struct page *page)
{
	assert_true(isolate_lru_page(m, page));
	list_add(&page->lru, &batch);
	return page;
}

/* Returns how many were freed; what was scanned begins at 0. */
static inline unsigned long shrink(void)
{
	unsigned int before = be_reclaimer();
	unsigned long freed;

	memset(&met, 0, sizeof(met));
	sc.nr_scanned = 0;
	freed = shrink_page_list(&sc, &batch, &met);
	current->flags = before;
	return freed;
}

/* Those that stay go back to their lists. */
static inline void put_batch_back(void)
{
	while (!list_empty(&batch)) {
		struct page *page = list_entry(batch.prev, struct page, lru);

		list_del(&page->lru);
		putback_lru_page(m, page);
	}
	lru_add_drain(m);
}

#endif
