/*
 * The consistency check of shared memory (see shmem.h): trees, pages, slots, who maps it, and the totals.
 */
#include "kernel/core/log/printk.h"
#include "mm/page/node_stat.h"
#include "mm/space/shmem.h"
#include "mm/swap/swap_area.h"

static char message[192];

static const char *broken(const char *fmt, ...) __printf(1, 2);

static const char *broken(const char *fmt, ...)
{
	int n = ksnprintf(message, sizeof(message), "shmem: ");
	va_list ap;

	va_start(ap, fmt);
	kvsnprintf(message + n, sizeof(message) - n, fmt, ap);
	va_end(ap);
	return message;
}

struct totals {
	long pages, slots, mapped;
};

static const char *check_page(
	const struct shmem *s, unsigned long index, const struct page *page, struct totals *t)
{
	t->pages++;
	t->mapped += page->mapcount > 0;
	if (!page_has(page, PG_SHMEM) || page->mapping != s || page->index != index)
		return broken("pfn %lu at offset %lu says that it is at %lu (flags %x)",
			page_to_pfn(s->memory, page), index, page->index, page->flags);
	if (page_has(page, PG_SWAPCACHE | PG_WRITEBACK) || page->refcount <= page->mapcount)
		return broken("pfn %lu at offset %lu: flags %x, %d references, %d mappings",
			page_to_pfn(s->memory, page), index, page->flags, page->refcount,
			page->mapcount);
	return NULL;
}

static const char *check_slot(
	const struct shmem *s, unsigned long index, const void *slot, struct totals *t)
{
	swp_entry_t e = shmem_slot_entry(slot);

	t->slots++;
	if (swap_count(s->memory, e) != SWAP_MAP_SHMEM)
		return broken("offset %lu is in slot %lx, which is not shmem's", index, e.val);
	return NULL;
}

static const char *check_entries(const struct shmem *s, struct totals *t)
{
	unsigned long index[32], at = 0;
	const char *err = NULL;
	void *found[32];
	unsigned int n;

	do {
		n = index_gang(&s->tree, at, found, index, ARRAY_SIZE(found));
		for (unsigned int i = 0; !err && i < n; i++) {
			err = index_is_shadow(found[i]) ? check_slot(s, index[i], found[i], t) :
							  check_page(s, index[i], found[i], t);
			at = index[i] + 1;
		}
	} while (!err && n);
	if (!err && at > s->size)
		err = broken("something is at offset %lu of %lu", at - 1, s->size);
	return err;
}

static const char *check_mappers(const struct shmem *s)
{
	int mappers = 0;

	for (const struct vma *v = s->mappers.first; v; v = v->next_mapper, mappers++)
		if (v->object != s || vma_index(v, v->end) > s->size)
			return broken("a VMA shows offsets %u to %lu of %lu", v->offset,
				vma_index(v, v->end), s->size);
	if (mappers != s->refs.n)
		return broken("%d VMAs and %d references", mappers, s->refs.n);
	return NULL;
}

static const char *check_object(const struct shmem *s, struct totals *t)
{
	unsigned long nodes;
	const char *err = index_validate(&s->tree, &nodes);

	if (!err)
		err = check_entries(s, t);
	if (!err)
		err = check_mappers(s);
	return err;
}

const char *shmem_validate(const struct memory *m, long *mapped)
{
	long counted = node_stat_exact(m, NR_SHMEM);
	struct totals t = {0};
	const char *err = NULL;
	const struct shmem *s;

	list_for_each_entry(s, &m->shmems, all) {
		err = check_object(s, &t);
		if (err)
			return err;
	}
	*mapped += t.mapped;
	if (t.pages != counted || t.slots != swap_shmem_slots(m))
		return broken("%ld pages, %ld in slots; counted %ld, %ld", t.pages, t.slots,
			counted, swap_shmem_slots(m));
	return NULL;
}
