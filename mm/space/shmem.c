/*
 * Objects of shared anonymous memory, and who maps them (see shmem.h).
 */
#include "mm/slab/cache.h"
#include "mm/slab/slab.h"
#include "mm/space/file_map.h"
#include "mm/space/shmem.h"

#define TREE_GFP (GFP_ATOMIC | __GFP_NOWARN) /* §26 */

void shmem_init(struct memory *m)
{
	cache_init(&m->shmem_cache, m, "shmem_inode_cache", sizeof(struct shmem), 0, SLAB_ACCOUNT,
		NULL);
	spin_lock_init(&m->shmems_lock, "shmems_lock");
	list_init(&m->shmems);
}

static void link(struct shmem *s, struct vma *v, unsigned long offset)
{
	v->object = s;
	v->offset = offset;
	mappers_link(v);
}

bool shmem_create(struct vma *v)
{
	struct memory *m = v->mm->memory;
	struct shmem *s = kmem_cache_alloc(&m->shmem_cache, GFP_KERNEL);

	if (!s)
		return false;
	*s = (struct shmem){.memory = m, .size = (v->end - v->start) >> PAGE_SHIFT};
	refcount_init(&s->refs);
	spin_lock_init(&s->lock, "shmem");
	mappers_init(&s->mappers);
	index_root_init(&s->tree, m, TREE_GFP);
	link(s, v, 0);
	spin_lock(&m->shmems_lock);
	list_add_tail(&s->all, &m->shmems);
	spin_unlock(&m->shmems_lock);
	return true;
}

void shmem_share(struct vma *v, const struct vma *of, unsigned long offset)
{
	struct shmem *s = of->object;

	BUG_ON(offset + ((v->end - v->start) >> PAGE_SHIFT) > s->size);
	refcount_get(&s->refs);
	link(s, v, offset);
}

/* Nobody has it, and shmem_next() gives it to nobody. */
static void destroy(struct shmem *s)
{
	struct memory *m = s->memory;

	spin_lock(&m->shmems_lock);
	list_del(&s->all);
	spin_unlock(&m->shmems_lock);
	shmem_truncate(s);
	index_destroy(&s->tree);
	lock_forget(&s->lock.info);
	mappers_forget(&s->mappers);
	kmem_cache_free(&m->shmem_cache, s);
}

void shmem_put(struct shmem *s)
{
	if (refcount_put(&s->refs))
		destroy(s);
}

struct shmem *shmem_next(struct memory *m, struct shmem *s)
{
	struct shmem *next = NULL;
	struct list_head *at;

	spin_lock(&m->shmems_lock);
	for (at = s ? s->all.next : m->shmems.next; !next && at != &m->shmems; at = at->next)
		if (refcount_get_live(&list_entry(at, struct shmem, all)->refs))
			next = list_entry(at, struct shmem, all);
	spin_unlock(&m->shmems_lock);
	if (s)
		shmem_put(s);
	return next;
}
