/*
 * Reference counts. Any context. A count of 0 is an object on its way out: refcount_get_live()
 * must not bring it back.
 */
#ifndef CORE_REFCOUNT_H
#define CORE_REFCOUNT_H

#include "kernel/core/machine.h"
#include "kernel/core/replay_point.h"

struct refcount {
	int n;
};

static inline void refcount_init(struct refcount *r)
{
	r->n = 1;
}

/* The caller holds a reference already. */
static point_inline void refcount_get(struct refcount *r)
{
	int before;

	replay_point();
	before = __atomic_fetch_add(&r->n, 1, __ATOMIC_RELAXED);
	BUG_ON(before <= 0);
}

/* Increment unless it is 0: false, and the object is not to be used. */
static point_inline bool refcount_get_live(struct refcount *r)
{
	int n;

	replay_point();
	n = __atomic_load_n(&r->n, __ATOMIC_RELAXED);
	while (n > 0)
		if (__atomic_compare_exchange_n(
			    &r->n, &n, n + 1, true, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return true;
	return false;
}

/* True for the last one, who frees. */
static point_inline bool refcount_put(struct refcount *r)
{
	int after;

	replay_point();
	after = __atomic_sub_fetch(&r->n, 1, __ATOMIC_ACQ_REL);
	BUG_ON(after < 0);
	return after == 0;
}

#endif
