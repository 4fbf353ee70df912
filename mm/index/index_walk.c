/*
 * Trees as a whole: several entries in order, the end, and whether it is well made (see index.h).
 */
#include "kernel/core/log/printk.h"
#include "mm/index/index_node.h"

/* The slot after `node` in index order: its parent's next; NULL: there is none. */
static struct index_node *up(const struct index_node *node, unsigned int *slot)
{
	*slot = node->offset + 1;
	return node->parent;
}

/* What is collected, and from which index on. */
struct gang {
	void **entry;
	unsigned long *index, first;
	unsigned int n, most;
};

static void collect(struct gang *g, unsigned long index, void *entry)
{
	if (index < g->first)
		return;
	g->entry[g->n] = entry;
	g->index[g->n++] = index;
}

/* The slot to begin with in a node whose first index is `base`; INDEX_SLOTS: all of it is before. */
static unsigned int first_slot(
	const struct index_node *node, unsigned long base, unsigned long first)
{
	unsigned long slot = first > base ? (first - base) >> node->shift : 0;

	return MIN(slot, (unsigned long)INDEX_SLOTS);
}

/* The first index of the node of this shift in whose range `index` is. */
static unsigned long base_of(unsigned long index, unsigned int shift)
{
	unsigned int bits = shift + INDEX_SHIFT;

	return bits < 64 ? index >> bits << bits : 0;
}

static void gather(struct gang *g, const struct index_node *node)
{
	unsigned long base = 0;
	unsigned int slot = first_slot(node, 0, g->first);

	while (node && g->n < g->most) {
		void *entry = slot < INDEX_SLOTS ? node->slot[slot] : NULL;
		unsigned long at = base + ((unsigned long)slot << node->shift);

		if (slot == INDEX_SLOTS) {
			node = up(node, &slot);
			base = node ? base_of(base, node->shift) : 0;
		} else if (index_is_node(entry)) {
			node = index_to_node(entry);
			base = at;
			slot = first_slot(node, base, g->first);
		} else {
			if (entry)
				collect(g, at, entry);
			slot++;
		}
	}
}

unsigned int index_gang(const struct index_root *root, unsigned long first, void **entry,
	unsigned long *index, unsigned int most)
{
	struct gang g = {.entry = entry, .index = index, .first = first, .most = most};

	if (index_is_node(root->top))
		gather(&g, index_to_node(root->top));
	else if (root->top && most)
		collect(&g, 0, root->top);
	return g.n;
}

static bool well_made(
	const struct index_node *node, const struct index_node *parent, unsigned int slot)
{
	if (node->parent != parent)
		return false;
	return !parent || (node->offset == slot && node->shift + INDEX_SHIFT == parent->shift);
}

/* Empty nodes of the way to a refused insertion; no entry is left. */
static void free_below(struct index_root *root, struct index_node *node)
{
	for (unsigned int i = 0; i < INDEX_SLOTS; i++) {
		if (!node->slot[i])
			continue;
		BUG_ON(!index_is_node(node->slot[i]));
		free_below(root, index_to_node(node->slot[i]));
		node->slot[i] = NULL;
	}
	node->used = 0;
	index_node_free(root, node);
}

void index_destroy(struct index_root *root)
{
	BUG_ON(root->entries || root->shadows);
	if (root->top)
		free_below(root, index_to_node(root->top));
	root->top = NULL;
}

/* What a walk over all of a tree has found. */
struct tally {
	unsigned long nodes, entries, shadows;
};

static char message[128];

static const char *broken(const struct index_node *node, const char *what)
{
	ksnprintf(message, sizeof(message), "index: node of shift %u at slot %u: %s", node->shift,
		node->offset, what);
	return message;
}

static const char *check_node(const struct index_node *node, struct tally *t);

/* Whatever is in a slot that is not empty. */
static const char *check_slot(
	const struct index_node *node, unsigned int slot, unsigned int *shadows, struct tally *t)
{
	void *entry = node->slot[slot];

	if (index_is_node(entry) && !node->shift)
		return broken(node, "a node below the lowest level");
	if (!index_is_node(entry) && node->shift)
		return broken(node, "an entry above the lowest level");
	if (index_is_node(entry)) {
		if (!well_made(index_to_node(entry), node, slot))
			return broken(node, "does not fit its child");
		return check_node(index_to_node(entry), t);
	}
	*shadows += index_is_shadow(entry);
	return NULL;
}

static const char *check_node(const struct index_node *node, struct tally *t)
{
	unsigned int used = 0, shadows = 0;
	const char *err = NULL;
	uint64_t present = 0;

	for (unsigned int i = 0; !err && i < INDEX_SLOTS; i++) {
		if (!node->slot[i])
			continue;
		used++;
		present |= (uint64_t)index_is_entry(node->slot[i]) << i;
		err = check_slot(node, i, &shadows, t);
	}
	if (!err && present != node->present)
		err = broken(node, "marks what it does not hold");
	if (!err && (used != node->used || shadows != node->shadows))
		err = broken(node, "counts what it does not hold");
	t->nodes++;
	t->shadows += shadows;
	if (!node->shift)
		t->entries += used - shadows;
	return err;
}

const char *index_validate(const struct index_root *root, unsigned long *nodes)
{
	struct tally t = {0};
	const char *err = NULL;

	if (index_is_node(root->top)) {
		const struct index_node *top = index_to_node(root->top);

		err = well_made(top, NULL, 0) ? check_node(top, &t) : broken(top, "is no top");
	} else {
		t.shadows = index_is_shadow(root->top);
		t.entries = root->top && !t.shadows;
	}
	*nodes = t.nodes;
	if (!err && (t.entries != root->entries || t.shadows != root->shadows)) {
		ksnprintf(message, sizeof(message),
			"index: %lu entries and %lu shadows, counted %lu and %lu", t.entries,
			t.shadows, root->entries, root->shadows);
		err = message;
	}
	return err;
}
