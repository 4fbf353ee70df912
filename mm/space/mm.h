/*
 * The room mm/space: address spaces of apps.
 *
 * In reading order: mm.h (this: life, faults, calls), mm.c, vma.h and vma.c (find, map, split, unmap),
 * pgtable.h (page tables), fault.c, swap_in.h and swap_in.c (a page that is in swap), mlock.h,
 * mprotect.c, zap.h (taking pages out), gather.h (their way to be freed), anon_vma.h (from a page to
 * the VMAs that map it), shmem.h (pages that several may map: shmem.c, shmem_pages.c, shmem_fault.c,
 * shmem_swap.c, shmem_validate.c), file_map.h (pages of files: file_map.c, file_fault.c), rmap.h with
 * rmap.c and unmap.c (what reclaim does with all that), tlb_batch.h, mapped.h, swap_out.c, swap_off.h
 * (all pages of an area come back).
 *
 * Locks: mmap_sem, outside zone->lock and oom_lock; then a page's lock; then an anon_vma's or an
 * object's. Table entries change by compare-exchange, since threads fault side by side under mmap_sem
 * for reading, and reclaim unmaps without it: an entry that maps a page may become a slot's, or empty,
 * any time.
 */

/*
 * Address spaces: VMAs, private page tables, demand-zero faults, teardown (§7).
 *
 * Units: sizes in pages, addresses and lengths in bytes (page-aligned unless stated). Task
 * context. mmap_sem: write for changing VMAs, read for faults.
 */
#ifndef MM_MM_H
#define MM_MM_H

#include "kernel/core/refcount.h"
#include "kernel/core/sched/work.h"
#include "mm/page/memory.h"

#define VM_WRITE   0x1u
#define VM_LOCKED  0x2u
#define VM_SHARED  0x4u /* shared anonymous memory (shmem.h); has no template */
#define VM_HUGETLB 0x8u /* nothing makes one yet; the reaper leaves it alone */
#define VM_FILE                                                                                    \
	0x10u /* a file, which is only read (file_map.h); has no template, is never VM_WRITE */
#define VM_EXEC 0x20u /* what is there is run: kept in memory rather (§17.10) */
#define VM_MAYSHARE                                                                                \
	0x40u /* of VM_FILE: others may have asked for the same; the reaper leaves it alone */
#define VM_SEQ_READ  0x80u  /* of VM_FILE: advised to be read from its beginning on, ... */
#define VM_RAND_READ 0x100u /* ... or at random */

/* Of what has its pages by an object that several may map, and by which its VMAs are found. */
#define VM_OBJECT (VM_SHARED | VM_FILE)

/* Of mm.flags, set atomically (§7.1). */
#define MMF_OOM_SKIP 0x1u /* killed, and reaped or given up: no longer in the killer's way */
#define MMF_UNSTABLE 0x2u /* being reaped: what the kernel reads from it is not what was written */

struct vma {
	uint64_t start, end;
	unsigned int flags;
	unsigned int offset; /* of VM_OBJECT: where in the object it begins, in pages */
	union {
		/* Initial contents of the first template_len bytes; the rest, or all if NULL, is zero. */
		const char *template;
		struct shmem *object; /* of VM_SHARED */
		struct file *file;    /* of VM_FILE: a reference */
	};
	uint64_t template_len; /* 0 of VM_OBJECT */
	struct list_head node; /* in address order */
	struct mm *mm;
	void *rmap; /* `mapping` of its pages (anon_vma.h); NULL: not yet made; of VM_OBJECT always */
	union {
		struct anon_vma_chain *chain; /* NULL: no page of its own has been asked for yet */
		struct vma *next_mapper;      /* of VM_OBJECT: of the same object (mappers.h) */
	};
};

/* Where in its object an address of a VMA of VM_OBJECT is. */
static inline unsigned long vma_index(const struct vma *v, uint64_t addr)
{
	return v->offset + ((addr - v->start) >> PAGE_SHIFT);
}

struct mm {
	struct memory *memory;
	struct refcount users; /* tasks (and borrowers) of the address space */
	struct refcount count; /* references to this struct; users hold one together */
	struct rwsem mmap_sem;
	struct work teardown; /* when a worker is to do it */
	struct list_head vmas;
	struct vma *last_hit;
	uint64_t pgd; /* physical address of the top table */
	uint64_t brk_start, brk;
	unsigned int flags; /* MMF_* */
	unsigned long total_vm;
	/* Change atomically, as do the tables: threads fault side by side. */
	long anon_rss, shmem_rss, file_rss;
	long swapents;         /* entries of slots in swap (§19.4); atomically */
	long nr_ptes, nr_pmds; /* table pages of the two lowest levels */
	struct list_head
		swap_node; /* (mms_lock) of swap_state.mms, from its first entry of a slot on */
};

/*
 * Pages that a counter of an address space says. As 4.8's get_mm_counter(): while one CPU counts what it has
 * mapped, another one may have taken that out again, and for a moment there are fewer than none.
 */
static inline unsigned long mm_counter(const long *counter)
{
	return MAX(READ_ONCE(*counter), 0l);
}

static inline unsigned long mm_rss(const struct mm *mm)
{
	return mm_counter(&mm->anon_rss) + mm_counter(&mm->file_rss) + mm_counter(&mm->shmem_rss);
}

enum fault_result {
	FAULT_OK,
	FAULT_BAD_ADDRESS,
	FAULT_OOM,
	FAULT_SIGBUS, /* beyond a file's end, or it could not be read, also from swap */
	FAULT_RETRY, /* of handle_mm_fault(): wait for current->fault_page, without mmap_sem, and try again */
};

/* Of a fault. */
#define FAULT_WRITE  VM_WRITE
#define FAULT_KERNEL 0x2u /* by kernel code on the app's behalf: depth above 0 */
#define FAULT_TRIED  0x4u /* again: it does not end with FAULT_RETRY, unless it is killed */
#define FAULT_AROUND                                                                               \
	0x8u /* what is in memory around it has been mapped, but was not what is needed */

/* Boot: the caches of both structs (§31.5). */
void space_init(struct memory *m);
/* A fresh, empty address space with one user, or NULL when memory is refused. */
struct mm *mm_create(struct memory *m);
/* One user more, unless the last one has gone: false, and the tables are not to be looked at. */
static inline bool mm_get_user(struct mm *mm)
{
	return refcount_get_live(&mm->users);
}
/*
 * Drop a user; the last one tears the address space down: true. Not while its tables are loaded.
 * Async: that is left to a worker, for one who must not wait for it.
 */
bool mm_put_user(struct mm *mm);
void mm_put_user_async(struct mm *mm);
/* One reference to the struct more, by who holds one; and drop one. */
static inline void mm_pin(struct mm *mm)
{
	refcount_get(&mm->count);
}
void mm_drop(struct mm *mm);
static inline void mm_set_flag(struct mm *mm, unsigned int flag)
{
	__atomic_or_fetch(&mm->flags, flag, __ATOMIC_ACQ_REL);
}
static inline bool mm_test_flag(const struct mm *mm, unsigned int flag)
{
	return READ_ONCE(mm->flags) & flag;
}
/* The current task leaves its address space (§7.7): mmap_sem for read, then drop. */
void exit_mm(struct memory *m);
/* Called upwards (mm/oom): the current task has dropped its address space (§7.7). */
void exit_oom_victim(struct memory *m);

/* Map `len` bytes at `start`, which must be free. 0, or -1 (overlap or out of memory). */
int mm_map_fixed(struct mm *mm, uint64_t start, uint64_t len, unsigned int flags,
	const char *template, uint64_t template_len);
/*
 * Map `len` bytes at `start`, which must be free, to what `of`, of VM_SHARED and of any address space,
 * shows from its beginning on. As 4.8 has it for whoever attaches a segment; no app can ask for it yet.
 * 0, or -1.
 */
int mm_map_shared(
	struct mm *mm, uint64_t start, uint64_t len, unsigned int flags, const struct vma *of);
/*
 * Map `len` bytes of an open file, from page `offset` on, to be read, at the lowest free place at or
 * above `hint`: where; 0: there is none, no memory, or `flags` has VM_WRITE: files are not written to.
 * VM_EXEC, VM_MAYSHARE, VM_SEQ_READ and VM_RAND_READ may be asked for.
 */
struct file;
uint64_t mm_map_file(struct mm *mm, uint64_t hint, uint64_t len, unsigned int flags, struct file *f,
	unsigned long offset);
/* Map `len` bytes at the lowest free place at or above `hint`; 0 when there is none. */
uint64_t mm_map(struct mm *mm, uint64_t hint, uint64_t len, unsigned int flags);
/*
 * Unmap a range, VMAs split as needed; pages are freed. 0, or -1: not page-aligned, empty, not
 * below APP_END, or out of memory.
 */
int mm_unmap(struct mm *mm, uint64_t start, uint64_t len);
/* Grow or shrink the heap to end at `brk` (any alignment). 0, or -1. */
int mm_set_brk(struct mm *mm, uint64_t brk);
/* Move that end, which threads may do side by side: where it was, or 0. */
uint64_t mm_sbrk(struct mm *mm, int64_t increment);
/*
 * Let a range be written, or not; lock it in memory (its pages are made present), or not. The range
 * as for mm_unmap(), and mapped without a gap: 0, or -1, with the part before the gap done. A file to which
 * mm_protect() is to let one write is such a gap.
 */
int mm_protect(struct mm *mm, uint64_t start, uint64_t len, bool write);
int mm_mlock(struct mm *mm, uint64_t start, uint64_t len);
int mm_munlock(struct mm *mm, uint64_t start, uint64_t len);
/*
 * One page out to swap, or of a file out of the cache, for tests: as reclaim does it (§19.6, §20.6 to
 * §20.8, §30c item 3), whether it was used lately or not. 0; -ENOENT: no page is mapped there; -EBUSY: it
 * is locked in memory; -ENOMEM: no slot, or no node; -EIO; -EAGAIN: somebody else has a reference, and it
 * stays in the swap cache.
 * mmap_sem is taken for writing; may sleep.
 */
int mm_swap_out(struct mm *mm, uint64_t addr);
/*
 * mmap_sem for writing, as all of the above take it: 0, or -1 when killed first, which
 * killable_mmap=0 rules out (§8.6 W2 and W2').
 */
int mmap_write_lock(struct mm *mm);

/* mmap_sem held. Mostly it is the one that was found last, by any thread. */
struct vma *search_vma(struct mm *mm, uint64_t addr);
static inline struct vma *find_vma(struct mm *mm, uint64_t addr)
{
	struct vma *v = READ_ONCE(mm->last_hit);

	return likely(v && addr >= v->start && addr < v->end) ? v : search_vma(mm, addr);
}
/* mmap_sem held for read; `vma` holds `addr` (a page's) and allows what the FAULT_* bits say. */
enum fault_result handle_mm_fault(
	struct mm *mm, struct vma *vma, uint64_t addr, unsigned int flags);
/* Of a VMA of VM_FILE: the same, after what is in memory has been tried (fault_around.c). */
enum fault_result handle_file_fault(
	struct mm *mm, struct vma *vma, uint64_t addr, unsigned int flags);
/* 4.9: the kernel must not take a reaped page's zeroes for what the app wrote (§8.2). */
enum fault_result kernel_fault_result(const struct mm *mm, enum fault_result result);
/* One pass of mm_fault(). */
static always_inline enum fault_result mm_fault_once(
	struct mm *mm, uint64_t addr, unsigned int flags)
{
	enum fault_result result = FAULT_BAD_ADDRESS;
	struct vma *vma;

	addr &= ~(PAGE_SIZE - 1ull);
	down_read(&mm->mmap_sem);
	vma = find_vma(mm, addr);
	if (likely(vma && !(flags & FAULT_WRITE & ~vma->flags)))
		result = unlikely(vma->flags & VM_FILE) ? handle_file_fault(mm, vma, addr, flags) :
							  handle_mm_fault(mm, vma, addr, flags);
	if (unlikely(flags & FAULT_KERNEL))
		result = kernel_fault_result(mm, result);
	up_read(&mm->mmap_sem);
	return result;
}

/* What follows a pass that ended with `result` (§32.5 step 10). */
enum fault_result mm_fault_rest(
	struct mm *mm, uint64_t addr, unsigned int flags, enum fault_result result);
/*
 * After FAULT_RETRY, without mmap_sem: until the page for which handle_mm_fault() did not wait is read.
 * 0, or -1 when killed.
 */
int wait_for_fault_page(struct mm *mm);

/* Serve a fault at `addr`; takes mmap_sem for read. Never ends with FAULT_RETRY. */
static always_inline enum fault_result mm_fault(struct mm *mm, uint64_t addr, unsigned int flags)
{
	enum fault_result result = mm_fault_once(mm, addr, flags);

	return likely(result == FAULT_OK) ? FAULT_OK : mm_fault_rest(mm, addr, flags, result);
}

#endif
