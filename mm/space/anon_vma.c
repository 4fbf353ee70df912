/*
 * Anonymous pages' reverse map: anon_vmas and their chains come and go (see anon_vma.h).
 */
#include "mm/slab/cache.h"
#include "mm/slab/slab.h"
#include "mm/space/anon_vma.h"

void anon_vma_init(struct memory *m)
{
	cache_init(&m->anon_vma_cache, m, "anon_vma", ANON_VMA_SIZE, 0, SLAB_ACCOUNT, NULL);
	cache_init(&m->anon_vma_chain_cache, m, "anon_vma_chain", ANON_VMA_CHAIN_SIZE, 0,
		SLAB_ACCOUNT, NULL);
	spin_lock_init(&m->rmap_lock, "rmap_lock");
}

static struct anon_vma *new_anon_vma(struct memory *m)
{
	struct anon_vma *av = kmem_cache_alloc(&m->anon_vma_cache, GFP_KERNEL);

	if (!av)
		return NULL;
	*av = (struct anon_vma){.first = NULL};
	rwsem_init(&av->sem, "anon_vma");
	refcount_init(&av->refs);
	return av;
}

struct anon_vma *anon_vma_get(struct memory *m, const struct page *page)
{
	struct anon_vma *av = NULL;

	spin_lock(&m->rmap_lock);
	if (__atomic_load_n(&page->mapcount, __ATOMIC_ACQUIRE))
		av = mapping_anon_vma(READ_ONCE(page->mapping));
	if (av)
		refcount_get(&av->refs);
	spin_unlock(&m->rmap_lock);
	return av;
}

void anon_vma_put(struct memory *m, struct anon_vma *av)
{
	bool last;

	spin_lock(&m->rmap_lock);
	last = refcount_put(&av->refs);
	spin_unlock(&m->rmap_lock);
	if (!last)
		return;
	lock_forget(&av->sem.info);
	kmem_cache_free(&m->anon_vma_cache, av);
}

/* `sem` held for writing. */
static void enter(struct anon_vma *av, struct anon_vma_chain *chain)
{
	struct anon_vma_chain **link = &av->first;

	while (*link && (*link)->vma->start < chain->vma->start)
		link = &(*link)->next;
	chain->next = *link;
	*link = chain;
}

static void leave(struct anon_vma *av, struct anon_vma_chain *chain)
{
	struct anon_vma_chain **link = &av->first;

	while (*link != chain)
		link = &(*link)->next;
	*link = chain->next;
}

static struct anon_vma_chain *new_chain(struct vma *v)
{
	struct anon_vma_chain *chain =
		kmem_cache_alloc(&v->mm->memory->anon_vma_chain_cache, GFP_KERNEL);

	if (chain)
		chain->vma = v;
	return chain;
}

/* One's initial contents go on where the other's end, or neither has any. */
static bool same_contents(const struct vma *a, const struct vma *b)
{
	if (!a->template || !b->template)
		return !a->template && !b->template;
	return a->template + (a->end - a->start) == b->template;
}

/* `b`, behind `a`, could be one VMA with it if one of them were, or were not, writable. */
static bool compatible(const struct vma *a, const struct vma *b)
{
	return a->end == b->start && !((a->flags ^ b->flags) & ~VM_WRITE) && same_contents(a, b);
}

/* The next one's before the previous one's (§19.2), with a reference; or NULL. */
static struct anon_vma *of_neighbour(const struct vma *v)
{
	const struct list_head *end = &v->mm->vmas;
	const struct vma *next = list_entry(v->node.next, struct vma, node),
			 *prev = list_entry(v->node.prev, struct vma, node);
	struct anon_vma *av = NULL;

	if (&next->node != end && compatible(v, next))
		av = mapping_anon_vma(vma_rmap(next));
	if (!av && &prev->node != end && compatible(prev, v))
		av = mapping_anon_vma(vma_rmap(prev));
	if (av)
		refcount_get(&av->refs);
	return av;
}

static bool install(struct vma *v, void *rmap)
{
	void *none = NULL;

	return __atomic_compare_exchange_n(
		&v->rmap, &none, rmap, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

/* The reference of `av` becomes the chain's. False: another thread was faster. */
static bool link(struct vma *v, struct anon_vma *av, struct anon_vma_chain *chain)
{
	bool first;

	chain->anon_vma = av;
	down_write(&av->sem);
	first = install(v, (char *)av + MAPPING_ANON);
	if (first) {
		v->chain = chain;
		enter(av, chain);
	}
	up_write(&av->sem);
	return first;
}

bool anon_vma_prepare(struct vma *v)
{
	struct memory *m = v->mm->memory;
	struct anon_vma_chain *chain;
	struct anon_vma *av;

	chain = new_chain(v);
	if (!chain)
		return false;
	av = of_neighbour(v);
	if (!av)
		av = new_anon_vma(m);
	if (av && link(v, av, chain))
		return true;
	kmem_cache_free(&m->anon_vma_chain_cache, chain);
	if (!av)
		return false;
	anon_vma_put(m, av);
	return true;
}

bool anon_vma_clone(struct vma *to, const struct vma *from)
{
	struct anon_vma_chain *chain;
	struct anon_vma *av;

	if (from->chain) {
		chain = new_chain(to);
		if (!chain)
			return false;
		av = from->chain->anon_vma;
		refcount_get(&av->refs);
		link(to, av, chain);
	}
	to->rmap = from->rmap;
	return true;
}

void anon_vma_move(struct vma *to, struct vma *from)
{
	struct anon_vma_chain *chain = from->chain;

	to->rmap = from->rmap;
	to->chain = chain;
	if (!chain)
		return;
	anon_vma_lock(from);
	leave(chain->anon_vma, chain);
	chain->vma = to;
	enter(chain->anon_vma, chain);
	from->chain = NULL;
	anon_vma_unlock(to);
}

void anon_vma_unlink(struct vma *v)
{
	struct anon_vma_chain *chain = v->chain;

	v->rmap = NULL;
	if (!chain)
		return;
	anon_vma_lock(v);
	leave(chain->anon_vma, chain);
	anon_vma_unlock(v);
	v->chain = NULL;
	anon_vma_put(v->mm->memory, chain->anon_vma);
	kmem_cache_free(&v->mm->memory->anon_vma_chain_cache, chain);
}

void anon_vma_lock(struct vma *v)
{
	if (v->chain)
		down_write(&v->chain->anon_vma->sem);
}

void anon_vma_unlock(struct vma *v)
{
	if (v->chain)
		up_write(&v->chain->anon_vma->sem);
}
