/*
 * The life of a file's pages in memory, and their end (see address_space.h).
 */
#include "mm/cache/page_cache.h"
#include "mm/cache/workingset.h"
#include "mm/lru/pagevec.h"
#include "mm/page/page_lock.h"

#define TREE_GFP (GFP_ATOMIC | __GFP_NOWARN) /* §32.4 */

void cache_state_init(struct memory *m)
{
	spin_lock_init(&m->cache.lock, "mappings");
	spin_lock_init(&m->cache.shadow_lock, "shadow_nodes");
	list_init(&m->cache.mappings);
	list_init(&m->cache.shadow_nodes);
}

void mapping_init(struct address_space *as, struct memory *m, uint64_t bytes,
	const struct address_space_ops *ops, void *host)
{
	*as = (struct address_space){.memory = m,
		.bytes = bytes,
		.size = (bytes + PAGE_SIZE - 1) >> PAGE_SHIFT,
		.gfp = GFP_HIGHUSER_MOVABLE,
		.ra_pages = DEFAULT_RA_PAGES,
		.ops = ops,
		.host = host};
	spin_lock_init(&as->tree_lock, "tree_lock");
	index_root_init(&as->tree, m, TREE_GFP);
	mappers_init(&as->mappers);
	refcount_init(&as->opened);
	spin_lock(&m->cache.lock);
	list_add_tail(&as->all, &m->cache.mappings);
	spin_unlock(&m->cache.lock);
}

void mapping_destroy(struct address_space *as)
{
	struct memory *m = as->memory;

	BUG_ON(as->opened.n != 1);
	truncate_inode_pages(as);
	index_destroy(&as->tree);
	spin_lock(&m->cache.lock);
	list_del(&as->all);
	spin_unlock(&m->cache.lock);
	mappers_forget(&as->mappers);
	lock_forget(&as->tree_lock.info);
}

/* What is found from an index on: pages have a reference more. */
struct found {
	unsigned int n;
	void *entry[PAGEVEC_SIZE];
	unsigned long index[PAGEVEC_SIZE];
};

static bool find_some(struct address_space *as, unsigned long first, struct found *f)
{
	unsigned long flags = spin_lock_irqsave(&as->tree_lock);

	f->n = index_gang(&as->tree, first, f->entry, f->index, PAGEVEC_SIZE);
	for (unsigned int i = 0; i < f->n; i++)
		if (!index_is_shadow(f->entry[i]))
			page_get(f->entry[i]);
	spin_unlock_irqrestore(&as->tree_lock, flags);
	return f->n;
}

static void put_found(struct memory *m, const struct found *f)
{
	for (unsigned int i = 0; i < f->n; i++)
		if (!index_is_shadow(f->entry[i]))
			page_put(m, f->entry[i]);
	cond_resched();
}

/* A page, which the caller has locked, goes; a shadow is forgotten. */
static void truncate_page(struct address_space *as, struct page *page)
{
	if (page->mapping == as)
		delete_from_page_cache(page);
	unlock_page(as->memory, page);
}

/* `wait`: for pages that are locked, as others are being read. */
static void truncate_pass(struct address_space *as, bool wait)
{
	unsigned long first = 0;
	struct found f;

	while (find_some(as, first, &f)) {
		for (unsigned int i = 0; i < f.n; i++) {
			struct page *page = f.entry[i];

			if (index_is_shadow(page)) {
				drop_shadow(as, f.index[i], page);
				continue;
			}
			if (!trylock_page(page)) {
				if (!wait)
					continue;
				lock_page(as->memory, page);
			}
			truncate_page(as, page);
		}
		first = f.index[f.n - 1] + 1;
		put_found(as->memory, &f);
	}
}

void truncate_inode_pages(struct address_space *as)
{
	bool was_exiting = as->exiting;

	as->exiting = true;
	lru_add_drain(as->memory);
	truncate_pass(as, false);
	while (as->tree.entries || as->tree.shadows)
		truncate_pass(as, true);
	as->exiting = was_exiting;
}

/*
 * Clean they all are; what is mapped, or being read, stays, and so does what somebody looks at: but reclaim
 * finds that sooner.
 */
static unsigned long invalidate(struct address_space *as, struct page *page)
{
	bool went;

	if (!trylock_page(page))
		return 0;
	went = page->mapping == as && !READ_ONCE(page->mapcount) &&
		remove_from_page_cache(page, false);
	unlock_page(as->memory, page);
	if (!went)
		deactivate_file_page(as->memory, page);
	return went;
}

unsigned long invalidate_mapping_pages(struct address_space *as)
{
	unsigned long first = 0, went = 0;
	struct found f;

	lru_add_drain(as->memory);
	while (find_some(as, first, &f)) {
		for (unsigned int i = 0; i < f.n; i++)
			if (!index_is_shadow(f.entry[i]))
				went += invalidate(as, f.entry[i]);
		first = f.index[f.n - 1] + 1;
		put_found(as->memory, &f);
	}
	return went;
}

void mapping_read_end(struct address_space *as, struct page *page, int error)
{
	if (error) {
		page_set(page, PG_ERROR);
		page_clear(page, PG_UPTODATE);
	} else {
		page_set(page, PG_UPTODATE);
	}
	unlock_page(as->memory, page);
}
