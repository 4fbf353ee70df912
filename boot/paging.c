/*
 * Kernel page tables (see paging.h). Until mm/ is up, table pages are taken from the memory
 * right above the image, one after the other, but for a module's; mm/ then reserves what was taken.
 */
#include "boot/paging.h"
#include "boot/multiboot.h"

#include <string.h>

#define ENTRIES          512
#define LARGE            0x200000ull
#define INDEX(va, level) (((va) >> (12 + 9 * (level))) & (ENTRIES - 1))

extern char _kernel_start[], _text[], _etext[], _erodata[], _kernel_end[];

uint64_t *kernel_pml4;
static uint64_t boot_brk, boot_brk_end;
static uint64_t file_start, file_end; /* what the loader has put there */
static uint64_t io_next = IO_MAP;
/* Where table pages are reachable while the direct map is still being built. */
static uint64_t table_window;

static uint64_t brk_alloc(void)
{
	uint64_t page = boot_brk;

	if (page < file_end && page + PAGE_SIZE > file_start)
		page = (file_end + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1ull);
	if (page + PAGE_SIZE > boot_brk_end)
		return 0;
	boot_brk = page + PAGE_SIZE;
	memset((void *)(table_window + page), 0, PAGE_SIZE);
	return page;
}

static uint64_t (*table_alloc)(void) = brk_alloc;

static uint64_t new_table(void)
{
	uint64_t page = table_alloc();

	if (!page)
		paging_no_table();
	return page;
}

static uint64_t *table_at(uint64_t entry)
{
	return (uint64_t *)(table_window + (entry & PTE_ADDR));
}

/* Tables allow everything; the last level decides. */
static uint64_t *next_table(uint64_t *slot)
{
	if (!(*slot & PTE_PRESENT))
		*slot = new_table() | PTE_PRESENT | PTE_WRITE;
	return table_at(*slot);
}

static void map_one(uint64_t va, uint64_t entry, int level)
{
	uint64_t *table = kernel_pml4;

	for (int l = 3; l > level; l--)
		table = next_table(&table[INDEX(va, l)]);
	table[INDEX(va, level)] = entry;
}

void kmap_range(uint64_t va, uint64_t pa, uint64_t len, uint64_t flags)
{
	while (len) {
		bool large = !(va & (LARGE - 1)) && !(pa & (LARGE - 1)) && len >= LARGE;
		uint64_t step = large ? LARGE : PAGE_SIZE;

		map_one(va, pa | flags | (large ? PTE_LARGE : 0), large ? 1 : 0);
		va += step;
		pa += step;
		len -= step;
	}
}

static uint64_t *lookup(uint64_t va)
{
	uint64_t *table = kernel_pml4;

	for (int l = 3; l > 0; l--) {
		uint64_t *slot = &table[INDEX(va, l)];

		if (!(*slot & PTE_PRESENT))
			return NULL;
		if (*slot & PTE_LARGE)
			return slot;
		table = table_at(*slot);
	}
	return &table[INDEX(va, 0)];
}

uint64_t kmap_lookup(uint64_t va)
{
	uint64_t *slot = lookup(va);

	return slot ? *slot : 0;
}

void kunmap_range(uint64_t va, uint64_t len)
{
	for (; len; va += PAGE_SIZE, len -= PAGE_SIZE) {
		uint64_t *slot = lookup(va);

		if (slot)
			*slot = 0;
		asm volatile("invlpg (%0)" : : "r"(va) : "memory");
	}
}

/* `align`: of the window's address, to that of its contents. */
static void *map_window(uint64_t pa, uint64_t len, uint64_t align, uint64_t flags)
{
	uint64_t first = pa & ~(PAGE_SIZE - 1ull);
	uint64_t size = ((pa + len + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1ull)) - first;
	uint64_t va = io_next + ((first - io_next) & (align - 1));

	kmap_range(va, first, size, flags);
	io_next = va + size + PAGE_SIZE; /* an unmapped page between windows */
	return (void *)(va + (pa - first));
}

void *kmap_io(uint64_t pa, uint64_t len, bool cached)
{
	return map_window(pa, len, PAGE_SIZE, cached ? KMAP_RO : KMAP_IO);
}

void *kmap_device_memory(uint64_t pa, uint64_t len)
{
	return map_window(pa, len, LARGE, KMAP_RW);
}

/* The image: code executable, constants read-only, the rest writable; nothing both. */
static void map_image(void)
{
	uint64_t start = (uint64_t)_kernel_start, etext = (uint64_t)_etext;
	uint64_t erodata = (uint64_t)_erodata, end = (uint64_t)_kernel_end;

	kmap_range(start, start - KERNEL_BASE, etext - start, KMAP_RX);
	kmap_range(etext, etext - KERNEL_BASE, erodata - etext, KMAP_RO);
	kmap_range(erodata, erodata - KERNEL_BASE, end - erodata, KMAP_RW);
}

static uint64_t max64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t min64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Direct map of [start, end) with `flags`, clipped to [lo, hi). */
static void map_direct_part(uint64_t start, uint64_t end, uint64_t lo, uint64_t hi, uint64_t flags)
{
	start = max64(start, lo);
	end = min64(end, hi);
	if (start < end)
		kmap_range(DIRECT_MAP + start, start, end - start, flags);
}

/* Code and constants are read-only in their second mapping as well. Page 0 is never mapped. */
static void map_direct(const struct boot_range *r)
{
	uint64_t start = max64((r->start + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1ull), PAGE_SIZE);
	uint64_t end = r->end & ~(PAGE_SIZE - 1ull);
	uint64_t image = (uint64_t)_kernel_start - KERNEL_BASE;
	uint64_t ro_end = (uint64_t)_erodata - KERNEL_BASE;

	map_direct_part(start, end, 0, image, KMAP_RW);
	map_direct_part(start, end, image, ro_end, KMAP_RO);
	map_direct_part(start, end, ro_end, ~0ull, KMAP_RW);
}

/* Every top-level entry of the kernel half that may ever be used, so that copies stay valid. */
static void fill_top_level(void)
{
	static const uint64_t region[] = {DIRECT_MAP, IO_MAP, STACK_MAP, VMEMMAP, KERNEL_BASE};

	for (unsigned int i = 0; i < sizeof(region) / sizeof(region[0]); i++)
		next_table(&kernel_pml4[INDEX(region[i], 3)]);
}

static const struct boot_range *range_of(const struct boot_info *info, uint64_t addr)
{
	for (unsigned int i = 0; i < info->nr_ranges; i++) {
		const struct boot_range *r = &info->range[i];

		if (r->type == MB_MEMORY_USABLE && r->start <= addr && addr < r->end)
			return r;
	}
	return NULL;
}

const char *paging_init(const struct boot_info *info)
{
	uint64_t image_end = (uint64_t)_kernel_end - KERNEL_BASE;
	const struct boot_range *home = range_of(info, KERNEL_PHYS);

	if (!home || home->end < image_end)
		return "memory map: the image at 1 MiB does not lie in usable memory";
	boot_brk = image_end;
	file_start = info->file_start;
	file_end = info->file_end;
	boot_brk_end = home->end & ~(PAGE_SIZE - 1ull);

	table_window = KERNEL_BASE;
	kernel_pml4 = table_at(new_table());
	fill_top_level();
	map_image();
	for (unsigned int i = 0; i < info->nr_ranges; i++)
		if (info->range[i].type == MB_MEMORY_USABLE)
			map_direct(&info->range[i]);

	asm volatile("mov %0, %%cr3" : : "r"((uint64_t)kernel_pml4 - KERNEL_BASE) : "memory");
	table_window = DIRECT_MAP;
	kernel_pml4 = phys_to_virt((uint64_t)kernel_pml4 - KERNEL_BASE);
	return NULL;
}

uint64_t paging_boot_end(void)
{
	return boot_brk;
}

void paging_set_alloc(uint64_t (*alloc)(void))
{
	table_alloc = alloc;
}
