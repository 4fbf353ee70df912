/*
 * From a page to the entries that map it (§19.3): who has used it, and take it out of all tables. For
 * reclaim, which has found the page on a list: it needs no mmap_sem, and waits for none.
 *
 * Task context that may sleep (an anon_vma's `sem`, answers of other CPUs); no spinlock held. The caller has a
 * reference to the page besides its entries'. Nothing here asks for memory.
 *
 * Pages of shmem and of files are walked with their lock held: it keeps the object there.
 */
#ifndef MM_RMAP_H
#define MM_RMAP_H

#include "mm/space/mm.h"
#include "mm/space/tlb_batch.h"

/*
 * Call `visit` for each VMA whose entry, at `pte`, maps the page at a first look; true: go on. The VMA's
 * start, end and tables stay meanwhile; its flags, and the entry, may change any time.
 */
typedef bool (*rmap_visit)(struct vma *v, uint64_t addr, uint64_t *pte, void *arg);
void rmap_walk(struct memory *m, struct page *page, rmap_visit visit, void *arg);

/* The page, locked and isolated, is marked as locked in memory if a VMA says so whose entry maps it: true. */
bool mlock_by_others(struct memory *m, struct page *page);

/*
 * §19.5: entries through which the page was used since it was last asked; they are marked unused, which no
 * TLB is told (trap 37). *vm_flags: VM_* of their VMAs; with VM_LOCKED of any the walk ends, and the count
 * means nothing. `is_locked`: the page is, by the caller; else one that is not anonymous is locked
 * here, and counts as used once if that cannot be done at once.
 */
int page_referenced(struct memory *m, struct page *page, bool is_locked, unsigned int *vm_flags);

enum swap_result {
	SWAP_SUCCESS, /* nobody maps it any more */
	SWAP_AGAIN,   /* somebody still does */
	SWAP_FAIL,    /* it has been used meanwhile, or its slot has too many users */
	SWAP_MLOCK,   /* it belongs to a locked VMA, and is marked so (mlock.h) */
	SWAP_LZFREE,  /* nobody maps it, and its contents are not needed */
};

/*
 * §19.6: the page, locked, leaves all tables. Of shmem and of a file their entries become empty, and what they say of a write
 * goes to the page; else it is in the swap cache, and its slot takes its place there. With
 * `lazy_free` (it was put into the swap cache just now, so its slot is empty) an entry through which
 * nothing was written is left empty, unless the page is PG_DIRTY: such memory was given back (§19.7). What
 * was written through entries is in PG_DIRTY afterwards. After anything but success some entries may be gone.
 *
 * `batch` NULL: all TLBs have forgotten it at the return. Else they are to be told by
 * try_to_unmap_flush(), before the caller gives back its reference or the page is read or written.
 */
enum swap_result try_to_unmap(
	struct memory *m, struct page *page, bool lazy_free, struct tlb_batch *batch);

/*
 * §17.10a step 14: whoever keeps a page that nobody maps any more, the swap cache, an object or a file, gives it up:
 * its reference goes, and the caller's is the last. The page is locked. False: it is dirty, somebody else has it, or
 * nobody keeps it.
 */
bool remove_mapping(struct memory *m, struct page *page);

/* Has the page been used by this entry? It is marked unused then. False, too, if it maps another by now. */
bool pte_test_clear_young(const struct memory *m, uint64_t *pte, const struct page *page);

#endif
