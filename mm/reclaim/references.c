/*
 * Who has used it? (see references.h)
 */
#include "mm/lru/lru.h"
#include "mm/reclaim/references.h"
#include "mm/space/rmap.h"

enum page_references page_check_references(struct memory *m, struct page *page)
{
	unsigned int vm_flags;
	int users = page_referenced(m, page, true, &vm_flags);
	bool marked = page_clear(page, PG_REFERENCED);

	if (vm_flags & VM_LOCKED)
		return PAGEREF_RECLAIM; /* to be found out, and locked, when it is unmapped */
	if (page_lru_class(page) == LRU_ANON)
		return users ? PAGEREF_ACTIVATE : PAGEREF_RECLAIM;
	if (users) {
		page_set(page, PG_REFERENCED);
		return marked || users > 1 || (vm_flags & VM_EXEC) ? PAGEREF_ACTIVATE :
								     PAGEREF_KEEP;
	}
	return marked ? PAGEREF_RECLAIM_CLEAN : PAGEREF_RECLAIM;
}
