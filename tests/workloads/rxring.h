/*
 * A receive ring: a driver that refills buffers of orders 1 to 3 from its timer with
 * GFP_ATOMIC|__GFP_NOWARN (reference §13.3). It keeps what it has until told to give it back.
 * Mix of orders: 60 % order 1, 20 % order 2, 20 % order 3, drawn from the workload's seed.
 *
 * Called by apps (each is a kernel call); it allocates in interrupt context. Pages. There is one
 * ring: start it, fill and empty it as often as you like, stop it empty; anything else panics.
 */
#ifndef WORKLOADS_RXRING_H
#define WORKLOADS_RXRING_H

struct rxring_stats {
	long held_pages, held_chunks;
	long failures; /* refused allocations since the start */
};

/* Take `burst` chunks a tick from now on, whenever there is something to take. */
void rxring_start(long burst);
/* Take up to `pages` more; sleeps until they are held, or until memory refuses a whole burst. */
void rxring_fill(long pages);
/* Give everything back, from the timer. Sleeps until done. */
void rxring_empty(void);
void rxring_stop(void);
void rxring_stats(struct rxring_stats *stats);

#endif
