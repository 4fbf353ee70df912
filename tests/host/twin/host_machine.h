/*
 * Private machines: a struct memory with backing memory of its own, made from a firmware map.
 * Holes of the map and of the page array are unmapped, so touching one is a crash.
 *
 * All machines of a test go with its teardown.
 */
#ifndef HOST_MACHINE_H
#define HOST_MACHINE_H

#include "mm/lru/pagevec.h"
#include "mm/setup/memory_init.h"
#include "mm/alloc/page_alloc.h"

#define MIB(n) ((uint64_t)(n) << 20)

struct machine_spec {
	struct boot_range range[8];       /* type 0 ends the list; none: 40 MiB as on a PC */
	unsigned long dma_end, dma32_end; /* pfn limits of the zones; 0: as on a PC */
	int pageblock_order;              /* 0: 10 */
	unsigned int patches;
	long min_free_kbytes; /* 0: the formula's */
};

/* As if the command line had these parameters; a later machine follows them. They must be good ones. */
void set_parameters(const char *text);
/* A running machine: booted, nothing allocated. */
struct memory *machine_new(const struct machine_spec *spec);
struct memory *machine_default(void);
/* The default machine with pageblocks of this order, and patches. */
struct memory *machine_with(int pageblock_order, unsigned int patches);
/* What boot left of the map; of the youngest machine. */
struct boot_mem *machine_boot_mem(void);
/* Zones without memory: managed counts only, watermarks computed. Frees itself as well. */
struct memory *machine_of_counts(
	int pageblock_order, unsigned long dma, unsigned long dma32, unsigned long normal);
void machines_destroy(void);

static inline struct zone *dma(struct memory *m)
{
	return &m->zone[ZONE_DMA];
}

static inline struct zone *dma32(struct memory *m)
{
	return &m->zone[ZONE_DMA32];
}

/* Take every free block off a zone's lists, as if it had never been handed over. */
void zone_empty(struct zone *z);
/* zone_empty() for all zones: then the test says, block by block, what is free. */
void memory_empty(struct memory *m);
/* Free a block that the page allocator has never seen: to the list of `type`. */
struct page *zone_put(struct zone *z, unsigned long pfn, unsigned int order, int type);
/* Free a page that was never allocated by way of this CPU's list (§3.9). */
void free_single(struct zone *z, struct page *page, bool cold);
void zone_marks(struct zone *z, unsigned long min, unsigned long low, unsigned long high);
/* No watermark and no lowmem_reserve anywhere: every attempt may take the last page. */
void memory_no_marks(struct memory *m);
/* Entries of one list. */
unsigned int list_length(const struct list_head *list);
unsigned int free_blocks(const struct zone *z, unsigned int order, int type);
/* Pageblocks of a zone with this tag. */
unsigned long blocks_of_type(const struct zone *z, int type);
/* The page frame of entry n of a free list, or 0. */
unsigned long nth_free(
	const struct memory *m, const struct zone *z, unsigned int order, int type, unsigned int n);
/* mm_validate() is content. */
void assert_valid(const struct memory *m);
/* Pages of slabs that have no object in use: kmem_cache_shrink() would give them back. */
long idle_slab_pages(const struct memory *m);
/* Free pages of all zones: those on per-CPU lists, and those that slabs keep for nobody, too. */
long all_free(struct memory *m);

#endif
