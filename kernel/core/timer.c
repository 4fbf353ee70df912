/*
 * Timers on the tick: one sorted list (a run has few timers). See timer.h.
 */
#include "kernel/core/lock.h"
#include "kernel/core/time.h"
#include "kernel/core/timer.h"

static struct list_head timers = LIST_HEAD_INIT(timers);
static struct spinlock timer_lock;

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
	t->pending = false;
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
	struct list_head *at = timers.prev;

	while (at != &timers && list_entry(at, struct timer, node)->expires > t->expires)
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

/* The next timer that is due, off the list; NULL if none is. */
static struct timer *take_due(void)
{
	unsigned long flags = spin_lock_irqsave(&timer_lock);
	struct timer *t =
		list_empty(&timers) ? NULL : list_first_entry(&timers, struct timer, node);

	if (t && t->expires > jiffies)
		t = NULL;
	if (t)
		unlink_timer(t);
	spin_unlock_irqrestore(&timer_lock, flags);
	return t;
}

void timers_run(void)
{
	struct timer *t;

	while ((t = take_due()))
		t->fn(t);
}
