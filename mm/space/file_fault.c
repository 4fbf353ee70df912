/*
 * Faults on files that need more than what is in memory (§32.5; see file_map.h): the page is asked for. While it is
 * being read nobody holds mmap_sem: the fault is tried again.
 */
#include "kernel/core/sched/sched.h"
#include "mm/cache/filemap_fault.h"
#include "mm/lru/lru.h"
#include "mm/page/page_lock.h"
#include "mm/space/file_map.h"

static noinline unsigned int __do_fault(struct vma *vma, struct file_fault *f)
{
	const struct address_space *as = vma->file->mapping;

	return as->ops->fault ? as->ops->fault(f) : filemap_fault(f);
}

/* Step 7: the page, locked, and its reference, which goes. */
static enum fault_result finish(struct mm *mm, struct vma *vma, uint64_t addr, struct page *page)
{
	struct memory *m = mm->memory;
	bool done = map_file_page(mm, vma, addr, page);

	unlock_page(m, page);
	page_put(m, page);
	return done ? FAULT_OK : FAULT_OOM;
}

/* Step 1 (b). */
static always_inline enum fault_result ask_for_page(
	struct mm *mm, struct vma *vma, uint64_t addr, unsigned int flags)
{
	struct file_fault f = {.file = vma->file,
		.pgoff = vma_index(vma, addr),
		.sequential = vma->flags & VM_SEQ_READ,
		.random = vma->flags & VM_RAND_READ,
		.tried = flags & FAULT_TRIED};
	unsigned int result = __do_fault(vma, &f);

	if (result & VM_FAULT_LOCKED)
		return finish(mm, vma, addr, f.page);
	if (result & VM_FAULT_RETRY) {
		current->fault_page = f.page;
		return FAULT_RETRY;
	}
	return result & VM_FAULT_OOM ? FAULT_OOM : FAULT_SIGBUS;
}

noinline enum fault_result do_read_fault(
	struct mm *mm, struct vma *vma, uint64_t addr, unsigned int flags)
{
	if (!(flags & FAULT_AROUND)) {
		if (!table_around(mm, vma, addr))
			return FAULT_OOM;
		if (fault_around(mm, vma, addr) & FAULT_SERVED)
			return FAULT_OK;
	}
	return ask_for_page(mm, vma, addr, flags);
}

int wait_for_fault_page(struct mm *mm)
{
	struct page *page = current->fault_page;
	int err = 0;

	current->fault_page = NULL;
	if (page) {
		err = wait_on_page_locked_killable(mm->memory, page);
		page_put(mm->memory, page);
	}
	return err || fatal_signal_pending(current) ? -1 : 0;
}

/* Whoever is killed meanwhile does not get it: an app dies on the way out, the kernel's access has failed. */
enum fault_result mm_fault_rest(
	struct mm *mm, uint64_t addr, unsigned int flags, enum fault_result result)
{
	while (result == FAULT_RETRY) {
		if (wait_for_fault_page(mm))
			return flags & FAULT_KERNEL ? FAULT_BAD_ADDRESS : FAULT_OK;
		result = mm_fault_once(mm, addr, flags | FAULT_TRIED);
	}
	return result;
}
