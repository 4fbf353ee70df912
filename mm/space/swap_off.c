/*
 * swapoff: the pages of an area back to their address spaces (see swap_off.h).
 */
#include <errno.h>

#include "mm/space/pgtable.h"
#include "mm/space/shmem.h"
#include "mm/space/swap_in.h"
#include "mm/space/swap_off.h"
#include "mm/swap/swap_area.h"
#include "mm/swap/swap_cache.h"

#define PMD_SIZE (1ull << 21)

void mm_enter_swap_list(struct mm *mm)
{
	struct swap_state *s = &mm->memory->swap;

	spin_lock(&s->mms_lock);
	if (list_empty(&mm->swap_node))
		list_add(&mm->swap_node, &s->mms);
	spin_unlock(&s->mms_lock);
}

void mm_leave_swap_list(struct mm *mm)
{
	struct swap_state *s = &mm->memory->swap;

	if (list_empty(&mm->swap_node))
		return;
	spin_lock(&s->mms_lock);
	list_del(&mm->swap_node);
	list_init(&mm->swap_node);
	spin_unlock(&s->mms_lock);
}

/*
 * Behind `mm`, or the first (NULL), with a user more; `mm` has one less. Its end, if that was its last one,
 * is a worker's: we may hold a page's lock.
 */
static struct mm *next_mm(struct memory *m, struct mm *mm)
{
	struct swap_state *s = &m->swap;
	struct list_head *at;
	struct mm *next = NULL;

	spin_lock(&s->mms_lock);
	for (at = mm ? mm->swap_node.next : s->mms.next; !next && at != &s->mms; at = at->next)
		if (mm_get_user(list_entry(at, struct mm, swap_node)))
			next = list_entry(at, struct mm, swap_node);
	spin_unlock(&s->mms_lock);
	if (mm)
		mm_put_user_async(mm);
	return next;
}

/* The entry of a slot among those from `addr` to `end`, all of one table; NULL: it is not there. */
static uint64_t *find_in_table(struct mm *mm, uint64_t *addr, uint64_t end, uint64_t entry)
{
	uint64_t *pte = pte_find(mm, *addr);

	for (; pte && *addr < end; pte++, *addr += PAGE_SIZE)
		if (READ_ONCE(*pte) == entry)
			return pte;
	return NULL;
}

/* No app has fork(): an address space has it once. */
static uint64_t *find_in_vma(struct mm *mm, const struct vma *v, uint64_t *addr, uint64_t entry)
{
	uint64_t *pte = NULL, end;

	for (*addr = v->start; !pte && *addr < v->end; *addr = pte ? *addr : end) {
		end = MIN((*addr & ~(PMD_SIZE - 1)) + PMD_SIZE, v->end);
		pte = find_in_table(mm, addr, end, entry);
	}
	return pte;
}

/* mmap_sem held for read, the page locked: the entry becomes the page's, for reading, and not used lately. */
static void unuse_in(struct mm *mm, struct page *page, uint64_t entry)
{
	uint64_t *pte = NULL, addr = 0;
	struct vma *v;

	list_for_each_entry(v, &mm->vmas, node) {
		pte = find_in_vma(mm, v, &addr, entry);
		if (pte)
			break;
	}
	if (!pte)
		return;
	page_get(page);
	if (!map_swapped_in(mm, v, addr, pte, entry,
		    page_to_phys(mm->memory, page) | PTE_PRESENT | PTE_NX, page))
		page_put(mm->memory, page); /* the reaper has taken the slot */
}

/* A page's lock comes inside mmap_sem: who has the page locked only tries. */
static void unuse_mm(struct mm *mm, struct page *page, uint64_t entry)
{
	struct memory *m = mm->memory;

	if (!down_read_trylock(&mm->mmap_sem)) {
		unlock_page(m, page);
		down_read(&mm->mmap_sem);
		lock_page(m, page);
	}
	unuse_in(mm, page, entry);
	up_read(&mm->mmap_sem);
}

static bool is_of(const struct page *page, swp_entry_t e)
{
	return page_has(page, PG_SWAPCACHE) && page->private == e.val;
}

static void wait_until_written(struct memory *m, struct page *page)
{
	lock_page(m, page);
	wait_on_page_writeback(m, page);
}

static void unuse_tables(struct memory *m, struct page *page, swp_entry_t e)
{
	struct mm *mm = NULL;

	while (swap_count(m, e) > 0 && (mm = next_mm(m, mm)))
		unuse_mm(mm, page, swp_entry_to_pte(e));
	if (mm)
		mm_put_user_async(mm);
}

/* The page is in the cache, locked and read: all that name its slot shall have it. */
static void unuse_page(struct memory *m, struct page *page, swp_entry_t e)
{
	if (swap_count(m, e) == SWAP_MAP_SHMEM)
		shmem_unuse(m, page, e);
	else
		unuse_tables(m, page, e);
	/* Somebody who leaves still names it: what he names shall be there, if he ever asks. */
	if (swap_count(m, e) > 0 && is_of(page, e) && page_clear(page, PG_DIRTY)) {
		swap_writepage(m, page);
		wait_until_written(m, page);
	}
	if (is_of(page, e))
		delete_from_swap_cache(m, page);
	page_set(page, PG_DIRTY); /* trap 12 */
}

static int unuse_slot(struct memory *m, swp_entry_t e)
{
	bool begun;
	struct page *page = read_swap_cache(m, e, GFP_HIGHUSER_MOVABLE, &begun);
	int err = 0;

	if (!page)
		return *swap_byte(swap_area_of(m, e), swp_offset(e)) ? -ENOMEM : 0;
	wait_until_written(m, page);
	if (is_of(page, e) && !page_has(page, PG_UPTODATE))
		err = -EIO;
	else if (is_of(page, e))
		unuse_page(m, page, e);
	unlock_page(m, page);
	page_put(m, page);
	return err;
}

/* Ascending, and again from the first on, until none is left. */
static int unuse_area(struct swap_area *a)
{
	unsigned long offset = 0;
	int err = 0;

	while (!err && (offset = swap_next_used(a, offset))) {
		err = fatal_signal_pending(current) ?
			-EINTR :
			unuse_slot(a->memory, swp_entry(a->type, offset));
		cond_resched();
	}
	return err;
}

/*
 * A fault may still look at an entry that we have replaced: it holds mmap_sem. 4.8 keeps what it looks into
 * instead; we do not wait for ever for a holder who waits for our own end.
 */
static int wait_for_faults(struct memory *m)
{
	struct mm *mm = NULL;
	int err = 0;

	while (!err && (mm = next_mm(m, mm))) {
		err = down_write_killable(&mm->mmap_sem) ? -EINTR : 0;
		if (!err)
			up_write(&mm->mmap_sem);
	}
	if (mm)
		mm_put_user_async(mm);
	return err;
}

int swap_off(struct memory *m, const char *name)
{
	struct swap_area *a;
	int err;

	if (!current->process->cap_sys_admin)
		return -EPERM;
	err = swap_off_begin(m, name, &a);
	if (err)
		return err;
	current->process->oom_origin = true;
	err = unuse_area(a);
	if (!err)
		err = wait_for_faults(m);
	current->process->oom_origin = false;
	if (err)
		swap_off_undo(a);
	else
		swap_off_end(a);
	return err;
}
