/*
 * The reverse map of anonymous pages (§19.2): from a page to the VMAs that may map it. `mapping` of such a
 * page is its anon_vma's address with the lowest bit set, `index` is its address's page number, and nothing
 * moves. An anon_vma has a chain object for each of its VMAs: without fork() a VMA has one at most, and all
 * of an anon_vma's are pieces and neighbours of one address space.
 *
 * `mapping` is written before the page is mapped and stays until the page is freed. So it may dangle, and is
 * followed only where the page is mapped. 4.8 needs RCU for that; here memory.rmap_lock does: under it the
 * last reference of an anon_vma is dropped, and under it a walker first sees that the page is mapped
 * (`mapcount`), then reads `mapping`, then takes a reference. That is enough, because
 *   - who maps a page has set `mapping` before `mapcount`, and its VMA cannot go meanwhile (mmap_sem);
 *   - zap lowers `mapcount` before the VMA leaves its anon_vma, which is before the reference goes;
 * so a page that is seen mapped has an anon_vma whose last reference is dropped under the lock later, and
 * one whose anon_vma has gone is seen not to be mapped.
 *
 * Locks: mmap_sem or a page's lock, then an anon_vma's `sem` (reading: to walk; writing: to change its
 * chain, or where one of its VMAs starts or ends), then rmap_lock. Nobody asks for memory with `sem` held.
 * Page tables outlive the chain: a walker needs no mmap_sem.
 */
#ifndef MM_ANON_VMA_H
#define MM_ANON_VMA_H

#include "kernel/core/lock/lock.h"
#include "mm/space/mm.h"

/* Bytes of both, as in 4.8: as many to a slab. */
#define ANON_VMA_SIZE       80
#define ANON_VMA_CHAIN_SIZE 64

struct anon_vma_chain {
	struct vma *vma;
	struct anon_vma *anon_vma;
	struct anon_vma_chain *next; /* by the VMAs' starts; the anon_vma's `sem` */
};

struct anon_vma {
	struct rwsem sem;
	struct anon_vma_chain *first;
	struct refcount refs; /* its chains, and walkers */
};

_Static_assert(sizeof(struct anon_vma) <= ANON_VMA_SIZE, "as many to a slab as in 4.8");
_Static_assert(sizeof(struct anon_vma_chain) <= ANON_VMA_CHAIN_SIZE, "as many to a slab as in 4.8");

#define MAPPING_ANON 1ul

/* The anon_vma that a page's `mapping`, or a VMA's `rmap`, names; NULL: none. */
static inline struct anon_vma *mapping_anon_vma(const void *mapping)
{
	uintptr_t value = (uintptr_t)mapping;

	return value & MAPPING_ANON ? (struct anon_vma *)(value - MAPPING_ANON) : NULL;
}

/* `mapping` of the VMA's pages; NULL: not yet made, which another thread may be about to do. */
static inline void *vma_rmap(const struct vma *v)
{
	return __atomic_load_n(&v->rmap, __ATOMIC_ACQUIRE);
}

/*
 * Before the VMA's first page is asked for: `rmap` is set, to a neighbour's anon_vma where they could be one
 * VMA but for being writable, or to a new one. False: no memory. mmap_sem held for reading, several may come at
 * once; may sleep. No function here is for a VMA of VM_OBJECT (file_map.h).
 */
bool anon_vma_prepare(struct vma *v);
/* `to` has pages of what is `from`'s; false: no memory. mmap_sem held for writing here and below. */
bool anon_vma_clone(struct vma *to, const struct vma *from);
/* Could both be one, as far as their pages' `mapping` goes? */
static inline bool anon_vma_same(const struct vma *a, const struct vma *b)
{
	return !a->rmap || !b->rmap || a->rmap == b->rmap;
}
/* `to`, which has made no page yet, gets what `from` has. */
void anon_vma_move(struct vma *to, struct vma *from);
/* Its entries are gone: nobody looks for pages in it any more. */
void anon_vma_unlink(struct vma *v);
/* Around a change of where it starts or ends. */
void anon_vma_lock(struct vma *v);
void anon_vma_unlock(struct vma *v);

/* A page's, with a reference; NULL: it is not mapped, or not anonymous. The page does not go meanwhile. */
struct anon_vma *anon_vma_get(struct memory *m, const struct page *page);
void anon_vma_put(struct memory *m, struct anon_vma *av);

/* Boot. */
void anon_vma_init(struct memory *m);

#endif
