/*
 * The droppable cache and the kernel buffers (see dropcache.h). Pages are chained through
 * page->lru, the oldest first; page->private says that the pageblock has been punched.
 */
#include "kernel/core/lock/lock.h"
#include "kernel/core/machine.h"
#include "kernel/task/app.h"
#include "mm/alloc/page_alloc.h"
#include "mm/reclaim/reclaim.h"
#include "mm/reclaim/scan.h"
#include "mm/reclaim/shrinker.h"
#include "tests/workloads/dropcache.h"

#define GFP_CACHE (GFP_HIGHUSER_MOVABLE | __GFP_NORETRY | __GFP_NOWARN)
/* One round of reclaim, and no kill for it: whoever wants a buffer can wait. */
#define GFP_BUFFER (GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN)

static struct {
	struct spinlock lock;
	struct list_head pages;
	long held;
	struct shrinker shrinker;
} cache;

static struct list_head buffers = LIST_HEAD_INIT(buffers);

/* The oldest page, off the chain; NULL when the cache is empty. */
static struct page *take_oldest(void)
{
	unsigned long flags = spin_lock_irqsave(&cache.lock);
	struct page *page = NULL;

	if (!list_empty(&cache.pages)) {
		page = list_first_entry(&cache.pages, struct page, lru);
		list_del(&page->lru);
		cache.held--;
	}
	spin_unlock_irqrestore(&cache.lock, flags);
	return page;
}

static unsigned long drop(unsigned long want)
{
	unsigned long n;

	for (n = 0; n < want; n++) {
		struct page *page = take_oldest();

		if (!page)
			break;
		free_pages(&system_memory, page, 0);
	}
	return n;
}

/*
 * As many as it gives at a time: where nothing is on the LRU twice as many are asked for (§30.4). To kswapd it
 * gives nothing: it is about what direct reclaim does with its own progress.
 */
static unsigned long count(struct shrinker *s, const struct shrink_control *sc)
{
	(void)s;
	(void)sc;
	if (current->flags & PF_KSWAPD)
		return 0;
	return MIN(READ_ONCE(cache.held), SWAP_CLUSTER_MAX / 2);
}

static unsigned long scan(struct shrinker *s, const struct shrink_control *sc)
{
	unsigned long n = drop(sc->nr_to_scan);

	(void)s;
	shrinker_stole(&system_memory, n);
	return n;
}

static void set_up(void)
{
	if (cache.lock.info.name)
		return;
	spin_lock_init(&cache.lock, "droppable cache");
	list_init(&cache.pages);
	cache.shrinker = (struct shrinker){.name = "droppable cache",
		.count = count,
		.scan = scan,
		.seeks = DEFAULT_SEEKS,
		.batch = SWAP_CLUSTER_MAX};
	register_shrinker(&system_memory, &cache.shrinker);
}

static void add_block(struct page *block)
{
	unsigned long flags = spin_lock_irqsave(&cache.lock);

	for (unsigned long i = 0; i < system_memory.pageblock_nr_pages; i++) {
		block[i].private = 0;
		list_add_tail(&block[i].lru, &cache.pages);
		cache.held++;
	}
	spin_unlock_irqrestore(&cache.lock, flags);
}

long dropcache_fill(long blocks)
{
	unsigned int order = system_memory.pageblock_order;
	long n;

	kernel_enter();
	set_up();
	for (n = 0; n < blocks; n++) {
		struct page *block = alloc_pages(&system_memory, GFP_CACHE, order);

		if (!block)
			break;
		split_page(&system_memory, block, order);
		add_block(block);
	}
	kernel_leave();
	return n;
}

/* Of the newest whole pageblock: the pages of every second run, onto `holes`. Lock held. */
static void choose_holes(struct list_head *holes, unsigned long run)
{
	const unsigned int order = system_memory.pageblock_order;
	struct list_head *node = cache.pages.prev;
	unsigned long block = 0;

	while (node != &cache.pages) {
		struct page *page = list_entry(node, struct page, lru);
		unsigned long pfn = page_to_pfn(&system_memory, page);

		node = node->prev;
		if (page->private)
			continue;
		if (!block)
			block = pfn >> order;
		if (pfn >> order != block)
			break;
		page->private = 1;
		if (pfn / run % 2)
			continue;
		list_move(&page->lru, holes);
		cache.held--;
	}
}

int dropcache_punch(long run)
{
	struct list_head holes = LIST_HEAD_INIT(holes);
	unsigned long flags;
	int found;

	kernel_enter();
	flags = spin_lock_irqsave(&cache.lock);
	choose_holes(&holes, run);
	spin_unlock_irqrestore(&cache.lock, flags);
	found = !list_empty(&holes);
	while (!list_empty(&holes)) {
		struct page *page = list_first_entry(&holes, struct page, lru);

		list_del(&page->lru);
		free_pages(&system_memory, page, 0);
	}
	kernel_leave();
	return found;
}

long dropcache_held(void)
{
	return READ_ONCE(cache.held);
}

void dropcache_drop(long pages)
{
	kernel_enter();
	drop(pages);
	kernel_leave();
}

long kernel_buffers_until(long held, long most)
{
	long n = 0;

	kernel_enter();
	while (n < most && dropcache_held() > held) {
		struct page *page = alloc_pages(&system_memory, GFP_BUFFER, 0);

		if (page) {
			list_add(&page->lru, &buffers);
			n++;
		}
	}
	kernel_leave();
	return n;
}

void kernel_buffers_free(void)
{
	kernel_enter();
	while (!list_empty(&buffers)) {
		struct page *page = list_first_entry(&buffers, struct page, lru);

		list_del(&page->lru);
		free_pages(&system_memory, page, 0);
	}
	kernel_leave();
}
