/*
 * States drawn at random, with a seed: rand_seed(&rng, ...).
 */
#ifndef HOST_REPLAY_DRAW_H
#define HOST_REPLAY_DRAW_H

#include "kernel/core/rand.h"
#include "replay_case.h"

static struct rand rng;

static inline long below(long n)
{
	return rand_next(&rng) % n;
}

static inline void draw_lists(struct state_zone *z, unsigned int cpus)
{
	unsigned int few = below(4);

	for (int order = 0; order < MAX_ORDER; order++)
		for (int t = 0; t < STATE_FREE_TYPES; t++)
			if (below(4) >= few)
				z->free[order][t] = below(1 + (600 >> order)) >> below(8);
	for (unsigned int cpu = 0; cpu < cpus; cpu++) {
		z->cpus_said |= 1u << cpu;
		for (int t = 0; t < STATE_LISTS; t++)
			z->pcp[cpu][t] = below(4) ? 0 : below(40);
	}
}

static inline void draw_zone(struct state_zone *z, unsigned int cpus)
{
	z->line = 1;
	draw_lists(z, cpus);
	z->highatomic = below(6) << state.pageblock_order;
	z->managed = state_free_pages(z) + state_pcp_pages(z) + z->highatomic + 1 + below(1 << 20);
	z->present = z->managed + below(100);
	for (int i = 0; i < NR_WMARK; i++)
		z->mark[i] = (i + 1) * below(1000);
	for (int i = 0; i < MAX_NR_ZONES; i++)
		z->protection[i] = below(5000);
	for (int i = 0; i < NR_LRU_LISTS; i++)
		z->lru[i] = below(100000);
}

static inline void draw_state(int pageblock_order)
{
	unsigned int cpus = 1 + below(MAX_CPUS);

	memset(&state, 0, sizeof(state));
	state.pageblock_order = pageblock_order;
	state.request.gfp = GFP_KERNEL;
	for (int i = 0; i < MAX_NR_ZONES; i++)
		if (below(4))
			draw_zone(&state.zone[i], cpus);
	state.swap_total = below(1000);
	state.swap_free = below(state.swap_total + 1);
}

#endif
