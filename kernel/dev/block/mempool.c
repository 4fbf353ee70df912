/*
 * Reserves of objects (see mempool.h).
 */
#include "kernel/core/sched/sched.h"
#include "kernel/core/time/time.h"
#include "kernel/dev/block/mempool.h"

#define WAIT_SECONDS 5

bool mempool_init(
	struct mempool *pool, const char *name, struct kmem_cache *cache, unsigned int min)
{
	spin_lock_init(&pool->lock, name);
	wait_queue_init(&pool->wait, name);
	pool->cache = cache;
	pool->min = min;
	pool->waits = 0;
	for (pool->nr = 0; pool->nr < min; pool->nr++) {
		pool->element[pool->nr] = kmem_cache_alloc(cache, GFP_KERNEL);
		if (!pool->element[pool->nr]) {
			mempool_exit(pool);
			return false;
		}
	}
	return true;
}

void mempool_exit(struct mempool *pool)
{
	while (pool->nr)
		kmem_cache_free(pool->cache, pool->element[--pool->nr]);
	lock_forget(&pool->lock.info);
}

static void *take_kept(struct mempool *pool)
{
	unsigned long flags = spin_lock_irqsave(&pool->lock);
	void *element = pool->nr ? pool->element[--pool->nr] : NULL;

	spin_unlock_irqrestore(&pool->lock, flags);
	return element;
}

/* Until one is given back, or for long: then something else may have changed. */
static void wait_for_one(struct mempool *pool)
{
	struct waiter w;

	atomic_add(&pool->waits, 1);
	wait_prepare(&pool->wait, &w, TASK_UNINTERRUPTIBLE);
	if (!READ_ONCE(pool->nr))
		schedule_within(WAIT_SECONDS * hz);
	wait_finish(&pool->wait, &w);
}

void *mempool_alloc(struct mempool *pool, gfp_t gfp)
{
	gfp_t first;
	void *element;

	gfp |= __GFP_NOMEMALLOC | __GFP_NORETRY | __GFP_NOWARN;
	first = gfp & ~(__GFP_DIRECT_RECLAIM | __GFP_IO);
	for (gfp_t mask = first;; mask = gfp) {
		element = kmem_cache_alloc(pool->cache, mask);
		if (!element)
			element = take_kept(pool);
		if (element)
			return element;
		if (mask != gfp)
			continue; /* with reclaim now */
		if (!(gfp & __GFP_DIRECT_RECLAIM))
			return NULL;
		wait_for_one(pool);
	}
}

void mempool_free(struct mempool *pool, void *element)
{
	unsigned long flags = spin_lock_irqsave(&pool->lock);
	bool keep = pool->nr < pool->min;

	if (keep)
		pool->element[pool->nr++] = element;
	spin_unlock_irqrestore(&pool->lock, flags);
	if (keep)
		wake_up_all(&pool->wait);
	else
		kmem_cache_free(pool->cache, element);
}
