/*
 * Areas go: emptied by swapoff (§20.13), or at a run's end (see swap_area.h).
 */
#include <errno.h>
#include <string.h>

#include "kernel/core/log/printk.h"
#include "kernel/core/sched/sched.h"
#include "mm/alloc/watermark.h"
#include "mm/swap/swap_area.h"
#include "mm/swap/swap_cache.h"

unsigned long swap_next_used(const struct swap_area *a, unsigned long offset)
{
	for (unsigned long o = offset + 1; o < a->max; o++)
		if (READ_ONCE(*swap_byte(a, o)))
			return o;
	return offset ? swap_next_used(a, 0) : 0;
}

/* §20.3's list has it no more, and it counts no more. */
static void leave(struct swap_area *a)
{
	struct memory *m = a->memory;

	spin_lock(&a->lock);
	a->writable = false;
	swap_area_available(a, false);
	spin_unlock(&a->lock);
	m->total_swap_pages -= a->pages;
	atomic_add(&m->swap.nr_swap_pages, -(long)a->pages);
}

/* Who swapped may be about to let go of its lock. */
static void destroy(struct swap_area *a)
{
	while (READ_ONCE(a->users))
		schedule_timeout(TASK_UNINTERRUPTIBLE, 1);
	spin_lock(&a->lock);
	BUG_ON(a->inuse);
	spin_unlock(&a->lock);
	a->memory->swap.area[a->type] = NULL;
	index_destroy(&a->tree);
	lock_forget(&a->lock.info);
	lock_forget(&a->tree_lock.info);
	swap_area_free(a);
}

/* §20.13: automatic priorities below its own move up. */
static void close_ranks(const struct swap_area *gone)
{
	struct swap_state *s = &gone->memory->swap;

	if (gone->prio >= 0)
		return;
	for (int type = 0; type < MAX_SWAP_AREAS; type++)
		if (s->area[type] && s->area[type]->prio < gone->prio)
			s->area[type]->prio++;
	s->least_priority++;
}

static struct swap_area *find_area(struct memory *m, const char *name)
{
	for (int type = 0; type < MAX_SWAP_AREAS; type++) {
		struct swap_area *a = m->swap.area[type];

		if (a && a->writable && !strcmp(a->dev.name, name))
			return a;
	}
	return NULL;
}

/* 4.8's guess whether so many pages more may be promised: a superuser's, with overcommit_memory 0. */
static bool enough_memory(const struct memory *m, unsigned long pages)
{
	long free = memory_stat(m, NR_FREE_PAGES) + memory_stat(m, NR_SLAB_RECLAIMABLE) +
		m->swap.cached + m->swap.nr_swap_pages - (long)totalreserve_pages(m);

	return free > (long)pages;
}

int swap_off_begin(struct memory *m, const char *name, struct swap_area **a)
{
	int err = -EINVAL;

	mutex_lock(&m->swap.mutex);
	*a = find_area(m, name);
	if (*a)
		err = enough_memory(m, (*a)->pages) ? 0 : -ENOMEM;
	if (!err) {
		leave(*a);
		close_ranks(*a);
	}
	mutex_unlock(&m->swap.mutex);
	return err;
}

void swap_off_undo(struct swap_area *a)
{
	struct memory *m = a->memory;

	mutex_lock(&m->swap.mutex);
	spin_lock(&a->lock);
	swap_area_enter(a, a->prio < 0 ? SWAP_PRIO_AUTO : a->prio);
	spin_unlock(&a->lock);
	mutex_unlock(&m->swap.mutex);
}

void swap_off_end(struct swap_area *a)
{
	struct memory *m = a->memory;

	mutex_lock(&m->swap.mutex);
	destroy(a);
	mutex_unlock(&m->swap.mutex);
}

/* What only the cache has: nobody will ask for it. Its page may still be on its way to the disk. */
static void drop_cached(struct memory *m, swp_entry_t e)
{
	struct page *page = find_swap_page(m, e);

	if (!page)
		return;
	lock_page(m, page);
	wait_on_page_writeback(m, page);
	try_to_free_swap(m, page);
	unlock_page(m, page);
	page_put(m, page);
}

static void drop_all_cached(struct swap_area *a)
{
	for (unsigned long offset = 1; a->inuse && offset < a->max; offset++)
		if (*swap_byte(a, offset) == SWAP_HAS_CACHE)
			drop_cached(a->memory, swp_entry(a->type, offset));
}

/* NULL, or what is left. */
static const char *take_away(struct swap_area *a)
{
	static char line[128];
	unsigned long first;

	drop_all_cached(a);
	first = swap_next_used(a, 0);
	if (first) {
		ksnprintf(line, sizeof(line),
			"swap: %u slots of /dev/%s are in use, the first is %lu (0x%02x); expected "
			"none",
			a->inuse, a->dev.name, first, *swap_byte(a, first));
		return line;
	}
	leave(a);
	destroy(a);
	return NULL;
}

const char *swap_off_all(struct memory *m)
{
	const char *err = NULL;

	for (int type = 0; !err && type < MAX_SWAP_AREAS; type++)
		if (m->swap.area[type])
			err = take_away(m->swap.area[type]);
	if (!err)
		m->swap.least_priority = 0;
	return err;
}
