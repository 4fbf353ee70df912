/*
 * Futexes (see calls.h). Who waits goes by the word's address, and by the address space where the word
 * is private to it. Words share a few lists, so that who wakes one looks at few other waiters.
 */
#include "kernel/core/lock/lock.h"
#include "kernel/core/cpu/trap.h"
#include "kernel/task/app.h"
#include "kernel/task/calls.h"
#include "kernel/task/futex.h"

struct futex_waiter {
	const struct mm *mm; /* NULL: the word is the same for all */
	const volatile int *addr;
	struct completion woken;
	struct list_head node;
};

#define LISTS 64

static struct list_head waiters[LISTS];
static struct spinlock waiters_lock;

void futex_boot(void)
{
	for (int i = 0; i < LISTS; i++)
		list_init(&waiters[i]);
	spin_lock_init(&waiters_lock, "futex");
}

static struct list_head *list_for(const volatile int *addr)
{
	return &waiters[(uintptr_t)addr / sizeof(long) % LISTS];
}

/* A word marked KERNEL_DATA is in no app's own memory. */
static const struct mm *space_of(const volatile int *addr)
{
	return is_app_address((uintptr_t)addr) ? current->mm : NULL;
}

static void enqueue(struct futex_waiter *w)
{
	spin_lock(&waiters_lock);
	list_add_tail(&w->node, list_for(w->addr));
	spin_unlock(&waiters_lock);
}

/* Whoever wakes us has let go of us when this returns. */
static void dequeue(struct futex_waiter *w)
{
	spin_lock(&waiters_lock);
	list_del(&w->node);
	spin_unlock(&waiters_lock);
}

/* Reading may fault, and so sleep. */
static bool still_has(const volatile int *addr, int expected)
{
	int value;

	return !copy_app(&value, (const void *)addr, sizeof(value)) && value == expected;
}

/* In the list before the word is read: whoever changes it after that finds us. */
int lw_futex_wait(volatile int *addr, int expected)
{
	struct futex_waiter w = {.mm = space_of(addr), .addr = addr};
	int err = -1;

	kernel_enter();
	completion_init(&w.woken, "futex");
	enqueue(&w);
	if (still_has(addr, expected))
		err = wait_for_completion_killable(&w.woken);
	dequeue(&w);
	kernel_leave();
	return err;
}

/* All of them: one alone might be killed before it does what it was woken for. */
void lw_futex_wake(volatile int *addr)
{
	const struct mm *mm = space_of(addr);
	struct futex_waiter *w;

	kernel_enter();
	spin_lock(&waiters_lock);
	list_for_each_entry(w, list_for(addr), node)
		if (w->mm == mm && w->addr == addr)
			complete(&w->woken);
	spin_unlock(&waiters_lock);
	kernel_leave();
}
