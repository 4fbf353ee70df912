/*
 * Trees: insert, look up, delete (see index.h).
 */
#include <errno.h>

#include "mm/index/index_node.h"

/* Where an index is, or would be. */
struct place {
	struct index_node *node; /* NULL: at the top, without a node */
	void **slot;
};

static unsigned int slot_of(unsigned long index, int shift)
{
	return index >> shift & (INDEX_SLOTS - 1);
}

/* Of the highest node of a tree whose highest index this is; -6: it needs none. */
static int shift_for(unsigned long index)
{
	return index ? (63 - __builtin_clzl(index)) / INDEX_SHIFT * INDEX_SHIFT : -INDEX_SHIFT;
}

/* Of what is at the top: an entry is where a node of this shift is not needed. */
static int top_shift(const struct index_root *root)
{
	return index_is_node(root->top) ? index_to_node(root->top)->shift : -INDEX_SHIFT;
}

static bool covers(const struct index_root *root, unsigned long index)
{
	/* In two steps: of a tree of all indices it is 60 and 6. */
	return index_is_node(root->top) ?
		!(index >> index_to_node(root->top)->shift >> INDEX_SHIFT) :
		!index;
}

static struct index_node *hang(struct index_root *root, struct place *p, int shift)
{
	struct index_node *node = index_node_new(root);

	if (!node)
		return NULL;
	node->shift = shift;
	node->parent = p->node;
	node->offset = p->node ? p->slot - p->node->slot : 0;
	if (p->node)
		p->node->used++;
	*p->slot = index_from_node(node);
	return node;
}

/* A level more, above what is there. */
static bool grow(struct index_root *root)
{
	void *old = root->top;
	int shift = top_shift(root) + INDEX_SHIFT;
	struct place top = {NULL, &root->top};
	struct index_node *node = hang(root, &top, shift);

	if (!node)
		return false;
	node->slot[0] = old;
	node->used = 1;
	node->shadows = index_is_shadow(old);
	node->present = index_is_entry(old);
	if (index_is_node(old))
		index_to_node(old)->parent = node; /* at offset 0, as it was made */
	return true;
}

static void step_down(struct place *p, unsigned long index)
{
	p->node = index_to_node(*p->slot);
	p->slot = &p->node->slot[slot_of(index, p->node->shift)];
}

/* With nodes made where there are none; false: memory for one was refused. */
static bool make_place(struct index_root *root, unsigned long index, struct place *p)
{
	int shift;

	while (root->top && !covers(root, index))
		if (!grow(root))
			return false;
	*p = (struct place){NULL, &root->top};
	shift = root->top ? top_shift(root) : shift_for(index);
	for (; shift >= 0; shift -= INDEX_SHIFT) {
		if (!*p->slot && !hang(root, p, shift))
			return false;
		step_down(p, index);
	}
	return true;
}

/* False: no node leads there. */
static always_inline bool find_place(
	const struct index_root *root, unsigned long index, struct place *p)
{
	*p = (struct place){NULL, (void **)&root->top};
	if (!root->top || !covers(root, index))
		return false;
	while (index_is_node(*p->slot))
		step_down(p, index);
	return !p->node || p->node->shift == 0;
}

/* What a place has got, or loses. */
static void count(struct index_root *root, const struct place *p, const void *entry, int by)
{
	if (index_is_shadow(entry))
		root->shadows += by;
	else
		root->entries += by;
	if (!p->node)
		return;
	if (index_is_shadow(entry))
		p->node->shadows += by;
	else
		p->node->present ^= 1ull << (p->slot - p->node->slot);
}

int index_insert(struct index_root *root, unsigned long index, void *entry, void **shadow)
{
	struct place p;

	if (shadow)
		*shadow = NULL;
	if (!make_place(root, index, &p))
		return -ENOMEM;
	if (*p.slot && !index_is_shadow(*p.slot))
		return -EEXIST;
	if (*p.slot) {
		if (shadow)
			*shadow = *p.slot;
		count(root, &p, *p.slot, -1);
	} else if (p.node) {
		p.node->used++;
	}
	*p.slot = entry;
	count(root, &p, entry, 1);
	return 0;
}

void *index_replace(struct index_root *root, unsigned long index, void *entry)
{
	struct place p;
	void *was;

	if (!find_place(root, index, &p) || !*p.slot)
		return NULL;
	was = *p.slot;
	count(root, &p, was, -1);
	*p.slot = entry;
	count(root, &p, entry, 1);
	return was;
}

void *index_lookup(const struct index_root *root, unsigned long index)
{
	struct place p;

	return find_place(root, index, &p) ? *p.slot : NULL;
}

/* An only entry at index 0 needs no node; but without one a shadow would be lost (§21.2). */
static bool may_shrink(const struct index_node *top)
{
	if (top->used != 1 || !top->slot[0])
		return false;
	return top->shift > 0 || !index_is_shadow(top->slot[0]);
}

static void shrink(struct index_root *root)
{
	while (index_is_node(root->top) && may_shrink(index_to_node(root->top))) {
		struct index_node *node = index_to_node(root->top);

		root->top = node->slot[0];
		if (index_is_node(root->top))
			index_to_node(root->top)->parent = NULL;
		node->slot[0] = NULL;
		node->used = 0;
		node->present = 0;
		index_node_free(root, node);
	}
}

/* A slot of `node` has become empty: so may the node, and then one of its parent's has. */
static void prune(struct index_root *root, struct index_node *node)
{
	while (node && !node->used) {
		struct index_node *parent = node->parent;

		if (parent) {
			parent->slot[node->offset] = NULL;
			parent->used--;
		} else {
			root->top = NULL;
		}
		index_node_free(root, node);
		node = parent;
	}
	if (node && !node->parent)
		shrink(root);
}

void *index_delete(struct index_root *root, unsigned long index, void *shadow)
{
	struct place p;
	void *entry;

	if (!find_place(root, index, &p) || !*p.slot)
		return NULL;
	entry = *p.slot;
	count(root, &p, entry, -1);
	if (shadow && p.node) {
		*p.slot = shadow;
		count(root, &p, shadow, 1);
		return entry;
	}
	*p.slot = NULL;
	if (p.node) {
		p.node->used--;
		prune(root, p.node);
	}
	return entry;
}

void index_drop_shadows(struct index_root *root, struct index_node *leaf)
{
	BUG_ON(leaf->shift || leaf->used != leaf->shadows);
	root->shadows -= leaf->shadows;
	for (unsigned int i = 0; i < INDEX_SLOTS; i++)
		leaf->slot[i] = NULL;
	leaf->used = leaf->shadows = 0;
	prune(root, leaf);
}
