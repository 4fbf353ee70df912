/*
 * The receive ring (see rxring.h). Chunks are chained through page->lru.
 */
#include "kernel/core/lock/lock.h"
#include "kernel/core/machine.h"
#include "kernel/core/rand.h"
#include "kernel/task/app.h"
#include "kernel/task/scenario.h"
#include "mm/alloc/page_alloc.h"
#include "tests/workloads/rxring.h"

static struct {
	struct spinlock lock; /* the rest, but for the timer */
	struct timer timer;
	struct wait_queue idle; /* woken when a fill or an emptying is over */
	struct list_head chunks;
	struct rxring_stats stats;
	struct rand rand;
	long burst, want;
	bool running, emptying, busy;
} ring;

static unsigned int draw_order(void)
{
	unsigned int dice = rand_below(&ring.rand, 10);

	return dice < 6 ? 1 : dice < 8 ? 2 : 3;
}

static bool take_chunk(void)
{
	unsigned int order = draw_order();
	struct page *page = alloc_pages(&system_memory, GFP_ATOMIC | __GFP_NOWARN, order);

	if (!page) {
		ring.stats.failures++;
		return false;
	}
	list_add_tail(&page->lru, &ring.chunks);
	ring.stats.held_chunks++;
	ring.stats.held_pages += 1l << order;
	ring.want -= 1l << order;
	return true;
}

static void give_chunk(void)
{
	struct page *page = list_first_entry(&ring.chunks, struct page, lru);

	list_del(&page->lru);
	ring.stats.held_chunks--;
	ring.stats.held_pages -= 1l << page->order;
	free_pages(&system_memory, page, page->order);
}

/* False when there is nothing left to do. */
static bool one_burst(void)
{
	bool got = false;

	for (long i = 0; i < ring.burst; i++) {
		if (ring.emptying) {
			if (list_empty(&ring.chunks))
				return false;
			give_chunk();
			got = true;
		} else {
			if (ring.want <= 0)
				return false;
			got |= take_chunk();
		}
	}
	return got;
}

static void on_timer(struct timer *timer)
{
	spin_lock(&ring.lock);
	if (ring.busy && !one_burst()) {
		ring.busy = false;
		ring.emptying = false;
		ring.want = 0;
		wake_up_all(&ring.idle);
	}
	timer->wakes_nobody = !ring.busy;
	if (ring.running)
		timer_start(timer, 1);
	spin_unlock(&ring.lock);
}

void rxring_start(long burst)
{
	kernel_enter();
	BUG_ON(ring.running || ring.stats.held_chunks);
	if (!ring.lock.info.name)
		spin_lock_init(&ring.lock, "receive ring");
	wait_queue_init(&ring.idle, "receive ring");
	list_init(&ring.chunks);
	ring.running = true;
	rand_seed(&ring.rand, workload_seed);
	ring.burst = burst;
	timer_init(&ring.timer, on_timer);
	timer_start(&ring.timer, 1);
	kernel_leave();
}

static void wait_idle(void)
{
	BUG_ON(!ring.running);
	wait_event_killable(&ring.idle, !ring.busy);
}

void rxring_fill(long pages)
{
	unsigned long flags;

	kernel_enter();
	flags = spin_lock_irqsave(&ring.lock);
	ring.want = pages;
	ring.busy = true;
	ring.timer.wakes_nobody = false;
	spin_unlock_irqrestore(&ring.lock, flags);
	wait_idle();
	kernel_leave();
}

void rxring_empty(void)
{
	unsigned long flags;

	kernel_enter();
	flags = spin_lock_irqsave(&ring.lock);
	ring.emptying = true;
	ring.busy = true;
	ring.timer.wakes_nobody = false;
	spin_unlock_irqrestore(&ring.lock, flags);
	wait_idle();
	kernel_leave();
}

void rxring_stop(void)
{
	unsigned long flags;

	kernel_enter();
	flags = spin_lock_irqsave(&ring.lock);
	ring.running = false;
	spin_unlock_irqrestore(&ring.lock, flags);
	timer_cancel_sync(&ring.timer);
	kernel_leave();
}

void rxring_stats(struct rxring_stats *stats)
{
	struct rxring_stats copy;
	unsigned long flags;

	kernel_enter();
	flags = spin_lock_irqsave(&ring.lock);
	copy = ring.stats;
	spin_unlock_irqrestore(&ring.lock, flags);
	kernel_leave();
	*stats = copy;
}
