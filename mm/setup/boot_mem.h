/*
 * Memory before the page allocator: which page frames are usable, which are taken, and a
 * top-down allocator over the rest. Boot context; pfns; pure C, host-tested.
 */
#ifndef MM_BOOT_MEM_H
#define MM_BOOT_MEM_H

#include "boot/bootinfo.h"
#include "kernel/core/types.h"

struct pfn_range {
	unsigned long start, end; /* [start, end) */
};

struct boot_mem {
	struct pfn_range usable[BOOT_MAX_RANGES + 2];
	unsigned int nr_usable;
	struct pfn_range reserved[32]; /* sorted by start */
	unsigned int nr_reserved;
};

/*
 * Usable page frames of the firmware's map (§2.2): page 0 and 0xa0000-0xfffff taken out,
 * partial pages rounded inwards.
 */
void boot_mem_init(struct boot_mem *bm, const struct boot_info *info);
/* False: too many separate reservations. */
bool boot_mem_reserve(struct boot_mem *bm, unsigned long start, unsigned long end);

/* `pages` consecutive frames aligned to `align` frames, as high as possible; 0: none left. */
unsigned long boot_mem_alloc(struct boot_mem *bm, unsigned long pages, unsigned long align);

/* Usable frames within [lo, hi), reserved ones included. */
unsigned long boot_mem_present(const struct boot_mem *bm, unsigned long lo, unsigned long hi);
/* First usable frame, and one past the last. */
unsigned long boot_mem_first(const struct boot_mem *bm);
unsigned long boot_mem_end(const struct boot_mem *bm);

/*
 * Does memory lie where the map says? Asks `holds` of the first and the last word of every usable
 * stretch, reserved ones left out: who runs there knows. The address of one that it denies, or 0.
 */
uint64_t boot_mem_absent(const struct boot_mem *bm, bool (*holds)(uint64_t addr));

/* Call fn for every usable stretch that nothing has reserved, ascending. */
void boot_mem_for_each_free(const struct boot_mem *bm,
	void (*fn)(void *arg, unsigned long start, unsigned long end), void *arg);

#endif
