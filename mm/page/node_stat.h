/*
 * The node's counters on several CPUs (§22.2): as a zone's (vmstat.h), each CPU gathers changes up to a
 * threshold.
 *
 * Units: pages. Any context, unless it says that interrupts are off.
 */
#ifndef MM_NODE_STAT_H
#define MM_NODE_STAT_H

#include "mm/page/memory.h"

static inline short *node_stat_gathered(struct node_state *node, enum node_stat item)
{
	return &in_slot(node->cpu, this_cpu_slot())->stat_diff[item];
}

/* Interrupts off. */
static inline void node_stat_mod(struct memory *m, enum node_stat item, long n)
{
	struct node_state *node = &m->node;
	int most = node->stat_threshold;
	short *gathered;

	if (likely(most == 0)) {
		atomic_add(&node->stat[item], n);
		return;
	}
	gathered = node_stat_gathered(node, item);
	n += *gathered;
	if (unlikely(n > most || n < -most)) {
		atomic_add(&node->stat[item], n);
		n = 0;
	}
	*gathered = n;
}

static inline void node_stat_add(struct memory *m, enum node_stat item, long n)
{
	unsigned long flags;

	if (likely(m->node.stat_threshold == 0)) {
		atomic_add(&m->node.stat[item], n);
		return;
	}
	flags = irq_save();
	node_stat_mod(m, item, n);
	irq_restore(flags);
}

/* By one: where the threshold is passed the counter gets half of it more, or less, than was gathered. */
void node_stat_inc(struct memory *m, enum node_stat item);
void node_stat_dec(struct memory *m, enum node_stat item);

/* Near enough; what CPUs have gathered can make a small counter negative: 0. */
static inline long node_stat(const struct memory *m, enum node_stat item)
{
	long n = READ_ONCE(m->node.stat[item]);

	return MAX(n, 0l);
}

/* With what the CPUs have not added yet: exact while nobody changes it, and perhaps negative. */
long node_stat_exact(const struct memory *m, enum node_stat item);

/* The same as 4.8's tests read it (§17.10b): never negative. */
static inline long node_stat_snapshot(const struct memory *m, enum node_stat item)
{
	long n = node_stat_exact(m, item);

	return MAX(n, 0l);
}

/* Something became free (§17.10b). Interrupts off. No call: it would cost those who free some registers. */
static inline void forget_scanned(struct memory *m)
{
	long n = READ_ONCE(m->node.stat[NR_PAGES_SCANNED]);

	if (unlikely(n > 0))
		node_stat_mod(m, NR_PAGES_SCANNED, -n);
}

#endif
