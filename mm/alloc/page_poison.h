/*
 * Debug builds fill memory with odd, visible bytes: one for what was freed, another for what is
 * handed out without __GFP_ZERO, so that use after free and use before set-up show themselves. What
 * was freed must be as it was left when it is handed out again. Nothing at all in other builds.
 */
#ifndef MM_PAGE_POISON_H
#define MM_PAGE_POISON_H

#include "mm/page/page.h"

struct memory;

#define PAGE_POISON_FREE  0x6b6b6b6b6b6b6b6bul
#define PAGE_POISON_FRESH 0x5a5a5a5a5a5a5a5aul

#ifdef LW_DEBUG
/*
 * A block of 2^order pages that is its caller's alone; any context. Does not return if a TLB may still know
 * one of them (bad_page()).
 */
void page_poison(
	const struct memory *m, struct page *page, unsigned int order, unsigned long pattern);
/* Of 2^order pages that are handed out; any context. Does not return if somebody wrote to one (bad_page()). */
void page_poison_check(const struct memory *m, struct page *page, unsigned int order);
#else
#define page_poison(m, page, order, pattern) ((void)0)
#define page_poison_check(m, page, order)    ((void)0)
#endif

#endif
