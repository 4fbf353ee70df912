/*
 * VMAs that map an object: a file, or shared memory (shmem.h). What both have in common, and files.
 *
 * A VMA of VM_FILE maps what an open file (mm/cache/file.h) has from `offset` on, and is only read. Its
 * pages are the page cache's; each entry that maps one has a reference of its own. Beyond the file's
 * end there is nothing: a fault there is FAULT_SIGBUS.
 *
 * Locks: mmap_sem, then a page's, then the mappers' `sem`. With that held nobody asks for memory. Pages of a file
 * that are in memory are mapped under its tree_lock, those that nobody has locked (mm/cache/cache_run.h).
 */
#ifndef MM_FILE_MAP_H
#define MM_FILE_MAP_H

#include "mm/cache/file.h"
#include "mm/page/node_stat.h"
#include "mm/space/anon_vma.h"
#include "mm/space/mlock.h"
#include "mm/space/shmem.h"

/* What mm_map_file() may be asked for. */
#define FILE_MAP_FLAGS (VM_EXEC | VM_MAYSHARE | VM_SEQ_READ | VM_RAND_READ)

/* Of a VMA of VM_OBJECT. */
static inline struct mappers *vma_mappers(const struct vma *v)
{
	return v->flags & VM_SHARED ? &v->object->mappers : &v->file->mapping->mappers;
}

/* Around a change of where a VMA starts or ends, or of what it maps: nobody walks its pages' reverse map. */
static inline void vma_rmap_lock(struct vma *v)
{
	if (v->flags & VM_OBJECT)
		down_write(&vma_mappers(v)->sem);
	else
		anon_vma_lock(v);
}

static inline void vma_rmap_unlock(struct vma *v)
{
	if (v->flags & VM_OBJECT)
		up_write(&vma_mappers(v)->sem);
	else
		anon_vma_unlock(v);
}

/* The VMA, which says what it maps, is found by that from now on; its place is sure. */
void mappers_link(struct vma *v);
/* Nobody looks for pages in it any more; its entries are gone, or another VMA's. Once more does nothing. */
void mappers_unlink(struct vma *v);

static inline void vma_rmap_unlink(struct vma *v)
{
	if (v->flags & VM_OBJECT)
		mappers_unlink(v);
	else
		anon_vma_unlink(v);
}

/*
 * Its VMA maps an open file, of which it gets a reference, from page `offset` on. mmap_sem held for
 * writing.
 */
void file_map_link(struct vma *v, struct file *f, unsigned long offset);

/* Where an address space counts a page of an object. */
static inline long *object_rss(struct mm *mm, const struct page *page)
{
	return page_has(page, PG_FILE) ? &mm->file_rss : &mm->shmem_rss;
}

/*
 * A page is in one table more, which has a reference. True: it was in none, and NR_FILE_MAPPED is the caller's to
 * count.
 */
static inline bool page_get_to_map(struct page *page)
{
	return !(__atomic_fetch_add(&page->users, PAGE_USERS(1, 1), __ATOMIC_RELEASE) >> 32);
}

/* A page of an object is in one table more, counted in `rss`. */
static inline void object_mapped(struct memory *m, long *rss, struct page *page)
{
	if (!__atomic_fetch_add(&page->mapcount, 1, __ATOMIC_RELEASE))
		node_stat_add(m, NR_FILE_MAPPED, 1);
	atomic_add(rss, 1);
}

/* In one less, or, the last time, in none. The table's reference stays. */
static inline void object_unmapped(struct memory *m, long *rss, struct page *page)
{
	atomic_add(rss, -1);
	if (__atomic_fetch_sub(&page->mapcount, 1, __ATOMIC_ACQ_REL) != 1)
		return;
	node_stat_add(m, NR_FILE_MAPPED, -1);
	clear_page_mlock(m, page);
}

/*
 * What is in memory around `addr`, of a VMA of VM_FILE, is mapped (§32.5 step 2, §41.1). FAULT_SERVED: `addr` has an
 * entry; FAULT_AROUND: not yet; 0: it has no table, and nothing was done. mmap_sem held for read, and interrupts on.
 */
#define FAULT_SERVED 0x10u
unsigned int fault_around(struct mm *mm, const struct vma *vma, uint64_t addr);
/*
 * A table for `addr`, unless it has one. If there is nothing around it to be mapped, or no memory, there is none yet;
 * false: not even memory for what is above it. mmap_sem held for read; may sleep.
 */
bool table_around(struct mm *mm, const struct vma *vma, uint64_t addr);
/*
 * A page of a file, which is locked and stays referenced, at `addr`, unless something is there: false: no memory for
 * a table. The same.
 */
bool map_file_page(struct mm *mm, const struct vma *vma, uint64_t addr, struct page *page);

/* A fault on a VMA of VM_FILE (§32.5). mmap_sem held for read; may sleep. */
enum fault_result do_read_fault(struct mm *mm, struct vma *vma, uint64_t addr, unsigned int flags);

#endif
