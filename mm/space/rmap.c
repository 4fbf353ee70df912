/*
 * Walks over the entries that map a page, and who has used it (see rmap.h).
 */
#include "mm/cache/address_space.h"
#include "mm/page/page_lock.h"
#include "mm/space/anon_vma.h"
#include "mm/space/pgtable.h"
#include "mm/space/rmap.h"
#include "mm/space/shmem.h"

/* True: go on. */
static always_inline bool visit_vma(struct memory *m, const struct page *page, struct vma *v,
	uint64_t addr, rmap_visit visit, void *arg)
{
	uint64_t *pte;

	if (addr < v->start || addr >= v->end)
		return true;
	pte = pte_find(v->mm, addr);
	if (!pte || entry_page(m, READ_ONCE(*pte)) != page)
		return true;
	return visit(v, addr, pte, arg);
}

/* Its address is the one that it has in all of them. */
static void walk_anon(struct memory *m, struct page *page, rmap_visit visit, void *arg)
{
	struct anon_vma *av = anon_vma_get(m, page);
	struct anon_vma_chain *chain;

	if (!av)
		return;
	down_read(&av->sem);
	for (chain = av->first; chain; chain = chain->next)
		if (!visit_vma(
			    m, page, chain->vma, (uint64_t)page->index << PAGE_SHIFT, visit, arg))
			break;
	up_read(&av->sem);
	anon_vma_put(m, av);
}

/* Of an object's page that is locked; NULL: it has left before. */
static struct mappers *page_mappers(const struct page *page)
{
	if (page_has(page, PG_SHMEM))
		return &((struct shmem *)page->mapping)->mappers;
	if (page_has(page, PG_FILE) && page->mapping)
		return &((struct address_space *)page->mapping)->mappers;
	return NULL;
}

/* The page is locked. */
static noinline void walk_object(struct memory *m, struct page *page, rmap_visit visit, void *arg)
{
	struct mappers *s = page_mappers(page);
	struct vma *v;

	if (!s)
		return;
	down_read(&s->sem);
	for (v = s->first; v; v = v->next_mapper)
		if (page->index >= v->offset &&
			!visit_vma(m, page, v,
				v->start + ((uint64_t)(page->index - v->offset) << PAGE_SHIFT),
				visit, arg))
			break;
	up_read(&s->sem);
}

void rmap_walk(struct memory *m, struct page *page, rmap_visit visit, void *arg)
{
	if (page_has(page, PG_SHMEM | PG_FILE))
		walk_object(m, page, visit, arg);
	else
		walk_anon(m, page, visit, arg);
}

bool pte_test_clear_young(const struct memory *m, uint64_t *pte, const struct page *page)
{
	uint64_t old;

	do {
		old = READ_ONCE(*pte);
		if (entry_page(m, old) != page || !(old & PTE_ACCESSED))
			return false;
	} while (!pte_change(pte, old, old & ~PTE_ACCESSED));
	return true;
}

struct reference_walk {
	struct memory *memory;
	struct page *page;
	int left; /* entries to look for */
	int used;
	unsigned int vm_flags;
};

static bool look(struct vma *v, uint64_t addr, uint64_t *pte, void *arg)
{
	struct reference_walk *w = arg;
	unsigned int flags = READ_ONCE(v->flags);

	(void)addr;
	if (flags & VM_LOCKED) {
		w->vm_flags |= VM_LOCKED;
		return false;
	}
	if (pte_test_clear_young(w->memory, pte, w->page) && !(flags & VM_SEQ_READ)) {
		w->used++;
		w->vm_flags |= flags;
	}
	return --w->left > 0;
}

int page_referenced(struct memory *m, struct page *page, bool is_locked, unsigned int *vm_flags)
{
	struct reference_walk w = {.memory = m, .page = page, .left = READ_ONCE(page->mapcount)};
	bool has_object = page_has(page, PG_SHMEM | PG_FILE), lock_here = !is_locked && has_object;

	*vm_flags = 0;
	if (!w.left)
		return 0;
	if (lock_here && !trylock_page(page))
		return 1;
	if (has_object)
		walk_object(m, page, look, &w);
	else
		walk_anon(m, page, look, &w);
	if (lock_here)
		unlock_page(m, page);
	*vm_flags = w.vm_flags;
	return w.used;
}
