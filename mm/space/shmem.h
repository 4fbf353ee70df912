/*
 * Shared anonymous memory (§16, §30c item 3): an object has the pages, whoever maps them. It is made with the
 * first VMA of VM_SHARED and goes with the last; a VMA shows `offset` and what follows of it, in pages, and
 * pieces of one VMA show parts of one object. The object's tree holds for each offset a page, or the entry of the slot
 * that its page is in; what was never touched, or never written to, is not there.
 *
 * Its pages have PG_SHMEM, the object in `mapping` and their offset in `index`, and a reference of the tree's.
 * They are swap-backed, so on the anonymous lists, but not anonymous. A page enters and leaves with its own
 * lock held: with the lock, PG_SHMEM says that the object is there, and where. It is in the tree or in the swap
 * cache, but for a moment in which its lock is held.
 *
 * Locks: mmap_sem, then a page's, then the mappers' `sem`; or `lock`, interrupts off, for the tree and its counters. Inside memory.shmems_lock nothing is taken.
 * Nodes of the tree are asked for with `lock` held, GFP_ATOMIC (§26). With `sem` held nobody asks for memory.
 */
#ifndef MM_SHMEM_H
#define MM_SHMEM_H

#include "kernel/core/lock/lock.h"
#include "mm/cache/mappers.h"
#include "mm/index/index.h"
#include "mm/page/page_flags.h"
#include "mm/space/mm.h"
#include "mm/swap/swap.h"

#define SHMEM_GFP GFP_HIGHUSER_MOVABLE

struct shmem {
	struct memory *memory;
	struct refcount refs; /* its VMAs, and who looks through all objects */
	unsigned long size;   /* pages */
	struct spinlock lock;
	struct index_root tree; /* entries: pages; shadows: slots, as shmem_slot() has them */
	struct mappers mappers;
	bool unmapped;        /* reclaim has unmapped pages: a TLB may learn of that late */
	struct list_head all; /* (shmems_lock) of memory.shmems */
};

/* Boot. */
void shmem_init(struct memory *m);

/* The VMA gets an object of its own, of its size; false: no memory. mmap_sem held for writing, as below. */
bool shmem_create(struct vma *v);
/* The VMA shows what `of` shows, from `offset` pages of the object on. */
void shmem_share(struct vma *v, const struct vma *of, unsigned long offset);
/* The object, which goes with the last: its pages, wherever they are. May sleep. */
void shmem_put(struct shmem *s);
/* The next object, or the first (NULL), with a reference; that of `s` goes. */
struct shmem *shmem_next(struct memory *m, struct shmem *s);

/* How the tree has the entry of a slot. */
static inline void *shmem_slot(swp_entry_t e)
{
	return (void *)(e.val << 2 | 2);
}

static inline swp_entry_t shmem_slot_entry(const void *slot)
{
	return (swp_entry_t){(uintptr_t)slot >> 2};
}

/* What is at an offset: a page, with a reference; a slot; or NULL. */
void *shmem_find(struct shmem *s, unsigned long index);
bool shmem_has(struct shmem *s, unsigned long index, const void *what);
/* As shmem_find(), but a page is locked; or NULL, and *slot. May sleep. */
struct page *shmem_find_lock(struct shmem *s, unsigned long index, void **slot);
/*
 * A new page, locked, its caller's alone, enters: 0, on its way to the inactive list and with the caller's
 * reference as before; -EEXIST: something is there; -ENOMEM. It is not the object's then. May sleep.
 */
int shmem_add(struct shmem *s, unsigned long index, struct page *page);
/*
 * The page of a slot, locked, in the swap cache, read and not being written, takes the slot's place, and the
 * slot is free: 0, and it is dirty; -EEXIST: the slot is not there any more.
 */
int shmem_add_from_swap(struct shmem *s, unsigned long index, struct page *page, void *slot);
/* A page that is in the tree, locked, leaves; `slot` comes in its place, or NULL. The tree's reference goes. */
void shmem_remove(struct page *page, void *slot);
/* The same of a clean page that nobody but the tree and the caller has (§17.10a step 14); false: it stays. */
bool shmem_remove_mapping(struct page *page);
/* All pages and slots go. Nobody maps it. */
void shmem_truncate(struct shmem *s);

/* A fault on a VMA of VM_SHARED whose entry at `pte` is empty. mmap_sem held for read. */
enum fault_result shmem_fault(
	struct mm *mm, struct vma *vma, uint64_t addr, unsigned int flags, uint64_t *pte);
/* It was written to: it must not be dropped, nor rotated as soon as it has been written. */
static inline void shmem_set_dirty(struct page *page)
{
	page_clear(page, PG_RECLAIM);
	page_set(page, PG_DIRTY);
}

/*
 * §30c item 3: a page that nobody maps any more, locked, goes to swap. True: it is unlocked, and the swap
 * cache's: written or on its way, or PG_ERROR says that the disk has refused it. False: no slot, or no memory;
 * locked and dirty, it stays. May sleep.
 */
bool shmem_writepage(struct memory *m, struct page *page);
/*
 * §20.13: the page of a slot that shmem names, as for shmem_add_from_swap(), to the object that has it. It may be
 * unlocked for a moment then, and is nobody's if the object has gone meanwhile. May sleep.
 */
void shmem_unuse(struct memory *m, struct page *page, swp_entry_t e);

/*
 * Do trees, pages, slots and totals agree? NULL, or one line. *mapped: pages that somebody maps are added. Nobody
 * changes them meanwhile.
 */
const char *shmem_validate(const struct memory *m, long *mapped);

#endif
