/*
 * Which slot is next, on a disk that does not rotate: each CPU takes slots from a cluster of its own
 * (§20.5).
 */
#include "mm/slab/kmalloc.h"
#include "mm/swap/swap_area.h"

static uint32_t nr_clusters(const struct swap_area *a)
{
	return (a->max + SWAP_CLUSTER_SLOTS - 1) / SWAP_CLUSTER_SLOTS;
}

static void append_free(struct swap_area *a, uint32_t i)
{
	a->cluster[i].free = true;
	a->cluster[i].next = SWAP_NO_CLUSTER;
	if (a->free_head == SWAP_NO_CLUSTER)
		a->free_head = i;
	else
		a->cluster[a->free_tail].next = i;
	a->free_tail = i;
}

/* The first one: only that is ever taken. */
static void remove_free(struct swap_area *a, uint32_t i)
{
	BUG_ON(i != a->free_head);
	a->free_head = a->cluster[i].next;
	a->cluster[i].free = false;
}

/* From the one of cluster_next on, those that are whole (§20.5). */
bool swap_clusters_make(struct swap_area *a)
{
	uint32_t n = nr_clusters(a), first = a->cluster_next / SWAP_CLUSTER_SLOTS;

	a->cluster = kzalloc(a->memory, n * sizeof(*a->cluster), GFP_KERNEL);
	if (!a->cluster)
		return false;
	a->free_head = SWAP_NO_CLUSTER;
	a->cluster[0].used++;
	a->cluster[n - 1].used += n * SWAP_CLUSTER_SLOTS - a->max;
	for (uint32_t i = 0; i < n; i++)
		if (!a->cluster[(first + i) % n].used)
			append_free(a, (first + i) % n);
	for (int cpu = 0; cpu < MAX_CPUS; cpu++)
		a->here[cpu].cluster = SWAP_NO_CLUSTER;
	return true;
}

/* The first free slot of this CPU's cluster, from where it was last on; 0: none. */
static uint32_t next_here(struct swap_area *a, unsigned int cpu)
{
	uint32_t end = MIN((a->here[cpu].cluster + 1) * SWAP_CLUSTER_SLOTS, a->max);

	for (uint32_t o = a->here[cpu].next; o < end; o++)
		if (!*swap_byte(a, o))
			return o;
	return 0;
}

bool swap_cluster_choose(struct swap_area *a, unsigned long *offset)
{
	unsigned int cpu = this_cpu_id();
	uint32_t found;

	for (;;) {
		if (a->here[cpu].cluster == SWAP_NO_CLUSTER) {
			if (a->free_head == SWAP_NO_CLUSTER)
				return false;
			a->here[cpu].cluster = a->free_head;
			a->here[cpu].next = a->free_head * SWAP_CLUSTER_SLOTS;
		}
		found = next_here(a, cpu);
		if (found)
			break;
		a->here[cpu].cluster = SWAP_NO_CLUSTER;
	}
	a->here[cpu].next = found + 1;
	*offset = found;
	return true;
}

/* A free cluster that is not the first one: another CPU has begun that one meanwhile. */
bool swap_cluster_conflicts(struct swap_area *a, unsigned long offset)
{
	uint32_t i = offset / SWAP_CLUSTER_SLOTS;

	if (a->free_head == SWAP_NO_CLUSTER || i == a->free_head || !a->cluster[i].free)
		return false;
	a->here[this_cpu_id()].cluster = SWAP_NO_CLUSTER;
	return true;
}

void swap_cluster_take(struct swap_area *a, unsigned long offset)
{
	uint32_t i = offset / SWAP_CLUSTER_SLOTS;

	if (a->cluster[i].free)
		remove_free(a, i);
	a->cluster[i].used++;
}

void swap_cluster_give(struct swap_area *a, unsigned long offset)
{
	uint32_t i = offset / SWAP_CLUSTER_SLOTS;

	if (--a->cluster[i].used == 0)
		append_free(a, i);
}
