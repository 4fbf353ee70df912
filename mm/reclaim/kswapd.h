/*
 * kswapd: frees pages in the background, from the low watermark of all zones to the high one of any (§18).
 */
#ifndef MM_KSWAPD_H
#define MM_KSWAPD_H

#include "mm/alloc/page_alloc.h"

/* Boot: before and after there are watermarks. */
void kswapd_init(struct memory *m);
/* `spawn` makes a kernel task. NULL, or what is wrong: without it 4.8 does not boot. */
struct task;
const char *kswapd_start(
	struct memory *m, struct task *(*spawn)(const char *name, void (*fn)(void *), void *arg));
/* The task's life; `memory` is a struct memory. */
void kswapd(void *memory);

/*
 * Somebody's attempt failed (§18.2): what it wants is noted, and kswapd is woken if it sleeps, and no zone that it
 * may look at is balanced. Any context.
 */
void wakeup_kswapd(const struct alloc_context *ac);
/* Until it sleeps. May sleep. */
void kswapd_wait_idle(struct memory *m);
/* A throttled task waits for it (§23.3). */
void wake_kswapd_for_throttled(struct memory *m);

/*
 * Above its high mark, for a request of this order and class, by kswapd's test? If so the node is neither
 * dirty nor congested any more (trap 20).
 */
bool zone_is_balanced(struct zone *z, unsigned int order, unsigned int classzone);

#endif
