/*
 * Zone counters on several CPUs (see vmstat.h).
 */
#include "kernel/core/sched/smp.h"
#include "mm/page/node_stat.h"
#include "mm/page/vmstat.h"

#define MOST_THRESHOLD 125
#define UNIT_SHIFT     15 /* 128 MiB in pages */

/* Position of the highest set bit, from 1; 0 for 0. */
static int fls(unsigned long x)
{
	return x ? 64 - __builtin_clzl(x) : 0;
}

int vmstat_threshold(unsigned int ncpu, unsigned long managed)
{
	if (ncpu == 1)
		return 0;
	return MIN(MOST_THRESHOLD, 2 * fls(ncpu) * (1 + fls(managed >> UNIT_SHIFT)));
}

int normal_threshold(const struct zone *z)
{
	return vmstat_threshold(nr_cpus, z->managed);
}

/* So small that all CPUs together hide no more than lies between low and min. */
int pressure_threshold(const struct zone *z)
{
	int distance = z->watermark[WMARK_LOW] - z->watermark[WMARK_MIN];

	return MIN(MOST_THRESHOLD, MAX(1, distance / (int)nr_cpus));
}

void set_zone_thresholds(struct memory *m, int (*threshold)(const struct zone *z))
{
	struct zone *z;

	for_each_populated_zone(m, z)
		if (z->percpu_drift_mark)
			WRITE_ONCE(z->stat_threshold, threshold(z));
}

long zone_stat_exact(const struct zone *z, enum zone_stat item)
{
	long sum = z->stat[item];

	for (unsigned int cpu = 0; cpu < nr_cpus; cpu++)
		sum += z->pcp[cpu].stat_diff[item];
	return sum;
}

long memory_stat_exact(const struct memory *m, enum zone_stat item)
{
	const struct zone *z;
	long sum = 0;

	for_each_zone(m, z)
		sum += zone_stat_exact(z, item);
	return sum;
}

static void fold_zone(struct zone *z)
{
	short *gathered = z->pcp[this_cpu_id()].stat_diff;

	for (int i = 0; i < NR_ZONE_STATS; i++) {
		if (gathered[i])
			atomic_add(&z->stat[i], gathered[i]);
		gathered[i] = 0;
	}
}

static void fold_node(struct node_state *node)
{
	short *gathered = node->cpu[this_cpu_id()].stat_diff;

	for (int i = 0; i < NR_NODE_STATS; i++) {
		if (gathered[i])
			atomic_add(&node->stat[i], gathered[i]);
		gathered[i] = 0;
	}
}

void vmstat_fold_local(struct memory *m)
{
	unsigned long flags = irq_save();
	struct zone *z;

	fold_node(&m->node);

	for_each_populated_zone(m, z)
		fold_zone(z);
	irq_restore(flags);
}

static void step(struct memory *m, enum node_stat item, int by)
{
	struct node_state *node = &m->node;
	unsigned long flags;
	short *gathered;

	if (node->stat_threshold == 0) {
		atomic_add(&node->stat[item], by);
		return;
	}
	flags = irq_save();
	gathered = node_stat_gathered(node, item);
	*gathered += by;
	if (*gathered * by > node->stat_threshold) {
		short keep = -by * (node->stat_threshold / 2);

		atomic_add(&node->stat[item], *gathered - keep);
		*gathered = keep;
	}
	irq_restore(flags);
}

void node_stat_inc(struct memory *m, enum node_stat item)
{
	step(m, item, 1);
}

void node_stat_dec(struct memory *m, enum node_stat item)
{
	step(m, item, -1);
}

long node_stat_exact(const struct memory *m, enum node_stat item)
{
	long sum = m->node.stat[item];

	for (unsigned int cpu = 0; cpu < nr_cpus; cpu++)
		sum += m->node.cpu[cpu].stat_diff[item];
	return sum;
}

static void fold_here(void *m)
{
	vmstat_fold_local(m);
}

void vmstat_fold_all(struct memory *m)
{
	smp_call(ALL_CPUS, fold_here, m);
}
