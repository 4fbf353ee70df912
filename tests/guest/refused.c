/*
 * refused: atomic objects from slabs until memory for one more is refused, and all of them given back: the
 * report of the second seed, which a driver's kmalloc() under its lock makes, and what follows it.
 */
#include "kernel/core/log/event.h"
#include "kernel/core/lock/lock.h"
#include "kernel/task/scenario.h"
#include "mm/slab/kmalloc.h"

static long size = 64;

static const struct param knobs[] = {
	{"size", "bytes an object", 8, 8192, &size, NULL},
};

static struct spinlock lock;
static long taken;

/* Each object is linked to the one before it. A frame of its own, for the call trace. */
static noinline void *take_until_refused(void)
{
	unsigned long flags = spin_lock_irqsave(&lock);
	void *last = NULL, **object;

	while ((object = kmalloc(&system_memory, size, GFP_ATOMIC))) {
		*object = last;
		last = object;
		taken++;
	}
	spin_unlock_irqrestore(&lock, flags);
	return last;
}

static void give_back(void **object)
{
	while (object) {
		void **before = *object;

		kfree(&system_memory, object);
		object = before;
	}
}

static void refused(void)
{
	spin_lock_init(&lock, "a driver's queue");
	give_back(take_until_refused());
	event_counter(COUNTER("refused_after"), taken);
}

static const struct scenario_arm arms[] = {
	{.patch = "none",
		.outcome = "completed",
		.checks = {"refused_after > 0", "alloc_failures == 2"}},
};

SCENARIO(refused_scenario) = {
	.name = "refused",
	.help = "an atomic request from slabs that is refused, for tests of its report",
	.group = "test",
	.knobs = knobs,
	.nr_knobs = ARRAY_SIZE(knobs),
	.kernel = refused,
	.arms = arms,
	.nr_arms = ARRAY_SIZE(arms),
};
