/*
 * Timers on the tick: one sorted list (a run has few timers). See timer.h.
 */
#include "kernel/core/arch.h"
#include "kernel/core/time.h"
#include "kernel/core/timer.h"

static struct list_head timers = LIST_HEAD_INIT(timers);

void timer_init(struct timer *t, void (*fn)(struct timer *timer))
{
	t->fn = fn;
	t->pending = false;
}

void timer_cancel(struct timer *t)
{
	unsigned long flags = irq_save();

	if (t->pending) {
		list_del(&t->node);
		t->pending = false;
	}
	irq_restore(flags);
}

/* Behind those that are due at the same tick: first armed, first run. */
static void insert_sorted(struct timer *t)
{
	struct list_head *at = timers.prev;

	while (at != &timers && list_entry(at, struct timer, node)->expires > t->expires)
		at = at->prev;
	list_add(&t->node, at);
}

void timer_start(struct timer *t, unsigned long ticks)
{
	unsigned long flags = irq_save();

	timer_cancel(t);
	t->expires = jiffies + MAX(ticks, 1ul);
	t->pending = true;
	insert_sorted(t);
	irq_restore(flags);
}

void timers_run(void)
{
	while (!list_empty(&timers)) {
		struct timer *t = list_first_entry(&timers, struct timer, node);

		if (t->expires > jiffies)
			break;
		timer_cancel(t);
		t->fn(t);
	}
}
