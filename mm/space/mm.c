/*
 * The life of an address space: creation, users, teardown, exit (see mm.h).
 */
#include <string.h>

#include "mm/space/gather.h"
#include "mm/space/mm.h"
#include "mm/alloc/page_alloc.h"
#include "mm/space/pgtable.h"
#include "mm/space/zap.h"

static void tear_down_work(struct work *work);

struct mm *mm_create(struct memory *m)
{
	struct page *page = alloc_pages(m, GFP_KERNEL | __GFP_ZERO, 0);
	struct mm *mm;

	if (!page)
		return NULL;
	mm = page_address(m, page);
	mm->memory = m;
	refcount_init(&mm->users);
	refcount_init(&mm->count);
	rwsem_init(&mm->mmap_sem, "mmap_sem");
	work_init(&mm->teardown, tear_down_work);
	list_init(&mm->vmas);
	list_init(&mm->free_vmas);
	list_init(&mm->own_pages);
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
	free_pages(mm->memory, virt_to_page(mm->memory, mm), 0);
}

/* Nobody uses the tables any more: no flush is needed on the way. */
static void exit_mmap(struct mm *mm)
{
	struct page *page, *next;
	struct mmu_gather g;
	struct vma *v;

	gather_start(&g, mm, false);
	list_for_each_entry(v, &mm->vmas, node)
		unmap_page_range(&g, v->start, v->end, NULL);
	gather_finish(&g);
	list_init(&mm->vmas);
	mm->total_vm = 0;
	pgtable_destroy(mm);
	list_for_each_entry_safe(page, next, &mm->own_pages, lru)
		free_pages(mm->memory, page, 0);
}

/* The last user has gone. */
static void tear_down(struct mm *mm)
{
	exit_mmap(mm);
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
