/*
 * Open files (see file.h).
 */
#include "mm/cache/file.h"
#include "mm/slab/cache.h"
#include "mm/slab/slab.h"

#define FILP_SIZE 256 /* of 4.8's: as many to a slab (§31.5) */

_Static_assert(sizeof(struct file) <= FILP_SIZE, "as many to a slab as in 4.8");

void cache_init_files(struct memory *m)
{
	cache_init(
		&m->cache.files, m, "filp", FILP_SIZE, 0, SLAB_HWCACHE_ALIGN | SLAB_ACCOUNT, NULL);
}

struct file *file_open(struct address_space *as)
{
	struct file *f = kmem_cache_alloc(&as->memory->cache.files, GFP_KERNEL);

	if (!f)
		return NULL;
	*f = (struct file){.mapping = as, .ra = {.ra_pages = as->ra_pages, .prev_pos = -1}};
	refcount_init(&f->refs);
	refcount_get(&as->opened);
	return f;
}

void file_put(struct file *f)
{
	struct address_space *as = f->mapping;

	if (!refcount_put(&f->refs))
		return;
	kmem_cache_free(&as->memory->cache.files, f);
	refcount_put(&as->opened);
	if (as->ops->release)
		as->ops->release(as);
}

void file_advise(struct file *f, enum file_advice advice)
{
	f->ra.ra_pages = f->mapping->ra_pages * (advice == FILE_ADVICE_SEQUENTIAL ? 2 : 1);
	f->flags = advice == FILE_ADVICE_RANDOM ? FILE_RANDOM : 0;
}
