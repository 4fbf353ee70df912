/*
 * The swap cache: pages enter and leave (see swap_cache.h).
 */
#include "mm/index/index.h"
#include "mm/swap/swap_area.h"
#include "mm/swap/swap_cache.h"

static struct swap_area *area_of(struct memory *m, const struct page *page)
{
	return m->swap.area[swp_type(page_swap_entry(page))];
}

int insert_swap_cache(struct memory *m, struct page *page, swp_entry_t e)
{
	struct swap_area *a = m->swap.area[swp_type(e)];
	unsigned long flags;
	int err;

	page_get(page);
	page->private = e.val;
	page_set(page, PG_SWAPCACHE);
	flags = spin_lock_irqsave(&a->tree_lock);
	err = index_insert(&a->tree, e.val, page, NULL);
	if (!err) {
		atomic_add(&m->swap.cached, 1);
		node_stat_inc(m, NR_FILE_PAGES);
		atomic_add(&m->swap.added, 1);
	}
	spin_unlock_irqrestore(&a->tree_lock, flags);
	if (err) {
		page_clear(page, PG_SWAPCACHE);
		page->private = 0;
		page_put(m, page);
	}
	return err;
}

bool add_to_swap(struct memory *m, struct page *page)
{
	swp_entry_t e = get_swap_page(m);

	if (!e.val)
		return false;
	/* 4.8's preload is none here: its mask may not sleep. The tree asks with its own (§20.6). */
	if (!insert_swap_cache(m, page, e)) {
		page_set(page, PG_UPTODATE); /* as every page of an app's is that was not read */
		return true;
	}
	swapcache_free(m, e);
	return false;
}

/* tree_lock held. */
static void remove_page(struct swap_area *a, struct page *page)
{
	void *was = index_delete(&a->tree, page->private, NULL);

	BUG_ON(was != page || page_has(page, PG_WRITEBACK) || !page_has(page, PG_SWAPCACHE));
	page_clear(page, PG_SWAPCACHE);
	page->private = 0;
	atomic_add(&a->memory->swap.cached, -1);
	node_stat_dec(a->memory, NR_FILE_PAGES);
	atomic_add(&a->memory->swap.deleted, 1);
}

void delete_from_swap_cache(struct memory *m, struct page *page)
{
	struct swap_area *a = area_of(m, page);
	swp_entry_t e = page_swap_entry(page);
	unsigned long flags = spin_lock_irqsave(&a->tree_lock);

	remove_page(a, page);
	spin_unlock_irqrestore(&a->tree_lock, flags);
	swapcache_free(m, e);
	page_put(m, page);
}

/* Under tree_lock nobody can find it, so nobody can get a reference. */
bool swap_remove_mapping(struct memory *m, struct page *page)
{
	struct swap_area *a = area_of(m, page);
	swp_entry_t e = page_swap_entry(page);
	unsigned long flags = spin_lock_irqsave(&a->tree_lock);
	bool alone = READ_ONCE(page->refcount) == 2 && !page_has(page, PG_DIRTY | PG_WRITEBACK);

	if (alone)
		remove_page(a, page);
	spin_unlock_irqrestore(&a->tree_lock, flags);
	if (!alone)
		return false;
	swapcache_free(m, e);
	page_put(m, page);
	return true;
}

struct page *find_swap_page(struct memory *m, swp_entry_t e)
{
	struct swap_area *a = swap_area_of(m, e);
	struct page *page;
	unsigned long flags;

	if (!a)
		return NULL;
	flags = spin_lock_irqsave(&a->tree_lock);
	page = index_lookup(&a->tree, e.val);
	if (page)
		page_get(page);
	spin_unlock_irqrestore(&a->tree_lock, flags);
	return page;
}

struct page *lookup_swap_cache(struct memory *m, swp_entry_t e)
{
	struct page *page = find_swap_page(m, e);

	m->swap.find_total++;
	if (!page)
		return NULL;
	m->swap.find_success++;
	if (page_clear(page, PG_RECLAIM))
		atomic_add(&m->swap.hits, 1);
	return page;
}

static void leave_alive(struct memory *m, struct page *page)
{
	delete_from_swap_cache(m, page);
	page_set(page, PG_DIRTY); /* its contents are here alone from now on (§16.6) */
}

bool try_to_free_swap(struct memory *m, struct page *page)
{
	BUG_ON(!page_has(page, PG_LOCKED));
	if (!page_has(page, PG_SWAPCACHE) || page_has(page, PG_WRITEBACK))
		return false;
	if (swap_count(m, page_swap_entry(page)) || m->storage_suspended)
		return false;
	leave_alive(m, page);
	return true;
}

bool reuse_swap_page(struct memory *m, struct page *page)
{
	int count = READ_ONCE(page->mapcount);

	BUG_ON(!page_has(page, PG_LOCKED));
	if (count > 1 || !page_has(page, PG_SWAPCACHE))
		return count <= 1;
	count += swap_count(m, page_swap_entry(page));
	if (count == 1 && !page_has(page, PG_WRITEBACK))
		leave_alive(m, page);
	return count <= 1;
}

/* The page that holds a slot which it may have to itself, locked and with a reference; NULL: not now. */
static struct page *lock_cached(struct memory *m, swp_entry_t e)
{
	struct page *page = find_swap_page(m, e);

	if (!page || trylock_page(page))
		return page;
	page_put(m, page);
	return NULL;
}

static bool is_of(const struct page *page, swp_entry_t e)
{
	return page_has(page, PG_SWAPCACHE) && page->private == e.val;
}

/* The count goes down, and if then only the cache is left its page comes, locked, before anybody else can. */
static struct page *put_and_lock(struct memory *m, swp_entry_t e)
{
	struct swap_area *a = swap_lock_used(m, e, "swap_free");
	struct page *page = NULL;

	if (!a)
		return NULL;
	if (swap_put_locked(a, swp_offset(e)) == SWAP_HAS_CACHE)
		page = lock_cached(m, e);
	spin_unlock(&a->lock);
	return page;
}

void free_swap_and_cache(struct memory *m, swp_entry_t e)
{
	struct page *page = put_and_lock(m, e);

	if (!page)
		return;
	if (is_of(page, e) && !page_has(page, PG_WRITEBACK) &&
		(READ_ONCE(page->mapcount) == 0 || vm_swap_full(m)))
		leave_alive(m, page);
	unlock_page(m, page);
	page_put(m, page);
}

bool swap_reclaim_cached(struct memory *m, swp_entry_t e)
{
	struct page *page = lock_cached(m, e);
	bool freed;

	if (!page)
		return false;
	freed = is_of(page, e) && try_to_free_swap(m, page);
	unlock_page(m, page);
	page_put(m, page);
	return freed;
}
