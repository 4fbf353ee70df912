/*
 * Pages enter and leave the cache (see page_cache.h).
 */
#include <errno.h>

#include "mm/cache/page_cache.h"
#include "mm/cache/workingset.h"
#include "mm/index/index_node.h"
#include "mm/lru/pagevec.h"

/* tree_lock held. */
static struct page *page_at(const struct address_space *as, unsigned long index)
{
	void *found = index_lookup(&as->tree, index);

	return found && !index_is_shadow(found) ? found : NULL;
}

struct page *find_get_page(struct address_space *as, unsigned long index)
{
	unsigned long flags = spin_lock_irqsave(&as->tree_lock);
	struct page *page = page_at(as, index);

	if (page)
		page_get(page);
	spin_unlock_irqrestore(&as->tree_lock, flags);
	return page;
}

bool page_cache_has(struct address_space *as, unsigned long index)
{
	unsigned long flags = spin_lock_irqsave(&as->tree_lock);
	bool has = page_at(as, index);

	spin_unlock_irqrestore(&as->tree_lock, flags);
	return has;
}

unsigned long next_hole(struct address_space *as, unsigned long index, unsigned long most)
{
	unsigned long flags = spin_lock_irqsave(&as->tree_lock);

	while (most && page_at(as, index)) {
		index++;
		most--;
	}
	spin_unlock_irqrestore(&as->tree_lock, flags);
	return index;
}

unsigned long pages_before(struct address_space *as, unsigned long index, unsigned long most)
{
	unsigned long flags = spin_lock_irqsave(&as->tree_lock), n = 0;

	while (n < most && n < index && page_at(as, index - n - 1))
		n++;
	spin_unlock_irqrestore(&as->tree_lock, flags);
	return n;
}

/* tree_lock held. */
static int insert(struct address_space *as, struct page *page, unsigned long index, void **shadow)
{
	int err = index_insert(&as->tree, index, page, shadow);

	if (err)
		return err;
	page_get(page);
	page->index = index;
	page->mapping = as;
	workingset_leaf_changed(as->memory, index_leaf(&as->tree, index));
	node_stat_inc(as->memory, NR_FILE_PAGES);
	return 0;
}

static int insert_locked(
	struct address_space *as, struct page *page, unsigned long index, void **shadow)
{
	unsigned long flags = spin_lock_irqsave(&as->tree_lock);
	int err = insert(as, page, index, shadow);

	spin_unlock_irqrestore(&as->tree_lock, flags);
	return err;
}

/* What it is marked with, as read-ahead does it, stays. Until it is in the tree nobody sees it. */
int add_to_page_cache_lru(
	struct address_space *as, struct page *page, unsigned long index, gfp_t gfp)
{
	struct memory *m = as->memory;
	void *shadow = NULL;
	int err;

	page_set(page, PG_LOCKED | PG_FILE);
	err = index_preload(m, gfp & ~(__GFP_HIGHMEM | __GFP_MOVABLE));
	if (!err) {
		err = insert_locked(as, page, index, &shadow);
		index_preload_end();
	}
	if (err) {
		page_clear(page, PG_LOCKED | PG_FILE);
		page->mapping = NULL;
		return err;
	}
	if (shadow && !(gfp & __GFP_WRITE) && workingset_refault(m, shadow)) {
		page_set(page, PG_ACTIVE);
		workingset_activation(m);
	}
	page_get(page);
	lru_cache_add(m, page);
	return 0;
}

/* The page's lock and tree_lock held; the cache's reference is the caller's to drop. */
static void leave(struct address_space *as, struct page *page, void *shadow)
{
	unsigned long index = page->index;
	void *was = index_delete(&as->tree, index, shadow);

	BUG_ON(was != page || READ_ONCE(page->mapcount) || !page_has(page, PG_LOCKED));
	workingset_leaf_changed(as->memory, index_leaf(&as->tree, index));
	WRITE_ONCE(page->mapping, NULL);
	node_stat_dec(as->memory, NR_FILE_PAGES);
}

void delete_from_page_cache(struct page *page)
{
	struct address_space *as = page->mapping;
	struct memory *m = as->memory;
	unsigned long flags = spin_lock_irqsave(&as->tree_lock);

	leave(as, page, NULL);
	spin_unlock_irqrestore(&as->tree_lock, flags);
	page_put(m, page);
}

/* Under tree_lock nobody can find it, so nobody can get a reference. Without it the file may go. */
bool remove_from_page_cache(struct page *page, bool evicted)
{
	struct address_space *as = page->mapping;
	struct memory *m;
	unsigned long flags;
	bool alone;

	if (!as)
		return false;
	m = as->memory;
	flags = spin_lock_irqsave(&as->tree_lock);
	alone = READ_ONCE(page->refcount) == 2 && !page_has(page, PG_DIRTY);
	if (alone)
		leave(as, page, evicted && !as->exiting ? workingset_eviction(m) : NULL);
	spin_unlock_irqrestore(&as->tree_lock, flags);
	if (alone)
		page_put(m, page);
	return alone;
}

/* Its node may be one that is listed for having shadows alone: with the last one it goes. */
void drop_shadow(struct address_space *as, unsigned long index, void *shadow)
{
	unsigned long flags = spin_lock_irqsave(&as->tree_lock);
	struct index_node *leaf = index_leaf(&as->tree, index);

	if (index_lookup(&as->tree, index) == shadow) {
		if (leaf && leaf->used == 1)
			workingset_forget_leaf(as->memory, leaf);
		index_delete(&as->tree, index, NULL);
	}
	spin_unlock_irqrestore(&as->tree_lock, flags);
}
