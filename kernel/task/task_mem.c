/*
 * Memory of tasks: an object of a cache for the struct, a stack with a guard page below it (see app.h).
 */
#include "boot/paging.h"
#include "kernel/core/machine.h"
#include "kernel/core/sched/smp.h"
#include "kernel/task/app.h"
#include "kernel/task/task_mem.h"
#include "mm/space/mm.h"
#include "mm/alloc/page_alloc.h"
#include "mm/slab/slab.h"

#define STACK_ORDER 2
#define STACK_BYTES (STACK_PAGES * PAGE_SIZE)
#define STACK_SLOT  0x8000 /* guard page, stack, unused */
#define KSTACK_KB   (STACK_BYTES / 1024)
#define TABLE_SPAN  0x200000
#define TASK_ALIGN  64 /* a cache line, as in 4.8 */

_Static_assert(1 << STACK_ORDER == STACK_PAGES, "a stack is one block");
_Static_assert(PAGE_SIZE + STACK_BYTES <= STACK_SLOT, "a stack fits its slot");

static struct kmem_cache *task_cache;
static bool slot_used[MAX_TASKS];
static int lowest_slot; /* all below are taken */

/* The lowest; -1: all are taken. */
static int take_slot(void)
{
	unsigned long flags = tasks_lock();
	int slot = lowest_slot;

	while (slot < MAX_TASKS && slot_used[slot])
		slot++;
	if (slot < MAX_TASKS)
		slot_used[slot] = true;
	lowest_slot = slot;
	tasks_unlock(flags);
	return slot < MAX_TASKS ? slot : -1;
}

static void give_slot(int slot)
{
	unsigned long flags = tasks_lock();

	slot_used[slot] = false;
	lowest_slot = MIN(lowest_slot, slot);
	tasks_unlock(flags);
}

static uint64_t slot_stack(int slot)
{
	return STACK_MAP + (uint64_t)slot * STACK_SLOT + PAGE_SIZE;
}

static bool stack_create(uint64_t *stack)
{
	int slot = take_slot();
	struct page *page =
		slot < 0 ? NULL : alloc_pages(&system_memory, THREADINFO_GFP, STACK_ORDER);

	if (!page) {
		if (slot >= 0)
			give_slot(slot);
		return false;
	}
	zone_stat_add(page_zone(&system_memory, page), NR_KERNEL_STACK_KB, KSTACK_KB);
	*stack = slot_stack(slot);
	kmap_range(*stack, page_to_pfn(&system_memory, page) << PAGE_SHIFT, STACK_BYTES, KMAP_RW);
	return true;
}

static void stack_destroy(uint64_t stack)
{
	struct page *page =
		pfn_to_page(&system_memory, (kmap_lookup(stack) & PTE_ADDR) >> PAGE_SHIFT);

	kunmap_range(stack, STACK_BYTES);
	tlb_flush_kernel();
	zone_stat_add(page_zone(&system_memory, page), NR_KERNEL_STACK_KB, -KSTACK_KB);
	free_pages(&system_memory, page, STACK_ORDER);
	give_slot((stack - STACK_MAP) / STACK_SLOT);
}

static void free_task(struct task *t)
{
	if (t->own.oom_mm)
		mm_drop(t->own.oom_mm);
	stack_destroy(t->stack);
	kmem_cache_free(task_cache, t);
}

struct task *task_alloc(const char *name, int pid, void (*fn)(void *), void *arg)
{
	struct task *t = kmem_cache_alloc(task_cache, GFP_KERNEL);
	uint64_t stack;

	if (!t)
		return NULL;
	if (!stack_create(&stack)) {
		kmem_cache_free(task_cache, t);
		return NULL;
	}
	task_init(t, name, pid, PRIO_NORMAL, stack, STACK_BYTES, fn, arg);
	t->stack_gap = STACK_SLOT - STACK_BYTES;
	t->release = free_task;
	return t;
}

static void make_stack_tables(void)
{
	for (uint64_t va = STACK_MAP; va < STACK_MAP + MAX_TASKS * (uint64_t)STACK_SLOT;
		va += TABLE_SPAN) {
		kmap_range(va + PAGE_SIZE, 0, PAGE_SIZE, 0);
		kunmap_range(va + PAGE_SIZE, PAGE_SIZE);
	}
}

void task_mem_boot(void)
{
	task_cache = kmem_cache_create(&system_memory, "task_struct", sizeof(struct task_object),
		TASK_ALIGN, SLAB_ACCOUNT, NULL);
	if (!task_cache)
		machine_refuse("machine: no memory for the cache task_struct");
	make_stack_tables();
}
