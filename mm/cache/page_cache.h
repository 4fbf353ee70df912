/*
 * Pages in the cache (§32.2 to §32.4, §32.7). One has PG_FILE, its file in `mapping`, its place in `index`, and
 * a reference of the cache's. It enters, and leaves, locked: who has the lock and finds `mapping` set, has it in
 * the cache. Units: pages.
 */
#ifndef MM_PAGE_CACHE_H
#define MM_PAGE_CACHE_H

#include "mm/cache/address_space.h"

/* §32.2: the page at a place, with a reference, or NULL. Nothing is marked. Any context. */
struct page *find_get_page(struct address_space *as, unsigned long index);
/* Is one there, now? */
bool page_cache_has(struct address_space *as, unsigned long index);
/* The first place from `index` on, and before index + most, where no page is; index + most: there is one everywhere. */
unsigned long next_hole(struct address_space *as, unsigned long index, unsigned long most);
/* How many pages there are in a row right before `index`, at most `most`. */
unsigned long pages_before(struct address_space *as, unsigned long index, unsigned long most);

/*
 * §32.4: a new page, its caller's alone, enters, locked, and is on its way to a list: 0, with the caller's
 * reference as before; -EEXIST: one is there; -ENOMEM: no node. It is not the file's then. `gfp`: with
 * which nodes are preloaded, if it may sleep. Task context.
 */
int add_to_page_cache_lru(
	struct address_space *as, struct page *page, unsigned long index, gfp_t gfp);
/* A page of the cache, locked, leaves it without a trace; the caller has a reference. */
void delete_from_page_cache(struct page *page);
/*
 * The same of one that nobody but the cache and the caller has: true. False: it stays. `evicted`: by reclaim,
 * and where it was a shadow stays (§21).
 */
bool remove_from_page_cache(struct page *page, bool evicted);
/* A shadow, if it is still there, is forgotten. */
void drop_shadow(struct address_space *as, unsigned long index, void *shadow);

#endif
