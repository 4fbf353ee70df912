/*
 * Timers on the tick: a sorted list for each CPU (a run has few timers). See timer.h.
 */
#include "kernel/core/lock/lock.h"
#include "kernel/core/time/time.h"
#include "kernel/core/time/timer.h"

static struct spinlock timer_lock;
static unsigned int nr_running; /* functions, under timer_lock */

void timers_init(void)
{
	spin_lock_init(&timer_lock, "timers");
}

/* timer_lock held. */
static void unlink_timer(struct timer *t)
{
	if (t->pending)
		list_del(&t->node);
	t->pending = false;
}

void timer_init(struct timer *t, void (*fn)(struct timer *timer))
{
	t->fn = fn;
	t->wakes_nobody = false;
	t->pending = false;
	t->running = false;
}

void timer_cancel(struct timer *t)
{
	unsigned long flags = spin_lock_irqsave(&timer_lock);

	unlink_timer(t);
	spin_unlock_irqrestore(&timer_lock, flags);
}

/* Behind those that are due at the same tick: first armed, first run. */
static void insert_sorted(struct timer *t)
{
	struct list_head *timers = &this_cpu()->timers, *at = timers->prev;

	while (at != timers && list_entry(at, struct timer, node)->expires > t->expires)
		at = at->prev;
	list_add(&t->node, at);
}

void timer_start(struct timer *t, unsigned long ticks)
{
	unsigned long flags = spin_lock_irqsave(&timer_lock);

	unlink_timer(t);
	t->expires = jiffies + MAX(ticks, 1ul);
	t->pending = true;
	insert_sorted(t);
	spin_unlock_irqrestore(&timer_lock, flags);
}

void timer_cancel_sync(struct timer *t)
{
	for (;;) {
		unsigned long flags = spin_lock_irqsave(&timer_lock);
		bool running = t->running;

		unlink_timer(t);
		spin_unlock_irqrestore(&timer_lock, flags);
		if (!running)
			return;
		cpu_relax();
	}
}

/* This CPU's next timer that is due, off the list and marked as running; NULL if none is. */
static struct timer *take_due(struct timer *done)
{
	unsigned long flags = spin_lock_irqsave(&timer_lock);
	struct list_head *timers = &this_cpu()->timers;
	struct timer *t = list_empty(timers) ? NULL : list_first_entry(timers, struct timer, node);

	if (done) {
		done->running = false;
		nr_running--;
	}
	if (t && t->expires > jiffies)
		t = NULL;
	if (t) {
		unlink_timer(t);
		t->running = true;
		nr_running++;
	}
	spin_unlock_irqrestore(&timer_lock, flags);
	return t;
}

void timers_run(void)
{
	struct timer *t = NULL;

	while ((t = take_due(t)))
		t->fn(t);
}

static bool may_wake(const struct list_head *timers)
{
	const struct timer *t;

	list_for_each_entry(t, timers, node)
		if (!t->wakes_nobody)
			return true;
	return false;
}

bool timers_may_wake(void)
{
	unsigned long flags = spin_lock_irqsave(&timer_lock);
	bool may = nr_running > 0;
	const struct cpu *cpu;

	for_each_cpu(cpu)
		may = may || (cpu->online && may_wake(&cpu->timers));
	spin_unlock_irqrestore(&timer_lock, flags);
	return may;
}
