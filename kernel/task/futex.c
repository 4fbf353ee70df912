/*
 * Futexes (see calls.h). Who waits is in one list, by address space and address: no lock of an app
 * has so many waiters that it pays to find them faster.
 */
#include "kernel/core/lock/lock.h"
#include "kernel/core/cpu/trap.h"
#include "kernel/task/app.h"
#include "kernel/task/calls.h"
#include "kernel/task/futex.h"

struct futex_waiter {
	const struct mm *mm;
	const volatile int *addr;
	struct completion woken;
	struct list_head node;
};

static struct list_head waiters = LIST_HEAD_INIT(waiters);
static struct spinlock waiters_lock;

void futex_boot(void)
{
	spin_lock_init(&waiters_lock, "futex");
}

static void enqueue(struct futex_waiter *w)
{
	spin_lock(&waiters_lock);
	list_add_tail(&w->node, &waiters);
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
	struct futex_waiter w = {.mm = current->mm, .addr = addr};
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
	struct futex_waiter *w;

	kernel_enter();
	spin_lock(&waiters_lock);
	list_for_each_entry(w, &waiters, node)
		if (w->mm == current->mm && w->addr == addr)
			complete(&w->woken);
	spin_unlock(&waiters_lock);
	kernel_leave();
}
