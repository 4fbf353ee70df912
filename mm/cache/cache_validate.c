/*
 * The consistency check of the page cache (see address_space.h).
 */
#include "kernel/core/log/printk.h"
#include "mm/cache/page_cache.h"
#include "mm/index/index_node.h"

static char message[192];

static const char *broken(const struct address_space *as, const char *fmt, ...) __printf(2, 3);

static const char *broken(const struct address_space *as, const char *fmt, ...)
{
	int n = ksnprintf(message, sizeof(message), "cache: file of %lu pages: ", as->size);
	va_list ap;

	va_start(ap, fmt);
	kvsnprintf(message + n, sizeof(message) - n, fmt, ap);
	va_end(ap);
	return message;
}

/* A page that somebody maps has been read, and belongs to a file. */
static const char *check_page(
	const struct address_space *as, unsigned long index, const struct page *page)
{
	unsigned long pfn = page_to_pfn(as->memory, page);

	if (!page_has(page, PG_FILE) || page->mapping != as || page->index != index)
		return broken(as, "pfn %lu at %lu says that it is at %lu (flags %x)", pfn, index,
			page->index, page->flags);
	if (page_has(page, PG_SHMEM | PG_SWAPCACHE | PG_DIRTY | PG_WRITEBACK))
		return broken(as, "pfn %lu at %lu: flags %x", pfn, index, page->flags);
	if (page->refcount <= page->mapcount || (page->mapcount && !page_has(page, PG_UPTODATE)))
		return broken(as, "pfn %lu at %lu: flags %x, %d references, %d mappings", pfn,
			index, page->flags, page->refcount, page->mapcount);
	return NULL;
}

static const char *check_pages(const struct address_space *as, long *mapped)
{
	unsigned long index[32], at = 0;
	const char *err = NULL;
	void *found[32];
	unsigned int n;

	do {
		n = index_gang(&as->tree, at, found, index, ARRAY_SIZE(found));
		for (unsigned int i = 0; !err && i < n; i++) {
			const struct page *page = found[i];

			at = index[i] + 1;
			if (index_is_shadow(page))
				continue;
			err = check_page(as, index[i], page);
			*mapped += page->mapcount > 0;
		}
	} while (!err && n);
	if (!err && at > as->size)
		err = broken(as, "something is at %lu", at - 1);
	return err;
}

static const char *check_file(const struct address_space *as, long *pages, long *mapped)
{
	unsigned long nodes;
	const char *err = index_validate(&as->tree, &nodes);

	*pages += as->tree.entries;
	return err ? err : check_pages(as, mapped);
}

/* Nodes with nothing but shadows are listed, and no others. */
static const char *check_shadow_nodes(const struct memory *m)
{
	const struct index_node *node;
	unsigned long n = 0;

	list_for_each_entry(node, &m->cache.shadow_nodes, list) {
		n++;
		if (node->shift || !node->used || node->used != node->shadows)
			return "cache: a listed node holds not shadows alone";
	}
	return n == m->cache.nr_shadow_nodes ? NULL : "cache: the count of shadow nodes is wrong";
}

const char *cache_validate(const struct memory *m, long *pages, long *mapped)
{
	const char *err = check_shadow_nodes(m);
	const struct address_space *as;

	list_for_each_entry(as, &m->cache.mappings, all)
		if (!err)
			err = check_file(as, pages, mapped);
	return err;
}
