/*
 * Address spaces: VMAs, private page tables, demand-zero faults, teardown (§7, §8.5 order:
 * clear the PTE, flush, then free).
 *
 * Units: sizes in pages, addresses and lengths in bytes (page-aligned unless stated). Task
 * context. mmap_sem: write for changing VMAs, read for faults.
 */
#ifndef MM_MM_H
#define MM_MM_H

#include "kernel/core/refcount.h"
#include "mm/memory.h"

#define VM_WRITE  0x1u
#define VM_LOCKED 0x2u
#define VM_SHARED 0x4u

struct vma {
	uint64_t start, end;
	unsigned int flags;
	/* Initial contents of the first template_len bytes; the rest, or all if NULL, is zero. */
	const char *template;
	uint64_t template_len;
	struct list_head node; /* in address order, or free */
};

struct mm {
	struct memory *memory;
	struct refcount users; /* tasks (and borrowers) of the address space */
	struct refcount count; /* references to this struct; users hold one together */
	struct rwsem mmap_sem;
	struct list_head vmas;
	struct vma *last_hit;
	struct list_head free_vmas;
	struct list_head own_pages; /* pages that hold VMAs */
	uint64_t pgd;               /* physical address of the top table */
	uint64_t brk_start, brk;
	unsigned long total_vm;
	long anon_rss; /* changes atomically, as do the tables: threads fault side by side */
	unsigned long file_rss, swapents;
	long nr_ptes, nr_pmds; /* table pages of the two lowest levels */
};

enum fault_result { FAULT_OK, FAULT_NO_VMA, FAULT_OOM };

/* A fresh, empty address space with one user, or NULL when memory is refused. */
struct mm *mm_create(struct memory *m);
/* Drop a user; the last one tears the address space down. Not while its tables are loaded. */
void mm_put_user(struct mm *mm);
/* Drop a reference to the struct. */
void mm_drop(struct mm *mm);
/* The current task leaves its address space (§7.7): mmap_sem for read, then drop. */
void exit_mm(struct memory *m);

/* Map `len` bytes at `start`, which must be free. 0, or -1 (overlap or out of memory). */
int mm_map_fixed(struct mm *mm, uint64_t start, uint64_t len, unsigned int flags,
	const char *template, uint64_t template_len);
/* Map `len` bytes at the lowest free place at or above `hint`; 0 when there is none. */
uint64_t mm_map(struct mm *mm, uint64_t hint, uint64_t len, unsigned int flags);
/*
 * Unmap a range, VMAs split as needed; pages are freed. 0, or -1: not page-aligned, empty, not
 * below APP_END, or out of memory.
 */
int mm_unmap(struct mm *mm, uint64_t start, uint64_t len);
/* Grow or shrink the heap to end at `brk` (any alignment). 0, or -1. */
int mm_set_brk(struct mm *mm, uint64_t brk);

/* mmap_sem held. */
struct vma *find_vma(struct mm *mm, uint64_t addr);
/* Serve a fault at `addr`; takes mmap_sem for read. */
enum fault_result mm_fault(struct mm *mm, uint64_t addr);
/* mmap_sem held for read; `vma` holds `addr`. */
enum fault_result handle_mm_fault(struct mm *mm, struct vma *vma, uint64_t addr);

#endif
