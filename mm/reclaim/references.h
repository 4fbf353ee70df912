/*
 * Has a page of an inactive list been used since reclaim last came by? (§19.5)
 */
#ifndef MM_REFERENCES_H
#define MM_REFERENCES_H

#include "mm/reclaim/scan.h"

enum page_references {
	PAGEREF_RECLAIM,
	PAGEREF_RECLAIM_CLEAN, /* if it need not be written */
	PAGEREF_KEEP,
	PAGEREF_ACTIVATE,
};

/* The page is locked; its marks are gone then. */
enum page_references page_check_references(struct memory *m, struct page *page);

#endif
