/*
 * Private machines (see host_machine.h).
 */
#include <sys/mman.h>

#include "twin.h"

#include "boot/multiboot.h"
#include "boot/paging.h"
#include "host_machine.h"
#include "kernel/core/param.h"
#include "mm/alloc/buddy_ops.h"
#include "mm/page/pageblock.h"
#include "mm/alloc/pcp.h"
#include "mm/show/validate.h"
#include "mm/slab/partial.h"
#include "mm/slab/slab.h"
#include "mm/page/vmstat.h"

#define PUD_ENTRY  511         /* of the top table: where APP_PRIVATE lies */
#define KEPT_BYTES (4ul << 20) /* the page array of 256 MiB */

struct machine {
	struct memory memory;
	struct boot_mem boot_mem;
	size_t ram_bytes, map_bytes; /* 0: counts only */
	struct machine *next;
};

/*
 * Address space for the page array of one small machine at a time, kept with the pages in it: to
 * have them mapped anew would cost more than all that such a machine does.
 */
static char *kept_space;
static bool kept_is_taken;

static struct machine *machines;
static uint64_t top_table[512];
uint64_t *kernel_pml4 = top_table;

/* As the kernel's: a top-order block's page structs do not straddle their own alignment. */
#define SPACE_ALIGN (sizeof(struct page) << (MAX_ORDER - 1))

static void *reserve_space(size_t bytes)
{
	char *p = mmap(NULL, bytes + SPACE_ALIGN, PROT_NONE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	size_t skip;

	assert_true(p != MAP_FAILED);
	skip = -(uintptr_t)p % SPACE_ALIGN;
	if (skip)
		munmap(p, skip);
	munmap(p + skip + bytes, SPACE_ALIGN - skip);
	return p + skip;
}

static void open_space(void *p, size_t bytes)
{
	assert_int_equal(mprotect(p, bytes, PROT_READ | PROT_WRITE), 0);
}

static void *take_map_space(size_t bytes)
{
	if (bytes > KEPT_BYTES || kept_is_taken)
		return reserve_space(bytes);
	if (!kept_space)
		kept_space = reserve_space(KEPT_BYTES);
	assert_int_equal(mprotect(kept_space, bytes, PROT_NONE), 0);
	kept_is_taken = true;
	return kept_space;
}

static void give_map_space(void *p, size_t bytes)
{
	if (p == kept_space)
		kept_is_taken = false;
	else
		munmap(p, bytes);
}

/* The array of 4 GiB. A larger one stays as it was mapped: zero, and not there where nobody looks. */
#define MANY_PAGES (1ul << 20)

/* As at boot: what need not be clear holds what nobody may take for anything. */
static struct page blank(void)
{
	struct page page;

	memset(&page, 0, sizeof(page));
#ifndef LW_DEBUG
	memset((char *)&page + offsetof(struct page, lru), 0xa5,
		sizeof(page) - offsetof(struct page, lru));
#endif
	return page;
}

/* The sanitizer's own look at each of a machine's pages would cost more than most tests. */
__attribute__((no_sanitize("address"))) static bool map_page_array(
	struct memory *m, struct boot_mem *bm, unsigned long start, unsigned long end)
{
	const struct page page = blank();

	(void)bm;
	open_space(m->mem_map + start, (end - start) * sizeof(struct page));
	if (end - start > MANY_PAGES)
		return true;
	for (unsigned long pfn = start; pfn < end; pfn++)
		m->mem_map[pfn] = page;
	return true;
}

static struct machine *add_machine(const struct machine_spec *spec)
{
	struct machine *pc = aligned_alloc(64, (sizeof(*pc) + 63) / 64 * 64);
	struct mm_tunables tunables = mm_tunables;

	memset(pc, 0, sizeof(*pc));
	pc->next = machines;
	machines = pc;
	tunables.pageblock_order = spec->pageblock_order ? spec->pageblock_order : 10;
	tunables.min_free_kbytes = spec->min_free_kbytes;
	memory_object_init(&pc->memory, &tunables, spec->patches);
	if (spec->dma_end)
		pc->memory.zone_end[ZONE_DMA] = spec->dma_end;
	if (spec->dma32_end)
		pc->memory.zone_end[ZONE_DMA32] = spec->dma32_end;
	return pc;
}

static void read_map(struct machine *pc, const struct machine_spec *spec)
{
	static const struct boot_range pc_40_mib[] = {
		{0, 0x9fc00, MB_MEMORY_USABLE}, {0x100000, MIB(40), MB_MEMORY_USABLE}};
	struct boot_info info = {.nr_ranges = 0};

	while (spec->range[info.nr_ranges].type) {
		info.range[info.nr_ranges] = spec->range[info.nr_ranges];
		info.nr_ranges++;
	}
	if (info.nr_ranges == 0) {
		memcpy(info.range, pc_40_mib, sizeof(pc_40_mib));
		info.nr_ranges = ARRAY_SIZE(pc_40_mib);
	}
	boot_mem_init(&pc->boot_mem, &info);
}

/* Where a PC has its VGA memory, and so never RAM. */
#define ZERO_PFN 0xa0

static void add_zero_page(struct memory *memory)
{
	char *page = memory->virt_base + ZERO_PFN * PAGE_SIZE;

	open_space(page, PAGE_SIZE);
	assert_int_equal(mprotect(page, PAGE_SIZE, PROT_READ), 0);
	memory->zero_pfn = ZERO_PFN;
}

static void add_ram(struct machine *pc)
{
	unsigned long end = (boot_mem_end(&pc->boot_mem) + 1023) / 1024 * 1024;

	pc->ram_bytes = end * PAGE_SIZE;
	pc->map_bytes = end * sizeof(struct page);
	pc->memory.virt_base = reserve_space(pc->ram_bytes);
	add_zero_page(&pc->memory);
	pc->memory.mem_map = take_map_space(pc->map_bytes);
	for (unsigned int i = 0; i < pc->boot_mem.nr_usable; i++) {
		const struct pfn_range *r = &pc->boot_mem.usable[i];

		open_space(pc->memory.virt_base + r->start * PAGE_SIZE,
			(r->end - r->start) * PAGE_SIZE);
	}
}

/* The kernel's second-level table above APP_PRIVATE: address spaces copy it. */
static void add_kernel_tables(struct machine *pc)
{
	unsigned long pfn = boot_mem_alloc(&pc->boot_mem, 1, 1);

	assert_true(pfn > 0);
	memset(top_table, 0, sizeof(top_table));
	top_table[PUD_ENTRY] = (uint64_t)pfn << PAGE_SHIFT | PTE_PRESENT | PTE_WRITE;
}

void set_parameters(const char *text)
{
	char line[256], said[512];

	snprintf(line, sizeof(line), "%s", text);
	if (!params_try_parse(line, said, sizeof(said)))
		fail_msg("%s: %s", text, said);
}

struct memory *machine_new(const struct machine_spec *spec)
{
	struct machine *pc = add_machine(spec);
	const char *err;

	read_map(pc, spec);
	add_ram(pc);
	add_kernel_tables(pc);
	err = memory_setup(&pc->memory, &pc->boot_mem, map_page_array);
	if (err)
		fail_msg("%s", err);
	return &pc->memory;
}

struct memory *machine_with(int pageblock_order, unsigned int patches)
{
	struct machine_spec spec = {.pageblock_order = pageblock_order, .patches = patches};

	return machine_new(&spec);
}

struct memory *machine_default(void)
{
	return machine_with(10, 0);
}

struct boot_mem *machine_boot_mem(void)
{
	return &machines->boot_mem;
}

struct memory *machine_of_counts(
	int pageblock_order, unsigned long nr_dma, unsigned long nr_dma32, unsigned long nr_normal)
{
	struct machine_spec spec = {.pageblock_order = pageblock_order};
	struct memory *m = &add_machine(&spec)->memory;
	const unsigned long count[] = {nr_dma, nr_dma32, nr_normal};

	for (int i = 0; i <= ZONE_NORMAL; i++) {
		m->zone[i].managed = count[i];
		m->zone[i].present = m->zone[i].spanned = count[i];
		m->totalram_pages += count[i];
	}
	memory_recompute(m);
	return m;
}

/* Locks of the machine, and in its memory (of address spaces a failed test left), die with it. */
static void forget_locks(struct machine *pc)
{
	struct list_head *self = &pc->memory.oom_lock.info.all, *p, *next;
	uintptr_t ram = (uintptr_t)pc->memory.virt_base;

	for (p = self->next; p != self; p = next) {
		next = p->next;
		if ((uintptr_t)p - ram < pc->ram_bytes ||
			(uintptr_t)p - (uintptr_t)pc < sizeof(*pc))
			list_del(p);
	}
	list_del(self);
}

void machines_destroy(void)
{
	while (machines) {
		struct machine *pc = machines;

		machines = pc->next;
		forget_locks(pc);
		if (pc->ram_bytes) {
			munmap(pc->memory.virt_base, pc->ram_bytes);
			give_map_space(pc->memory.mem_map, pc->map_bytes);
		}
		free(pc);
	}
}

void zone_empty(struct zone *z)
{
	for (int order = 0; order < MAX_ORDER; order++) {
		for (int t = 0; t < MIGRATE_TYPES; t++) {
			struct list_head *list = &z->free_area[order].free_list[t];

			while (!list_empty(list))
				buddy_split(z, list_first_entry(list, struct page, lru), order,
					order, t);
		}
	}
	z->stat[NR_FREE_PAGES] = 0;
}

void memory_empty(struct memory *m)
{
	struct zone *z;

	for_each_populated_zone(m, z)
		zone_empty(z);
}

struct page *zone_put(struct zone *z, unsigned long pfn, unsigned int order, int type)
{
	struct page *page = pfn_to_page(z->memory, pfn);

	buddy_free(z, page, order, type);
	return page;
}

void free_single(struct zone *z, struct page *page, bool cold)
{
	enum migratetype type = page_block_type(z->memory, z, page);
	unsigned long flags = irq_save();
	struct per_cpu_pages *pcp = this_cpu_pages(z);

	if (pcp_add(pcp, page, type, cold))
		pcp_free_batch(z, pcp);
	irq_restore(flags);
}

void zone_marks(struct zone *z, unsigned long min, unsigned long low, unsigned long high)
{
	z->watermark[WMARK_MIN] = min;
	z->watermark[WMARK_LOW] = low;
	z->watermark[WMARK_HIGH] = high;
}

void memory_no_marks(struct memory *m)
{
	struct zone *z;

	for_each_zone(m, z) {
		zone_marks(z, 0, 0, 0);
		memset(z->lowmem_reserve, 0, sizeof(z->lowmem_reserve));
	}
}

unsigned int list_length(const struct list_head *list)
{
	unsigned int n = 0;

	for (const struct list_head *p = list->next; p != list; p = p->next)
		n++;
	return n;
}

unsigned int free_blocks(const struct zone *z, unsigned int order, int type)
{
	return list_length(&z->free_area[order].free_list[type]);
}

unsigned long blocks_of_type(const struct zone *z, int type)
{
	unsigned long n = 0;

	for (unsigned long i = 0; i < z->nr_pageblocks; i++)
		n += z->pageblock_type[i] == type;
	return n;
}

unsigned long nth_free(
	const struct memory *m, const struct zone *z, unsigned int order, int type, unsigned int n)
{
	const struct list_head *list = &z->free_area[order].free_list[type], *p = list->next;

	while (p != list && n--)
		p = p->next;
	return p == list ? 0 : page_to_pfn(m, list_entry(p, struct page, lru));
}

void assert_valid(const struct memory *m)
{
	const char *err = mm_validate(m);

	if (err)
		fail_msg("mm_validate: %s", err);
}

static unsigned int chain_length(const struct kmem_cache *s, void *object)
{
	unsigned int n = 0;

	for (; object; object = *slab_link(s, object))
		n++;
	return n;
}

/* Pages of a slab of which `held` objects are free on top of what its word says; 0 if any is in use. */
static long idle_pages(const struct page *page, unsigned int held)
{
	return slab_read(page).inuse == held ? 1l << page->order : 0;
}

static long idle_on_cpu(const struct kmem_cache *s, const struct kmem_cache_cpu *c)
{
	long sum = c->page ? idle_pages(c->page, chain_length(s, c->freelist)) : 0;

	for (const struct page *page = c->partial; page; page = slab_next_partial(page))
		sum += idle_pages(page, 0);
	return sum;
}

long idle_slab_pages(const struct memory *m)
{
	const struct kmem_cache *s;
	const struct page *page;
	long sum = 0;

	for_each_cache(s, m) {
		for (unsigned int cpu = 0; cpu < nr_cpus; cpu++)
			sum += idle_on_cpu(s, &s->cpu[cpu]);
		list_for_each_entry(page, &s->partial, lru)
			sum += idle_pages(page, 0);
	}
	return sum;
}

long all_free(struct memory *m)
{
	const struct zone *z;
	long sum;

	lru_add_drain_all(m);
	sum = idle_slab_pages(m);
	for_each_populated_zone(m, z)
		sum += zone_stat_exact(z, NR_FREE_PAGES) + zone_free_pcp(z);
	return sum;
}
