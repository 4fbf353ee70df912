/*
 * Nodes of index trees (see index_node.h).
 */
#include <errno.h>
#include <string.h>

#include "kernel/core/sched/smp.h"
#include "mm/index/index_node.h"
#include "mm/slab/cache.h"
#include "mm/slab/slab.h"

static void construct(void *object)
{
	memset(object, 0, sizeof(struct index_node));
}

void index_init(struct memory *m)
{
	cache_init(&m->index.nodes, m, "radix_tree_node", sizeof(struct index_node), 0,
		SLAB_RECLAIM_ACCOUNT, construct);
}

static struct index_cpu *this_cpu_index(struct memory *m)
{
	return &m->index.cpu[this_cpu_id()];
}

static void push(struct index_node **list, struct index_node *node)
{
	node->parent = *list;
	*list = node;
}

static struct index_node *pop(struct index_node **list)
{
	struct index_node *node = *list;

	if (node) {
		*list = node->parent;
		node->parent = NULL;
	}
	return node;
}

/* This CPU's, from which the caller cannot be moved. */
static struct index_node *take_preloaded(struct memory *m)
{
	struct index_cpu *c = this_cpu_index(m);
	struct index_node *node = pop(&c->pool);

	if (node)
		c->pooled--;
	return node;
}

struct index_node *index_node_new(struct index_root *root)
{
	struct memory *m = root->memory;
	struct index_node *node = kmem_cache_alloc(&m->index.nodes, root->gfp);

	if (!node && !(root->gfp & __GFP_DIRECT_RECLAIM) && !in_interrupt())
		node = take_preloaded(m);
	if (node)
		node->root = root;
	return node;
}

static void give_back(struct memory *m, struct index_node **list)
{
	struct index_node *node;

	while ((node = pop(list)))
		kmem_cache_free(&m->index.nodes, node);
}

/* Debug builds: the next one who gets it finds it as the constructor left it. */
static void check_empty(const struct index_node *node)
{
#ifdef LW_DEBUG
	BUG_ON(node->used || node->shadows || node->list.next);
	for (unsigned int i = 0; i < INDEX_SLOTS; i++)
		BUG_ON(node->slot[i]);
#else
	(void)node;
#endif
}

/* The one that runs, unless nothing waits for it, does not cover this node. */
void index_node_free(struct index_root *root, struct index_node *node)
{
	struct memory *m = root->memory;
	unsigned long flags = irq_save();
	struct index_cpu *c = this_cpu_index(m);
	bool begins = !c->waiting;

	check_empty(node);
	push(begins ? &c->waiting : &c->later, node);
	if (begins && m->index.grace_begins)
		m->index.grace_begins(m);
	irq_restore(flags);
}

void index_grace_end(struct memory *m)
{
	struct index_cpu *c = this_cpu_index(m);

	give_back(m, &c->waiting);
	c->waiting = c->later;
	c->later = NULL;
	if (c->waiting && m->index.grace_begins)
		m->index.grace_begins(m);
}

/* One more in the pool of the CPU that the caller is on by then; preemption off again. */
static bool preload_one(struct memory *m, gfp_t gfp)
{
	struct index_node *node;
	struct index_cpu *c;

	preempt_enable();
	node = kmem_cache_alloc(&m->index.nodes, gfp);
	if (!node)
		return false;
	preempt_disable();
	c = this_cpu_index(m);
	if (c->pooled < INDEX_PRELOAD) {
		push(&c->pool, node);
		c->pooled++;
	} else {
		kmem_cache_free(&m->index.nodes, node);
	}
	return true;
}

int index_preload(struct memory *m, gfp_t gfp)
{
	preempt_disable();
	while ((gfp & __GFP_DIRECT_RECLAIM) && this_cpu_index(m)->pooled < INDEX_PRELOAD)
		if (!preload_one(m, gfp))
			return -ENOMEM;
	return 0;
}

void index_preload_end(void)
{
	preempt_enable();
}

/* A period that began goes on, and finds nothing to do. */
static void release_here(void *arg)
{
	struct memory *m = arg;
	struct index_cpu *c = this_cpu_index(m);

	give_back(m, &c->pool);
	c->pooled = 0;
	give_back(m, &c->waiting);
	give_back(m, &c->later);
}

void index_release_all(struct memory *m)
{
	unsigned int mask = 0;

	for (unsigned int cpu = 0; cpu < nr_cpus; cpu++) {
		const struct index_cpu *c = &m->index.cpu[cpu];

		if (READ_ONCE(c->pool) || READ_ONCE(c->waiting) || READ_ONCE(c->later))
			mask |= 1u << cpu;
	}
	if (mask)
		smp_call(mask, release_here, m);
}
