/*
 * Pages enter and leave objects of shared memory (see shmem.h).
 */
#include <errno.h>

#include "mm/index/index_node.h"
#include "mm/lru/pagevec.h"
#include "mm/page/page_lock.h"
#include "mm/space/shmem.h"
#include "mm/swap/swap_cache.h"

void *shmem_find(struct shmem *s, unsigned long index)
{
	unsigned long flags = spin_lock_irqsave(&s->lock);
	void *found = index_lookup(&s->tree, index);

	if (found && !index_is_shadow(found))
		page_get(found);
	spin_unlock_irqrestore(&s->lock, flags);
	return found;
}

bool shmem_has(struct shmem *s, unsigned long index, const void *what)
{
	unsigned long flags = spin_lock_irqsave(&s->lock);
	bool has = index_lookup(&s->tree, index) == what;

	spin_unlock_irqrestore(&s->lock, flags);
	return has;
}

/* Until it is locked it may leave; and come back elsewhere, after it was free. */
struct page *shmem_find_lock(struct shmem *s, unsigned long index, void **slot)
{
	for (;;) {
		void *found = shmem_find(s, index);
		struct page *page = found;

		*slot = found;
		if (!found || index_is_shadow(found))
			return NULL;
		lock_page(s->memory, page);
		if (page_has(page, PG_SHMEM) && page->mapping == s && page->index == index)
			return page;
		unlock_page(s->memory, page);
		page_put(s->memory, page);
	}
}

/* It is in the tree. `lock` held. */
static void enter(struct shmem *s, unsigned long index, struct page *page)
{
	page_get(page);
	WRITE_ONCE(page->index, index);
	WRITE_ONCE(page->mapping, s);
	page_set(page, PG_SHMEM);
	node_stat_inc(s->memory, NR_FILE_PAGES);
	node_stat_inc(s->memory, NR_SHMEM);
}

/* It is not. The tree's reference is the caller's to drop. The same. */
static void leave(struct shmem *s, struct page *page)
{
	BUG_ON(!page_has(page, PG_LOCKED) || READ_ONCE(page->mapcount));
	WRITE_ONCE(page->mapping, NULL);
	page_clear(page, PG_SHMEM);
	node_stat_dec(s->memory, NR_FILE_PAGES);
	node_stat_dec(s->memory, NR_SHMEM);
}

/* A slot may have come where there was nothing. */
static int insert(struct shmem *s, unsigned long index, struct page *page)
{
	unsigned long flags = spin_lock_irqsave(&s->lock);
	int err = index_lookup(&s->tree, index) ? -EEXIST : 0;

	if (!err)
		err = index_insert(&s->tree, index, page, NULL);
	if (!err)
		enter(s, index, page);
	spin_unlock_irqrestore(&s->lock, flags);
	return err;
}

int shmem_add(struct shmem *s, unsigned long index, struct page *page)
{
	int err = index_preload(s->memory, SHMEM_GFP & GFP_KERNEL);

	if (err)
		return err;
	err = insert(s, index, page);
	index_preload_end();
	if (err)
		return err;
	page_get(page);
	lru_cache_add(s->memory, page);
	return 0;
}

/* There is a slot in the tree already, so that no node is needed. */
static bool take_slots_place(struct shmem *s, unsigned long index, struct page *page, void *slot)
{
	unsigned long flags = spin_lock_irqsave(&s->lock);
	bool there = index_lookup(&s->tree, index) == slot;

	if (there) {
		index_replace(&s->tree, index, page);
		enter(s, index, page);
	}
	spin_unlock_irqrestore(&s->lock, flags);
	return there;
}

int shmem_add_from_swap(struct shmem *s, unsigned long index, struct page *page, void *slot)
{
	if (!take_slots_place(s, index, page, slot))
		return -EEXIST;
	delete_from_swap_cache(s->memory, page);
	shmem_set_dirty(page);
	swap_free(s->memory, shmem_slot_entry(slot));
	return 0;
}

/* `lock` held. */
static void take_out(struct shmem *s, struct page *page, void *slot)
{
	void *was = slot ? index_replace(&s->tree, page->index, slot) :
			   index_delete(&s->tree, page->index, NULL);

	BUG_ON(was != page);
	leave(s, page);
}

/* Without the page the object may go as soon as `lock` is free. */
void shmem_remove(struct page *page, void *slot)
{
	struct shmem *s = page->mapping;
	struct memory *m = s->memory;
	unsigned long flags = spin_lock_irqsave(&s->lock);

	take_out(s, page, slot);
	spin_unlock_irqrestore(&s->lock, flags);
	page_put(m, page);
}

/* Under `lock` nobody can find it, so nobody can get a reference. Afterwards as above. */
bool shmem_remove_mapping(struct page *page)
{
	struct shmem *s = page->mapping;
	struct memory *m = s->memory;
	unsigned long flags = spin_lock_irqsave(&s->lock);
	bool alone = READ_ONCE(page->refcount) == 2 && !page_has(page, PG_DIRTY);

	if (alone)
		take_out(s, page, NULL);
	spin_unlock_irqrestore(&s->lock, flags);
	if (alone)
		page_put(m, page);
	return alone;
}

/* Reclaim may be about to put it into swap: then its slot is met the next time. */
static void drop_page(struct shmem *s, struct page *page)
{
	lock_page(s->memory, page);
	if (page_has(page, PG_SHMEM) && page->mapping == s)
		shmem_remove(page, NULL);
	unlock_page(s->memory, page);
}

static void drop_slot(struct shmem *s, unsigned long index, void *slot)
{
	unsigned long flags = spin_lock_irqsave(&s->lock);
	bool there = index_lookup(&s->tree, index) == slot;

	if (there)
		index_delete(&s->tree, index, NULL);
	spin_unlock_irqrestore(&s->lock, flags);
	if (there)
		free_swap_and_cache(s->memory, shmem_slot_entry(slot));
}

/* As many from `first` on as go together; pages have a reference more. */
static unsigned int find_some(
	struct shmem *s, unsigned long first, void **found, unsigned long *index)
{
	unsigned long flags = spin_lock_irqsave(&s->lock);
	unsigned int n = index_gang(&s->tree, first, found, index, PAGEVEC_SIZE);

	for (unsigned int i = 0; i < n; i++)
		if (!index_is_shadow(found[i]))
			page_get(found[i]);
	spin_unlock_irqrestore(&s->lock, flags);
	return n;
}

/* From `first` on; false: there was nothing. */
static bool truncate_some(struct shmem *s)
{
	unsigned long index[PAGEVEC_SIZE], pages = 0;
	struct page *page[PAGEVEC_SIZE];
	void *found[PAGEVEC_SIZE];
	unsigned int n = find_some(s, 0, found, index);

	for (unsigned int i = 0; i < n; i++) {
		if (index_is_shadow(found[i])) {
			drop_slot(s, index[i], found[i]);
			continue;
		}
		page[pages++] = found[i];
		drop_page(s, found[i]);
	}
	if (pages) {
		lru_add_drain(s->memory);
		release_pages(s->memory, page, pages);
	}
	return n;
}

void shmem_truncate(struct shmem *s)
{
	while (truncate_some(s))
		cond_resched();
}
