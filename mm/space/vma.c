/*
 * VMAs of an address space: find, map, unmap, heap (see mm.h).
 */
#include <string.h>

#include "kernel/core/param.h"
#include "mm/slab/slab.h"
#include "mm/lru/pagevec.h"
#include "mm/space/file_map.h"
#include "mm/space/mlock.h"
#include "mm/space/shmem.h"
#include "mm/space/vma.h"
#include "mm/space/zap.h"

PARAM_INT("killable_mmap", mm_tunables.killable_mmap, 0, 1,
	"1, as from Linux 4.7: a kill ends the wait for mmap_sem of mmap, munmap, mprotect, mlock "
	"and brk; 0, as until 4.6: it does not");

int mmap_write_lock(struct mm *mm)
{
	if (mm->memory->tunables.killable_mmap)
		return down_write_killable(&mm->mmap_sem);
	down_write(&mm->mmap_sem);
	return 0;
}

static struct vma *new_vma(struct mm *mm, uint64_t start, uint64_t end, unsigned int flags)
{
	struct vma *v = kmem_cache_alloc(&mm->memory->vma_cache, GFP_KERNEL | __GFP_ZERO);

	if (!v)
		return NULL;
	v->start = start;
	v->end = end;
	v->flags = flags;
	v->mm = mm;
	return v;
}

static void put_object(struct vma *v)
{
	if (v->flags & VM_SHARED)
		shmem_put(v->object);
	else
		file_put(v->file);
}

static void delete_vma(struct mm *mm, struct vma *v)
{
	vma_rmap_unlink(v);
	list_del(&v->node);
	mm->last_hit = NULL;
	if (v->flags & VM_OBJECT)
		put_object(v);
	kmem_cache_free(&mm->memory->vma_cache, v);
}

void free_vmas(struct mm *mm)
{
	struct vma *v, *next;

	list_for_each_entry_safe(v, next, &mm->vmas, node)
		delete_vma(mm, v);
}

struct vma *search_vma(struct mm *mm, uint64_t addr)
{
	struct vma *v;

	list_for_each_entry(v, &mm->vmas, node) {
		if (addr < v->start)
			break;
		if (addr < v->end) {
			WRITE_ONCE(mm->last_hit, v);
			return v;
		}
	}
	return NULL;
}

static bool mergeable(const struct vma *a, const struct vma *b)
{
	if (a->end != b->start || a->flags != b->flags)
		return false;
	if (a->flags & VM_OBJECT)
		return a->template == b->template && vma_index(a, a->end) == b->offset;
	return !a->template && !b->template && anon_vma_same(a, b);
}

static void set_end(struct vma *v, uint64_t end)
{
	vma_rmap_lock(v);
	v->end = end;
	vma_rmap_unlock(v);
}

static void set_start(struct vma *v, uint64_t start)
{
	anon_vma_lock(v);
	v->start = start;
	anon_vma_unlock(v);
}

/* `v` becomes a part of its neighbour below. */
static void merge(struct mm *mm, struct vma *prev, struct vma *v)
{
	if (!(v->flags & VM_OBJECT) && !prev->rmap)
		anon_vma_move(prev, v);
	set_end(prev, v->end);
	delete_vma(mm, v);
}

static struct vma *prev_vma(struct mm *mm, struct vma *v)
{
	return v->node.prev == &mm->vmas ? NULL : list_entry(v->node.prev, struct vma, node);
}

/* One VMA for neighbours that are alike, up to the one behind `end`. */
static void merge_until(struct mm *mm, uint64_t end)
{
	struct vma *v, *next;

	list_for_each_entry_safe(v, next, &mm->vmas, node) {
		struct vma *prev = prev_vma(mm, v);

		if (v->start > end)
			break;
		if (prev && mergeable(prev, v))
			merge(mm, prev, v);
	}
}

/* The list position before which [start, end) belongs; NULL when something is in the way. */
static struct list_head *free_place(struct mm *mm, uint64_t start, uint64_t end)
{
	struct vma *v;

	list_for_each_entry(v, &mm->vmas, node) {
		if (v->end <= start)
			continue;
		return v->start >= end ? &v->node : NULL;
	}
	return &mm->vmas;
}

/* A neighbour that is alike grows: no struct is needed, and so no memory, as in 4.8. Of shared memory none is. */
static bool extend_vma(
	struct mm *mm, struct list_head *before, uint64_t start, uint64_t end, unsigned int flags)
{
	struct vma *next = before == &mm->vmas ? NULL : list_entry(before, struct vma, node);
	struct vma *prev =
		before->prev == &mm->vmas ? NULL : list_entry(before->prev, struct vma, node);
	struct vma new = {.start = start, .end = end, .flags = flags};

	if (flags & VM_OBJECT)
		return false;
	if (prev && mergeable(prev, &new))
		set_end(prev, end);
	else if (next && mergeable(&new, next))
		set_start(next, start);
	else
		return false;
	return true;
}

static void add_vma(struct mm *mm, struct vma *v, struct list_head *before)
{
	list_add_tail(&v->node, before);
	mm->total_vm += (v->end - v->start) >> PAGE_SHIFT;
	merge_until(mm, v->end);
}

static int insert_vma(struct mm *mm, uint64_t start, uint64_t end, unsigned int flags,
	const char *template, uint64_t template_len)
{
	struct list_head *before = free_place(mm, start, end);
	struct vma *v;

	if (!before)
		return -1;
	if (!template && extend_vma(mm, before, start, end, flags)) {
		mm->total_vm += (end - start) >> PAGE_SHIFT;
		merge_until(mm, end);
		return 0;
	}
	v = new_vma(mm, start, end, flags);
	if (!v)
		return -1;
	v->template = template;
	v->template_len = template_len;
	if ((flags & VM_SHARED) && !shmem_create(v)) {
		kmem_cache_free(&mm->memory->vma_cache, v);
		return -1;
	}
	add_vma(mm, v, before);
	return 0;
}

int mm_map_shared(
	struct mm *mm, uint64_t start, uint64_t len, unsigned int flags, const struct vma *of)
{
	struct list_head *before;
	struct vma *v = NULL;

	down_write(&mm->mmap_sem);
	before = free_place(mm, start, start + PAGE_ALIGN(len));
	if (before)
		v = new_vma(mm, start, start + PAGE_ALIGN(len), flags | VM_SHARED);
	if (v) {
		shmem_share(v, of, of->offset);
		add_vma(mm, v, before);
	}
	up_write(&mm->mmap_sem);
	return v ? 0 : -1;
}

int mm_map_fixed(struct mm *mm, uint64_t start, uint64_t len, unsigned int flags,
	const char *template, uint64_t template_len)
{
	int err;

	down_write(&mm->mmap_sem);
	err = insert_vma(mm, start, start + PAGE_ALIGN(len), flags, template, template_len);
	up_write(&mm->mmap_sem);
	return err;
}

static uint64_t lowest_gap(struct mm *mm, uint64_t at, uint64_t len)
{
	struct vma *v;

	list_for_each_entry(v, &mm->vmas, node) {
		if (v->end <= at)
			continue;
		if (v->start >= at + len)
			break;
		at = v->end;
	}
	return at <= APP_END - len ? at : 0;
}

static uint64_t map_file(struct mm *mm, uint64_t hint, uint64_t len, unsigned int flags,
	struct file *f, unsigned long offset)
{
	uint64_t at = lowest_gap(mm, hint, len);
	struct vma *v = at ? new_vma(mm, at, at + len, flags | VM_FILE) : NULL;

	if (!v)
		return 0;
	file_map_link(v, f, offset);
	add_vma(mm, v, free_place(mm, at, at + len));
	return at;
}

uint64_t mm_map_file(struct mm *mm, uint64_t hint, uint64_t len, unsigned int flags, struct file *f,
	unsigned long offset)
{
	uint64_t at;

	if (len == 0 || len > APP_END || hint > APP_END || (flags & ~FILE_MAP_FLAGS))
		return 0;
	if (mmap_write_lock(mm))
		return 0;
	at = map_file(mm, hint, PAGE_ALIGN(len), flags, f, offset);
	up_write(&mm->mmap_sem);
	return at;
}

uint64_t mm_map(struct mm *mm, uint64_t hint, uint64_t len, unsigned int flags)
{
	uint64_t at = 0;

	if (len == 0 || len > APP_END || hint > APP_END)
		return 0;
	len = PAGE_ALIGN(len);
	if (mmap_write_lock(mm))
		return 0;
	at = lowest_gap(mm, hint, len);
	if (at && insert_vma(mm, at, at + len, flags, NULL, 0))
		at = 0;
	up_write(&mm->mmap_sem);
	return at;
}

static void share_object(struct vma *v, const struct vma *of, unsigned long offset)
{
	if (of->flags & VM_SHARED)
		shmem_share(v, of, offset);
	else
		file_map_link(v, of->file, offset);
}

/* Cut `v` at `addr`, strictly inside; its upper part becomes a VMA of its own. */
static bool split_vma(struct mm *mm, struct vma *v, uint64_t addr)
{
	struct vma *upper = new_vma(mm, addr, v->end, v->flags);
	uint64_t lower_len = addr - v->start;

	if (!upper)
		return false;
	if (v->flags & VM_OBJECT) {
		share_object(upper, v, vma_index(v, addr));
	} else if (!anon_vma_clone(upper, v)) {
		kmem_cache_free(&mm->memory->vma_cache, upper);
		return false;
	}
	if (v->template && v->template_len > lower_len) {
		upper->template = v->template + lower_len;
		upper->template_len = v->template_len - lower_len;
	}
	set_end(v, addr);
	list_add(&upper->node, &v->node);
	return true;
}

/* VMAs end at `start` and at `end`. False: no memory. */
static bool split_at_ends(struct mm *mm, uint64_t start, uint64_t end)
{
	struct vma *v = find_vma(mm, start);

	if (v && v->start < start && !split_vma(mm, v, start))
		return false;
	mm->last_hit = NULL; /* it may be the lower part now */
	v = find_vma(mm, end - 1);
	if (v && v->end > end && !split_vma(mm, v, end))
		return false;
	mm->last_hit = NULL;
	return true;
}

/*
 * Those of shared memory and of files may be already, by reclaim, which has not yet told the TLBs: what is mapped
 * there next must not be taken for the page that was.
 */
static bool some_tlb_may_know(const struct vma *v)
{
	return (v->flags & VM_FILE) || ((v->flags & VM_SHARED) && READ_ONCE(v->object->unmapped));
}

/* Its entries are emptied. */
static void empty_vma(struct mmu_gather *g, struct vma *v)
{
	if (unlikely(v->flags & VM_LOCKED))
		munlock_vma_pages(g->mm, v);
	unmap_vma(g, v, NULL);
	if (unlikely(some_tlb_may_know(v)))
		g->stale = true;
}

static int unmap_locked(struct mm *mm, uint64_t start, uint64_t end)
{
	struct vma *v, *next;
	struct mmu_gather g;

	if (!split_at_ends(mm, start, end))
		return -1;
	lru_add_drain(mm->memory);
	gather_start(&g, mm, true);
	list_for_each_entry_safe(v, next, &mm->vmas, node) {
		if (v->end <= start)
			continue;
		if (v->start >= end)
			break;
		empty_vma(&g, v);
		mm->total_vm -= (v->end - v->start) >> PAGE_SHIFT;
		delete_vma(mm, v);
	}
	gather_finish(&g);
	return 0;
}

static bool is_range(uint64_t start, uint64_t len)
{
	return !(start & (PAGE_SIZE - 1)) && len && start < APP_END && len <= APP_END - start;
}

int mm_unmap(struct mm *mm, uint64_t start, uint64_t len)
{
	int err;

	if (!is_range(start, len) || mmap_write_lock(mm))
		return -1;
	err = unmap_locked(mm, start, start + PAGE_ALIGN(len));
	up_write(&mm->mmap_sem);
	return err;
}

static int change_locked(struct mm *mm, uint64_t start, uint64_t end, vma_change change, bool on)
{
	struct vma *v;

	if (!split_at_ends(mm, start, end))
		return -1;
	list_for_each_entry(v, &mm->vmas, node) {
		if (v->end <= start)
			continue;
		if (v->start != start || start >= end)
			break;
		if (!change(mm, v, on))
			break;
		start = v->end;
	}
	merge_until(mm, end);
	return start < end ? -1 : 0;
}

int mm_change_range(struct mm *mm, uint64_t start, uint64_t len, vma_change change, bool on)
{
	int err;

	if (!is_range(start, len) || mmap_write_lock(mm))
		return -1;
	err = change_locked(mm, start, start + PAGE_ALIGN(len), change, on);
	up_write(&mm->mmap_sem);
	return err;
}

/* mmap_sem held for writing. */
static int set_brk(struct mm *mm, uint64_t brk)
{
	uint64_t old = PAGE_ALIGN(mm->brk), new = PAGE_ALIGN(brk);
	int err = 0;

	if (brk < mm->brk_start || brk > APP_END)
		return -1;
	if (new > old)
		err = insert_vma(mm, old, new, VM_WRITE, NULL, 0);
	else if (new < old)
		err = unmap_locked(mm, new, old);
	if (!err)
		mm->brk = brk;
	return err;
}

int mm_set_brk(struct mm *mm, uint64_t brk)
{
	int err;

	if (mmap_write_lock(mm))
		return -1;
	err = set_brk(mm, brk);
	up_write(&mm->mmap_sem);
	return err;
}

uint64_t mm_sbrk(struct mm *mm, int64_t increment)
{
	uint64_t old;

	if (!increment)
		return READ_ONCE(mm->brk);
	if (mmap_write_lock(mm))
		return 0;
	old = mm->brk;
	if (set_brk(mm, old + increment))
		old = 0;
	up_write(&mm->mmap_sem);
	return old;
}
