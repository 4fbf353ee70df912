/*
 * A starved machine with one OOM notifier, which gives so many pages each time, and one process that can
 * be killed.
 */
#ifndef HOST_NOTIFIER_CASE_H
#define HOST_NOTIFIER_CASE_H

#include "oom_case.h"

#include "mm/oom/oom_notifier.h"

#define OUTSIDE PATCH_OOM_NOTIFIER_OUTSIDE

static struct zone *z;
static struct task *fat;
static unsigned int calls, frees;
static void (*meanwhile)(void);
static unsigned long next_pfn;

static inline void free_pages_of_nobody(unsigned int n)
{
	for (; n--; next_pfn += 2)
		zone_put(z, next_pfn, 0, MIGRATE_MOVABLE);
}

/* The callback: gives so many pages each time, and does something else. */
static inline int give(struct notifier_block *nb, void *data)
{
	(void)nb;
	calls++;
	free_pages_of_nobody(frees);
	*(unsigned long *)data += frees;
	if (meanwhile)
		meanwhile();
	return NOTIFY_OK;
}

static struct notifier_block balloon = {.call = give};

/* Whoever is killed leaves, and with it one page. */
static inline void the_killed_leave(void)
{
	if (!fat || !fat->kill_pending)
		return;
	app_leaves(m, fat);
	fat = NULL;
	free_pages_of_nobody(1);
}

/* Nothing is free; one process can be killed. A page is enough for min, 1000 for high. */
static inline int setup_notifier(void **state)
{
	int err = setup(state);

	memory_empty(m);
	memory_no_marks(m);
	z = dma32(m);
	zone_marks(z, 0, 0, 1000);
	fat = app_new("fat", 10, 500, 0);
	calls = 0;
	frees = 1;
	meanwhile = NULL;
	next_pfn = 5000;
	twin.on_sleep = the_killed_leave;
	register_oom_notifier(m, &balloon);
	return err;
}

static inline bool outside(void)
{
	return m->patches & OUTSIDE;
}

#undef TEST_WITH
/* clang-format off */
#define TEST_WITH(fn, suffix, set)                                                                 \
	{#fn suffix, fn, setup_notifier, twin_teardown, (void *)(uintptr_t)(set)}
/* clang-format on */
#define TEST_OUTSIDE(fn) TEST_WITH(fn, "_outside", OUTSIDE)
#define TEST_BOTH(fn)    TEST(fn), TEST_OUTSIDE(fn)

#endif
