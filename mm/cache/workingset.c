/*
 * Shadows of evicted pages (see workingset.h).
 */
#include "kernel/core/log/printk.h"
#include "mm/cache/address_space.h"
#include "mm/cache/workingset.h"
#include "mm/index/index_node.h"
#include "mm/page/node_stat.h"

/* §21.1: no node and no group of tasks need be told apart; two bits say that it is a shadow. */
#define EVICTION_SHIFT 2
#define EVICTION_MASK  (~0ul >> EVICTION_SHIFT)

/* §21.5: half of the pages of files, 64 places a node, an eighth of them shadows: 1 + 6 - 3 bits. */
#define PAGES_A_NODE_SHIFT 4

void *workingset_eviction(struct memory *m)
{
	unsigned long age = __atomic_add_fetch(&m->node.lru.inactive_age, 1, __ATOMIC_RELAXED);

	return (void *)(age << EVICTION_SHIFT | 2);
}

void workingset_report(const struct memory *m)
{
	const unsigned int bits = 64 - EVICTION_SHIFT;
	unsigned int order = 64 - __builtin_clzl(m->totalram_pages - 1);

	pr_info("workingset: timestamp_bits=%u max_order=%u bucket_order=%u", bits, order,
		order > bits ? order - bits : 0);
}

bool workingset_refault(struct memory *m, const void *shadow)
{
	unsigned long then = (uintptr_t)shadow >> EVICTION_SHIFT;
	unsigned long distance = (READ_ONCE(m->node.lru.inactive_age) - then) & EVICTION_MASK;

	node_stat_inc(m, WORKINGSET_REFAULT);
	if (distance > (unsigned long)node_stat(m, NR_ACTIVE_FILE))
		return false;
	node_stat_inc(m, WORKINGSET_ACTIVATE);
	return true;
}

void workingset_activation(struct memory *m)
{
	atomic_add(&m->node.lru.inactive_age, 1);
}

static bool is_listed(const struct index_node *leaf)
{
	return leaf->list.next;
}

/* shadow_lock held. */
static void unlist(struct memory *m, struct index_node *leaf)
{
	list_del(&leaf->list);
	leaf->list = (struct list_head){NULL, NULL};
	m->cache.nr_shadow_nodes--;
}

void workingset_forget_leaf(struct memory *m, struct index_node *leaf)
{
	spin_lock(&m->cache.shadow_lock);
	if (is_listed(leaf))
		unlist(m, leaf);
	spin_unlock(&m->cache.shadow_lock);
}

static void list_leaf(struct memory *m, struct index_node *leaf)
{
	spin_lock(&m->cache.shadow_lock);
	list_add_tail(&leaf->list, &m->cache.shadow_nodes);
	m->cache.nr_shadow_nodes++;
	spin_unlock(&m->cache.shadow_lock);
}

void workingset_leaf_changed(struct memory *m, struct index_node *leaf)
{
	bool only_shadows = leaf && leaf->used && leaf->used == leaf->shadows;

	if (!leaf || only_shadows == is_listed(leaf))
		return;
	if (only_shadows)
		list_leaf(m, leaf);
	else
		workingset_forget_leaf(m, leaf);
}

unsigned long shadow_nodes_freeable(struct memory *m)
{
	unsigned long pages = node_stat(m, NR_ACTIVE_FILE) + node_stat(m, NR_INACTIVE_FILE);
	unsigned long nodes = READ_ONCE(m->cache.nr_shadow_nodes);

	return nodes - MIN(nodes, pages >> PAGES_A_NODE_SHIFT);
}

/*
 * The oldest one, if its tree is not busy: it is taken from the list with the tree's lock held, and goes. The
 * order of the locks is the other way round, so that one is only tried.
 */
static bool shrink_one(struct memory *m)
{
	struct index_node *leaf = NULL;
	struct address_space *as = NULL;
	unsigned long flags = spin_lock_irqsave(&m->cache.shadow_lock);

	if (!list_empty(&m->cache.shadow_nodes)) {
		leaf = list_first_entry(&m->cache.shadow_nodes, struct index_node, list);
		as = container_of(leaf->root, struct address_space, tree);
		if (spin_trylock(&as->tree_lock)) {
			unlist(m, leaf);
		} else {
			list_del(&leaf->list);
			list_add_tail(&leaf->list, &m->cache.shadow_nodes);
			leaf = NULL;
		}
	}
	spin_unlock(&m->cache.shadow_lock);
	if (leaf) {
		index_drop_shadows(&as->tree, leaf);
		node_stat_inc(m, WORKINGSET_NODERECLAIM);
		spin_unlock(&as->tree_lock);
	}
	irq_restore(flags);
	return leaf;
}

unsigned long shadow_nodes_shrink(struct memory *m, unsigned long n)
{
	unsigned long freed = 0;

	while (n--)
		freed += shrink_one(m);
	return freed;
}
