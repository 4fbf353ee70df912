/*
 * Boot of the kernel's own memory (see mm_boot.h): the part of memory set-up that knows the
 * direct map and the page array's place. The host twin has its own.
 */
#include "boot/paging.h"
#include "kernel/core/machine.h"
#include "kernel/core/log/printk.h"
#include "kernel/core/sched/smp.h"
#include "kernel/core/guard/sysrq.h"
#include "mm/cache/workingset.h"
#include "mm/setup/managed.h"
#include "mm/setup/memory_init.h"
#include "mm/setup/mm_boot.h"
#include "mm/alloc/page_alloc.h"
#include "mm/page/patch.h"
#include "mm/show/show_mem.h"
#include "mm/slab/geometry.h"
#include "mm/alloc/watermark.h"

#define LARGE_PAGES 512

struct memory system_memory;

/* A part of the image, as Linux's is, so that no zone is a page smaller for it. */
static const uint8_t zero_page[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));

/*
 * Nobody looks at more of a struct page than its users and state before it is set; debug builds
 * look at all of it.
 */
#ifdef LW_DEBUG
#define clear_page_structs clear_page
#else
#define clear_page_structs clear_line_heads
_Static_assert(offsetof(struct page, lru) == 16, "users and state are what is cleared");
#endif

static bool map_array(struct memory *m, struct boot_mem *bm, unsigned long start, unsigned long end)
{
	uint64_t bytes = (end - start) * sizeof(struct page);
	unsigned long pages = (bytes + PAGE_SIZE - 1) >> PAGE_SHIFT;
	unsigned long align = pages >= LARGE_PAGES ? LARGE_PAGES : 1;
	unsigned long pfn = boot_mem_alloc(bm, pages, align);

	if (!pfn)
		return false;
	for (unsigned long i = 0; i < pages; i++)
		clear_page_structs(m->virt_base + ((pfn + i) << PAGE_SHIFT));
	kmap_range((uint64_t)(m->mem_map + start), (uint64_t)pfn << PAGE_SHIFT,
		(uint64_t)pages << PAGE_SHIFT, KMAP_RW);
	return true;
}

/* Table pages while memory is being set up, and from the page allocator after that. */
static struct boot_mem *boot_mem_now;

static uint64_t boot_table_page(void)
{
	unsigned long pfn = boot_mem_alloc(boot_mem_now, 1, 1);

	if (pfn)
		clear_page(phys_to_virt((uint64_t)pfn << PAGE_SHIFT));
	return (uint64_t)pfn << PAGE_SHIFT;
}

static uint64_t alloc_table_page(void)
{
	struct page *page = alloc_pages(&system_memory, GFP_KERNEL | __GFP_ZERO, 0);

	system_memory.kernel_tables += page != NULL;
	return page ? page_to_pfn(&system_memory, page) << PAGE_SHIFT : 0;
}

static void report_memory(void)
{
	show_mem(&system_memory);
}

static void print_zones(const struct memory *m)
{
	const struct zone *z;
	char list[256];

	for_each_populated_zone(m, z)
		pr_info("  %s zone: %lu pages, LIFO batch:%u", z->name, z->present,
			z->pcp[0].high / 6);
	pr_info("Built %i zonelists in %s order, mobility grouping %s.  Total pages: %ld", 1,
		"Zone", m->mobility_grouping ? "on" : "off", m->totalram_pages);
	pr_info("Memory: %luK/%luK available", m->totalram_pages * 4,
		(m->zone[ZONE_DMA].present + m->zone[ZONE_DMA32].present +
			m->zone[ZONE_NORMAL].present) *
			4);
	pr_info("SLUB: HWalign=%u, Order=%d-%d, MinObjects=%d, CPUs=%u, Nodes=%d", CACHE_LINE, 0,
		(int)m->tunables.slub_max_order, 0, nr_cpus, 1);
	workingset_report(m);
	patch_list(m->patches, list, sizeof(list));
	pr_info("patches: %s", list[0] ? list : "none (Linux 4.8)");
}

/* In the parameter's range, but not in this machine's: ignoring it would run another experiment. */
static void check_min_free(const struct memory *m)
{
	unsigned long asked = m->tunables.min_free_kbytes,
		      most = m->totalram_pages; /* kB: a quarter */

	if (asked && (asked != m->min_free_kbytes || asked > most))
		machine_refuse(
			"bad parameter: min_free_kbytes=%lu; expected %lu (the formula's) to "
			"%lu (a quarter of this machine's memory), or 0",
			asked, min_free_kbytes_default(m->totalram_pages * 4), most);
}

static void check_managed(const struct memory *m)
{
	const struct zone *z = managed_lacking(m);

	if (z)
		machine_refuse("bad parameter: managed=%s:%ld; expected at most %lu, which zone %s "
			       "of this machine has",
			z->name, m->tunables.managed[z->type].pages, z->managed, z->name);
}

void mm_check_map(const struct boot_info *info)
{
	unsigned int bits = cpu_phys_bits();
	uint64_t limit = MIN(1ull << bits, DIRECT_SIZE);
	const struct boot_range *r = boot_usable_beyond(info, limit);

	if (r)
		machine_refuse("machine: memory map: usable memory at 0x%lx-0x%lx; expected all of "
			       "it below 0x%lx (%s)",
			r->start, r->end - 1, limit,
			limit == DIRECT_SIZE ? "64 TiB, the direct map" :
					       "as far as this CPU's addresses reach");
}

void paging_no_table(void)
{
	machine_refuse("machine: memory: no page is left for the kernel's page tables; expected "
		       "enough for all that is mapped at boot");
}

/* Where nothing is, writes are lost, and reads find the same whatever was written. */
static bool holds_a_word(uint64_t addr)
{
	volatile uint64_t *word = phys_to_virt(addr);
	uint64_t old = *word;
	bool held;

	*word = ~old;
	held = *word == ~old;
	*word = old;
	return held;
}

static void check_present(const struct boot_mem *bm)
{
	uint64_t absent = boot_mem_absent(bm, holds_a_word);

	if (absent)
		machine_refuse("machine: memory map: no memory at 0x%lx, which it calls usable; "
			       "expected to read there what was written",
			absent);
}

void mm_boot(const struct boot_info *info)
{
	struct memory *m = &system_memory;
	struct boot_mem bm;
	const char *err;

	boot_mem_init(&bm, info);
	boot_mem_reserve(&bm, KERNEL_PHYS >> PAGE_SHIFT, paging_boot_end() >> PAGE_SHIFT);
	boot_mem_reserve(&bm, AP_TRAMPOLINE >> PAGE_SHIFT, (AP_TRAMPOLINE >> PAGE_SHIFT) + 1);
	if (info->file_end)
		boot_mem_reserve(&bm, info->file_start >> PAGE_SHIFT,
			(info->file_end + PAGE_SIZE - 1) >> PAGE_SHIFT);
	if (boot_usable_bytes(info) < (uint64_t)LEAST_MEMORY_MIB << 20)
		machine_refuse("machine: %lu MiB of usable memory; expected at least %d MiB",
			(unsigned long)(boot_usable_bytes(info) >> 20), LEAST_MEMORY_MIB);
	check_present(&bm);
	memory_object_init(m, &mm_tunables, patches_chosen);
	m->mem_map = (struct page *)VMEMMAP;
	m->virt_base = (char *)DIRECT_MAP;
	m->zero_pfn = virt_to_phys(zero_page) >> PAGE_SHIFT;
	boot_mem_now = &bm;
	paging_set_alloc(boot_table_page);
	err = memory_setup(m, &bm, map_array);
	if (err)
		machine_refuse("machine: %s", err);
	check_managed(m);
	check_min_free(m);
	paging_set_alloc(alloc_table_page);
	panic_add_report(report_memory);
	sysrq_register('m', "Show Memory", report_memory);
	print_zones(m);
}
