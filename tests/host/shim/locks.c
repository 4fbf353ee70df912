/*
 * Locks that outlive a test. A panic that comes back to its test leaves a spinlock of the kernel
 * locked, where the real machine would have stopped: it is let go here.
 */
#include "twin.h"

#include "kernel/core/lock/lock.h"

/* Spinlocks that belong to no private machine. */
static const char *const global_spinlocks[] = {"task list"};

static struct lock_info anchor;
static struct list_head *all_locks;

/* The list's head is private to lock.c: it is what comes after the youngest lock. */
static void find_list(void)
{
	lock_register(&anchor, "anchor");
	all_locks = anchor.all.next;
}

static void let_go(struct lock_info *info)
{
	for (size_t i = 0; i < ARRAY_SIZE(global_spinlocks); i++) {
		if (strcmp(info->name, global_spinlocks[i]))
			continue;
		container_of(info, struct spinlock, info)->locked = 0;
		info->owner = NULL;
	}
}

void locks_let_go(void)
{
	struct lock_info *info;

	if (!all_locks)
		find_list();
	list_for_each_entry(info, all_locks, all)
		let_go(info);
}

void locks_forget(void)
{
	while (all_locks && anchor.all.next != all_locks)
		list_del_init(anchor.all.next);
}

void mutex_abandon(struct mutex *m)
{
	m->info.owner = NULL;
	m->sem.count = 0;
#ifdef LW_DEBUG
	memset(&current->held, 0, sizeof(current->held));
#endif
}
