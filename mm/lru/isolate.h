/*
 * Pages leave the lists to be looked at, and come back (§17.8, §27). Who isolates a page has a reference;
 * nobody else finds it on a list meanwhile.
 */
#ifndef MM_ISOLATE_H
#define MM_ISOLATE_H

#include "mm/lru/lru.h"

/* What one walk has met, in pages: looked at, as §17.8 counts them, and passed over. */
struct isolation {
	unsigned long scanned, skipped;
};

/*
 * Up to `n` pages from a list's tail to the head of `taken`; those of zones above `highest` are passed over, and
 * go to the list's head. Returns how many were taken. lru_lock held.
 */
unsigned long isolate_lru_pages(struct memory *m, enum lru_list lru, unsigned long n,
	enum zone_type highest, struct list_head *taken, struct isolation *met);

/* One page, of which the caller has a reference: true, and it has one more; false: it is on no list. */
bool isolate_lru_page(struct memory *m, struct page *page);
/* To where its flags say that it belongs; the isolation's reference goes. */
void putback_lru_page(struct memory *m, struct page *page);

/* A page that is on no list, and new, or isolated: to the unevictable ones. A reference is held. */
void lru_add_unevictable(struct memory *m, struct page *page);

#endif
