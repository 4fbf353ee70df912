/*
 * The swap cache (§20.6, §20.8 to §20.12): pages that have a slot, by entry, one tree for each area. Such a
 * page has PG_SWAPCACHE, its entry in `private`, and a reference of the cache's.
 *
 * Task context. A function that takes a page wants it locked, unless it says otherwise.
 */
#ifndef MM_SWAP_CACHE_H
#define MM_SWAP_CACHE_H

#include "mm/lru/lru.h"
#include "mm/page/page_lock.h"
#include "mm/swap/swap.h"

static inline swp_entry_t page_swap_entry(const struct page *page)
{
	return (swp_entry_t){page->private};
}

/*
 * A slot for a page that has none; false: there is no slot, or no memory for the tree (§20.6), which takes
 * from the reserves, GFP_ATOMIC. The page's contents must come along.
 */
bool add_to_swap(struct memory *m, struct page *page);
/*
 * The page enters the cache at a slot that has been prepared: 0, or -ENOMEM, and the slot is as it was.
 * Who may sleep has preloaded nodes.
 */
int insert_swap_cache(struct memory *m, struct page *page, swp_entry_t e);
/* It leaves; the slot may become free. The caller has a reference besides the cache's. */
void delete_from_swap_cache(struct memory *m, struct page *page);
/*
 * It leaves, if nobody but the cache and the caller has a reference and it is as in its slot (§20.8): true,
 * and the caller's reference is the last.
 */
bool swap_remove_mapping(struct memory *m, struct page *page);

/* With a reference, or NULL. By a fault: counted in the statistics, and as a hit of read-ahead (§20.9). */
struct page *lookup_swap_cache(struct memory *m, swp_entry_t e);
/* By anybody else (§20.14). */
struct page *find_swap_page(struct memory *m, swp_entry_t e);

/* §20.9: if no table names its slot and it is not being written it leaves the cache, dirty: true. */
bool try_to_free_swap(struct memory *m, struct page *page);
/* §20.9: it is the only one of its contents, so who writes may have it; by then it has left the cache. */
bool reuse_swap_page(struct memory *m, struct page *page);
/* §20.12: a table does not name it any more; a page that only the cache has goes. No page locked. */
void free_swap_and_cache(struct memory *m, swp_entry_t e);
/* §20.4 step 3: a slot that only the cache has, and which the caller wants. The same. */
bool swap_reclaim_cached(struct memory *m, swp_entry_t e);

/*
 * §20.10: the page of a slot, in the cache, with a reference, being read or read; NULL: no memory, or
 * nobody uses the slot. *begun: this call has begun to read it. No page locked; may sleep.
 */
struct page *read_swap_cache(struct memory *m, swp_entry_t e, gfp_t gfp, bool *begun);
/* §20.11: the same for a fault, with its neighbours. */
struct page *swapin_readahead(struct memory *m, swp_entry_t e, gfp_t gfp);
/* How many slots around this one to read, by what earlier windows brought. */
unsigned long swapin_nr_pages(struct memory *m, unsigned long offset);

/*
 * §20.7: to its slot. 0: it is on its way, or there, or nobody needs it; -EIO: a synchronous device
 * refused, and the page is dirty. Unlocks it. May sleep.
 */
int swap_writepage(struct memory *m, struct page *page);
/* From its slot: uptodate, or not, when it is unlocked. May sleep. */
void swap_readpage(struct memory *m, struct page *page);

#endif
