/*
 * Flags of an allocated page that several may change at once (§16.2): one atomic instruction each. Any
 * context.
 */
#ifndef MM_PAGE_FLAGS_H
#define MM_PAGE_FLAGS_H

#include "mm/page/page.h"

static inline bool page_has(const struct page *page, unsigned int flag)
{
	return READ_ONCE(page->flags) & flag;
}

/* Both: did it have one of them before? */
static inline bool page_set(struct page *page, unsigned int flag)
{
	return __atomic_fetch_or(&page->flags, (uint16_t)flag, __ATOMIC_ACQ_REL) & flag;
}

static inline bool page_clear(struct page *page, unsigned int flag)
{
	return __atomic_fetch_and(&page->flags, (uint16_t)~flag, __ATOMIC_ACQ_REL) & flag;
}

#endif
