/*
 * The life of an address space: creation, users, teardown, exit (see mm.h).
 */
#include <string.h>

#include "mm/space/gather.h"
#include "mm/space/mm.h"
#include "mm/alloc/page_alloc.h"
#include "mm/slab/cache.h"
#include "mm/slab/slab.h"
#include "mm/lru/pagevec.h"
#include "mm/space/file_map.h"
#include "mm/space/mlock.h"
#include "mm/space/pgtable.h"
#include "mm/space/shmem.h"
#include "mm/space/swap_off.h"
#include "mm/space/vma.h"
#include "mm/space/zap.h"

static void tear_down_work(struct work *work);

/* None shares its slabs with what is not accounted (§41.1). */
void space_init(struct memory *m)
{
	anon_vma_init(m);
	shmem_init(m);
	cache_init(&m->vma_cache, m, "vm_area_struct", sizeof(struct vma), 0, SLAB_ACCOUNT, NULL);
	cache_init(&m->mm_cache, m, "mm_struct", sizeof(struct mm), 0,
		SLAB_HWCACHE_ALIGN | SLAB_ACCOUNT, NULL);
}

struct mm *mm_create(struct memory *m)
{
	struct mm *mm = kmem_cache_alloc(&m->mm_cache, GFP_KERNEL | __GFP_ZERO);

	if (!mm)
		return NULL;
	mm->memory = m;
	refcount_init(&mm->users);
	refcount_init(&mm->count);
	rwsem_init(&mm->mmap_sem, "mmap_sem");
	work_init(&mm->teardown, tear_down_work);
	list_init(&mm->vmas);
	list_init(&mm->swap_node);
	atomic_add(&m->nr_mms, 1);
	if (!pgtable_create(mm)) {
		mm_drop(mm);
		return NULL;
	}
	return mm;
}

void mm_drop(struct mm *mm)
{
	if (!refcount_put(&mm->count))
		return;
	lock_forget(&mm->mmap_sem.info);
	atomic_add(&mm->memory->nr_mms, -1);
	kmem_cache_free(&mm->memory->mm_cache, mm);
}

/* Nobody uses the tables any more: no flush is needed on the way. */
static void exit_mmap(struct mm *mm)
{
	struct mmu_gather g;
	struct vma *v;

	list_for_each_entry(v, &mm->vmas, node)
		if (v->flags & VM_LOCKED)
			munlock_vma_pages(mm, v);
	lru_add_drain(mm->memory);
	gather_start(&g, mm, false);
	list_for_each_entry(v, &mm->vmas, node)
		unmap_vma(&g, v, NULL);
	gather_finish(&g);
	mm->total_vm = 0;
	/* Who walks a reverse map reads the tables of its VMAs. */
	list_for_each_entry(v, &mm->vmas, node)
		vma_rmap_unlink(v);
	pgtable_destroy(mm);
	free_vmas(mm);
}

/* The last user has gone. */
static void tear_down(struct mm *mm)
{
	exit_mmap(mm);
	mm_leave_swap_list(mm);
	mm_set_flag(mm, MMF_OOM_SKIP); /* nothing is left that a killer should wait for */
	mm_drop(mm);
}

bool mm_put_user(struct mm *mm)
{
	if (!refcount_put(&mm->users))
		return false;
	tear_down(mm);
	return true;
}

static void tear_down_work(struct work *work)
{
	tear_down(container_of(work, struct mm, teardown));
}

void mm_put_user_async(struct mm *mm)
{
	if (refcount_put(&mm->users))
		work_queue(&mm->teardown);
}

void exit_mm(struct memory *m)
{
	struct mm *mm = current->mm;
	unsigned long flags;

	if (mm) {
		/* Uninterruptible on purpose: a writer that holds it blocks a victim (§7.7). */
		down_read(&mm->mmap_sem);
		flags = tasks_lock();
		current->mm = NULL;
		tasks_unlock(flags);
		task_leave_address_space();
		up_read(&mm->mmap_sem);
		mm_put_user(mm);
	}
	exit_oom_victim(m);
}
