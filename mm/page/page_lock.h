/*
 * The page lock and the end of writeback (§16.2, §32.6): flags of the page, and waiters in a few queues that
 * all pages share. Who unlocks wakes all who wait for this page's queue; each looks for itself. How many wait
 * for any page is counted: mostly nobody does, and an unlock need not look for its queue.
 *
 * try and un: any context; lock and wait: task context that may sleep.
 */
#ifndef MM_PAGE_LOCK_H
#define MM_PAGE_LOCK_H

#include "mm/page/memory.h"
#include "mm/page/page_flags.h"

static inline bool trylock_page(struct page *page)
{
	return !page_set(page, PG_LOCKED);
}

void lock_page(struct memory *m, struct page *page);
int lock_page_killable(struct memory *m, struct page *page); /* 0, or -1 when killed */
/* Until it is unlocked, as a read ends (§32.6). */
void wait_on_page_locked(struct memory *m, struct page *page);
int wait_on_page_locked_killable(struct memory *m, struct page *page); /* the same */

/* The part of wake_waiters() for when somebody waits for some page. */
void wake_page(struct memory *m, const struct page *page);

/*
 * Whoever waits for this page looks again. Any context. A waiter has been counted, by an atomic instruction,
 * before it looks: it sees the page unlocked, or we see it.
 */
static inline void wake_waiters(struct memory *m, const struct page *page)
{
	if (unlikely(READ_ONCE(m->page_waiters)))
		wake_page(m, page);
}

static inline void unlock_page(struct memory *m, struct page *page)
{
	bool locked = page_clear(page, PG_LOCKED);

	BUG_ON(!locked);
	wake_waiters(m, page);
}

/* Begun with the page locked; it may end anywhere. */
void set_page_writeback(struct memory *m, struct page *page);
void end_page_writeback(struct memory *m, struct page *page);
void wait_on_page_writeback(struct memory *m, struct page *page);

/* Boot. */
void page_locks_init(struct memory *m);

#endif
