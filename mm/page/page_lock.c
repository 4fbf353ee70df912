/*
 * The page lock (see page_lock.h).
 */
#include "mm/page/node_stat.h"
#include "mm/page/page_lock.h"

void page_locks_init(struct memory *m)
{
	for (int i = 0; i < PAGE_WAIT_QUEUES; i++)
		wait_queue_init(&m->page_waits[i], "page");
}

static struct wait_queue *queue_of(struct memory *m, const struct page *page)
{
	return &m->page_waits[page_to_pfn(m, page) % PAGE_WAIT_QUEUES];
}

/* A waiter is in the queue before it looks, by an atomic instruction. */
void wake_page(struct memory *m, const struct page *page)
{
	struct wait_queue *wq = queue_of(m, page);

	if (wq->waiters.next != &wq->waiters)
		wake_up_all(wq);
}

/* Until `cond` holds, which is looked at anew whenever the page is unlocked, or written. */
#define wait_for_page(m, page, cond)                                                               \
	do {                                                                                       \
		atomic_add(&(m)->page_waiters, 1);                                                 \
		wait_event(queue_of(m, page), cond);                                               \
		atomic_add(&(m)->page_waiters, -1);                                                \
	} while (0)

/* The same; -1 when killed, else 0. */
#define wait_for_page_killable(m, page, cond)                                                      \
	({                                                                                         \
		int killed_;                                                                       \
                                                                                                   \
		atomic_add(&(m)->page_waiters, 1);                                                 \
		killed_ = wait_event_killable(queue_of(m, page), cond);                            \
		atomic_add(&(m)->page_waiters, -1);                                                \
		killed_;                                                                           \
	})

void lock_page(struct memory *m, struct page *page)
{
	if (unlikely(!trylock_page(page)))
		wait_for_page(m, page, trylock_page(page));
}

int lock_page_killable(struct memory *m, struct page *page)
{
	if (likely(trylock_page(page)))
		return 0;
	return wait_for_page_killable(m, page, trylock_page(page));
}

/* §20.7, §22.3: a page of swap counts as well. */
void set_page_writeback(struct memory *m, struct page *page)
{
	bool already = page_set(page, PG_WRITEBACK);

	BUG_ON(already);
	node_stat_inc(m, NR_WRITEBACK);
	zone_stat_add(page_zone(m, page), NR_ZONE_WRITE_PENDING, 1);
}

void end_page_writeback(struct memory *m, struct page *page)
{
	bool was = page_clear(page, PG_WRITEBACK);

	BUG_ON(!was);
	node_stat_dec(m, NR_WRITEBACK);
	zone_stat_add(page_zone(m, page), NR_ZONE_WRITE_PENDING, -1);
	node_stat_inc(m, NR_WRITTEN);
	wake_waiters(m, page);
}

/* By an atomic instruction, as whoever wakes us expects: it may have looked before we were in the queue. */
static bool has_lost(struct page *page, unsigned int flag)
{
	return !(__atomic_fetch_or(&page->flags, 0, __ATOMIC_SEQ_CST) & flag);
}

void wait_on_page_locked(struct memory *m, struct page *page)
{
	if (page_has(page, PG_LOCKED))
		wait_for_page(m, page, has_lost(page, PG_LOCKED));
}

int wait_on_page_locked_killable(struct memory *m, struct page *page)
{
	if (!page_has(page, PG_LOCKED))
		return 0;
	return wait_for_page_killable(m, page, has_lost(page, PG_LOCKED));
}

void wait_on_page_writeback(struct memory *m, struct page *page)
{
	if (unlikely(page_has(page, PG_WRITEBACK)))
		wait_for_page(m, page, has_lost(page, PG_WRITEBACK));
}
