/*
 * The debug build's look at every lock (see lock_debug.h): one checker for the machine, a list of
 * held locks for each task. The scheduler's own lock is left out: one task takes it and the next
 * one lets go of it.
 */
#include "kernel/core/log/event.h"
#include "kernel/core/lock/lock.h"
#include "kernel/core/lock/lockdep.h"
#include "kernel/core/machine.h"
#include "kernel/core/log/printk.h"
#include "kernel/core/time/time.h"

#ifdef LW_DEBUG

static struct lockdep checker;
static bool checker_busy, off;

static unsigned long enter(void)
{
	unsigned long flags = irq_save();

	while (__atomic_exchange_n(&checker_busy, true, __ATOMIC_ACQUIRE))
		cpu_relax();
	return flags;
}

/* The message is copied out before others may overwrite it. */
static void leave(unsigned long flags, const char *message)
{
	char text[LOCKDEP_MESSAGE];

	if (unlikely(message))
		ksnprintf(text, sizeof(text), "%s", message);
	__atomic_store_n(&checker_busy, false, __ATOMIC_RELEASE);
	irq_restore(flags);
	if (unlikely(message))
		panic("BUG: locks: %s (%s, pid %d)", text, current->comm, current->pid);
}

static bool is_checked(const struct lock_info *info)
{
	return current && !info->unchecked && !off;
}

void lock_debug_off(void)
{
	off = true;
}

static unsigned int context(void)
{
	return (in_interrupt() ? LOCKDEP_IN_IRQ : 0) | (irqs_enabled() ? LOCKDEP_IRQS_ON : 0);
}

void lock_debug_acquire(struct lock_info *info, unsigned int how)
{
	unsigned int here = context();
	unsigned long flags;

	if (!is_checked(info))
		return;
	flags = enter();
	leave(flags,
		lockdep_acquire(&checker, &current->held, info->name, info, how | here, clock_ns(),
			(uint64_t)__builtin_return_address(0)));
}

void lock_debug_waited(struct lock_info *info)
{
	if (is_checked(info))
		lockdep_waited(&current->held, info, clock_ns());
}

void lock_debug_release(struct lock_info *info)
{
	unsigned long flags;

	if (!is_checked(info))
		return;
	flags = enter();
	leave(flags, lockdep_release(&checker, &current->held, info->name, info, clock_ns()));
}

void lock_debug_contended(struct lock_info *info)
{
	unsigned long flags;

	if (!is_checked(info))
		return;
	flags = enter();
	lockdep_contended(&checker, info->name);
	leave(flags, NULL);
}

void lock_debug_held(const struct lock_info *info)
{
	if (is_checked(info) && info->owner != current)
		panic("BUG: locks: %s is not held (%s, pid %d)", info->name, current->comm,
			current->pid);
}

void might_sleep(void)
{
	const char *spin = current ? lockdep_spin_name(&current->held) : NULL;

	if (!current || current->pid == 0)
		return;
	if (spin)
		panic("BUG: sleeping while the spinlock %s is held (%s, pid %d)", spin,
			current->comm, current->pid);
	if (in_interrupt() || preempt_count() || !irqs_enabled())
		panic("BUG: sleeping in atomic context (%s, pid %d)", current->comm, current->pid);
}

void lock_debug_report(void)
{
	pr_info("lock classes: acquisitions, contended, longest hold in ns");
	for (unsigned int i = 0; i < checker.nr_classes; i++) {
		const struct lockdep_class *c = &checker.classes[i];

		pr_info("  %-16s %10lu %8lu %8lu", c->name, c->acquisitions, c->contended,
			c->longest_ns);
		event("{\"event\":\"lock\",\"name\":\"%s\",\"acquisitions\":%lu,\"contended\":%lu,"
		      "\"longest_hold_ns\":%lu}",
			c->name, c->acquisitions, c->contended, c->longest_ns);
	}
}

#endif
