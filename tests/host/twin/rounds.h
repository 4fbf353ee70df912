/*
 * How often a request has gone to reclaim, and kswapd as those see it that wake it.
 *
 * A round that frees nothing goes down through the priorities twice (§17.2), and counts a stall each time; of a
 * node that has nothing to give each descent is one pass (§17.3), which asks the shrinkers once.
 */
#ifndef HOST_ROUNDS_H
#define HOST_ROUNDS_H

#include "twin.h"

#include "mm/page/memory.h"

#define DESCENTS_IN_VAIN 2

/* The first call of a shrinker in round n, counted from 1, when no round has freed anything. */
#define FIRST_CALL_OF_ROUND(n) (DESCENTS_IN_VAIN * ((n)-1) + 1)

/* Of `n` stalls, or calls of one shrinker: as many rounds, each of them in vain. */
static inline unsigned long rounds_in_vain(unsigned long n)
{
	assert_int_equal(n % DESCENTS_IN_VAIN, 0);
	return n / DESCENTS_IN_VAIN;
}

static inline unsigned long stalls_in_vain(const struct memory *m)
{
	return rounds_in_vain(mm_event_sum(m, ALLOCSTALL));
}

/* A kswapd that sleeps, and does nothing when it is woken but to be asleep again. */
static inline void put_kswapd_to_sleep(struct memory *m)
{
	static struct waiter w;
	struct task *self = become(task_new("kswapd0", 3, NULL));

	current->flags = PF_KTHREAD | PF_KSWAPD;
	wait_prepare(&m->node.kswapd_wait, &w, TASK_UNINTERRUPTIBLE);
	become(self);
}

#endif
