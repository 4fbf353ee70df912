/*
 * A machine with an OOM reaper, for the tests of §8: its life is run until it would sleep for want of
 * work, on the test's own stack.
 */
#ifndef HOST_REAPER_CASE_H
#define HOST_REAPER_CASE_H

#include "oom_case.h"

#include "mm/index/index_node.h"
#include "mm/space/pgtable.h"

#define AT(page)   (APP_BASE + (uint64_t)(page)*PAGE_SIZE)
#define LEN(pages) ((uint64_t)(pages)*PAGE_SIZE)

static long before; /* free pages of the machine without any process */
static unsigned int naps;
static void (*on_nap)(void); /* the reaper sleeps between two attempts, as current */

static inline int setup_reaper(void **state)
{
	int err = setup(state);

	before = all_free(m);
	oom_reaper_start(m, spawn_stub);
	naps = 0;
	on_nap = NULL;
	return err;
}

static inline void reaper_sleeps(void)
{
	if (current->waiting_for && !strcmp(current->waiting_for, "oom_reaper"))
		panic("the reaper is idle");
	naps++;
	if (on_nap)
		on_nap();
}

/* Whether a task that sleeps until the reaper's state changes is woken by what `act` does. */
static inline bool wakes_waiters(void (*act)(void))
{
	struct task *sleeper = task_new("sleeper", 60, NULL), *self = become(sleeper);
	struct waiter w;
	bool woken;

	wait_prepare(&m->reaper.wait, &w, TASK_UNINTERRUPTIBLE);
	become(self);
	act();
	woken = sleeper->state == TASK_RUNNING;
	become(sleeper);
	wait_finish(&m->reaper.wait, &w);
	become(self);
	return woken;
}

/* Take the last node out without a look at it: it lay on a stack that is gone. */
static inline void forget_last(struct list_head *head)
{
	struct list_head *before = head;

	while (before->next != head->prev)
		before = before->next;
	before->next = head;
	head->prev = before;
}

static inline void run_reaper(void)
{
	struct task *self = become(m->reaper.task);

	twin.on_sleep = reaper_sleeps;
	assert_panics("the reaper is idle",
		(m->patches & PATCH_OOM_REAPER_SKIP ? oom_reaper_queue : oom_reaper)(m));
	twin.on_sleep = NULL;
	forget_last(&m->reaper.wait.waiters); /* its own place there */
	become(self);
}

static inline uint64_t entry(struct mm *mm, unsigned int page)
{
	uint64_t *pte = pte_find(mm, AT(page));

	return pte ? *pte : 0;
}

/* So many pages more, of a VMA with these flags, all present. */
static inline void map_more(
	struct mm *mm, unsigned int page, unsigned int pages, unsigned int flags)
{
	assert_int_equal(mm_map_fixed(mm, AT(page), LEN(pages), flags, NULL, 0), 0);
	for (unsigned int i = page; i < page + pages; i++)
		assert_int_equal(mm_fault(mm, AT(i), flags & VM_WRITE), FAULT_OK);
}

/* Somebody holds its mmap_sem for writing. */
static struct task *writer;

static inline void block(struct mm *mm)
{
	struct task *self;

	writer = task_new("writer", 40, NULL);
	self = become(writer);
	down_write(&mm->mmap_sem);
	become(self);
}

static inline void unblock(struct mm *mm)
{
	struct task *self = become(writer);

	up_write(&mm->mmap_sem);
	become(self);
}

/* Nothing of any process is left. */
static inline void assert_all_gone(void)
{
	assert_int_equal(m->nr_mms, 0);
	index_release_all(m); /* shared memory's faults have preloaded */
	assert_int_equal(all_free(m), before);
	assert_valid(m);
}

#undef TEST_WITH
/* clang-format off */
#define TEST_WITH(fn, suffix, set)                                                                 \
	{#fn suffix, fn, setup_reaper, twin_teardown, (void *)(uintptr_t)(set)}
/* clang-format on */

#endif
