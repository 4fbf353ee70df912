/*
 * Kernel page tables: the image with W^X, the direct map of usable memory, and later mappings
 * in the kernel half (device registers, page array, task stacks).
 *
 * Context: boot, or task context with interrupts on; not from interrupts. One CPU maps at a
 * time. Addresses and lengths are in bytes, page-aligned unless stated.
 */
#ifndef BOOT_PAGING_H
#define BOOT_PAGING_H

#include <stdbool.h>
#include <stdint.h>

#include "boot/bootinfo.h"
#include "boot/layout.h"

#define PTE_PRESENT  0x001ull
#define PTE_WRITE    0x002ull
#define PTE_NOCACHE  0x018ull /* PWT and PCD */
#define PTE_ACCESSED 0x020ull
#define PTE_DIRTY    0x040ull
#define PTE_LARGE    0x080ull
#define PTE_SPECIAL  0x200ull /* ours: the zero page, which is not counted and not freed */
#define PTE_NX       (1ull << 63)
#define PTE_ADDR     0x000ffffffffff000ull

#define KMAP_RW (PTE_PRESENT | PTE_WRITE | PTE_NX)
#define KMAP_RO (PTE_PRESENT | PTE_NX)
#define KMAP_RX (PTE_PRESENT)
#define KMAP_IO (PTE_PRESENT | PTE_WRITE | PTE_NX | PTE_NOCACHE)

static inline void *phys_to_virt(uint64_t phys)
{
	return (void *)(DIRECT_MAP + phys);
}

/* For direct-map and image addresses. */
static inline uint64_t virt_to_phys(const void *virt)
{
	uint64_t va = (uint64_t)virt;

	return va >= KERNEL_BASE ? va - KERNEL_BASE : va - DIRECT_MAP;
}

/* Build and load the final tables. Returns NULL or what is wrong with the machine, in a line. */
const char *paging_init(const struct boot_info *info);

/* First physical byte above the image and the table pages of boot; page-aligned. */
uint64_t paging_boot_end(void);

/* Map [va, va+len) to [pa, ...). Uses 2 MiB pages where both allow it. Stops on no memory. */
void kmap_range(uint64_t va, uint64_t pa, uint64_t len, uint64_t flags);
/* Take mappings away again; tables stay. The caller owns flushing on other CPUs. */
void kunmap_range(uint64_t va, uint64_t len);
/* Map device registers or firmware tables; `pa` and `len` need no alignment. */
void *kmap_io(uint64_t pa, uint64_t len, bool cached);
/* Map a device's memory, to read and write as any other. */
void *kmap_device_memory(uint64_t pa, uint64_t len);

/* The entry that maps `va` in the kernel half (0: none): for dumps and checks. */
uint64_t kmap_lookup(uint64_t va);

/* From now on take table pages from `alloc` (zeroed, returns a physical address; 0: none is left). */
void paging_set_alloc(uint64_t (*alloc)(void));
/* Called upwards when none is left: all tables are made at boot, where that is a bad machine. */
void paging_no_table(void) __attribute__((noreturn));

/* The kernel's top-level table. Its upper half is complete after boot: address spaces copy it. */
extern uint64_t *kernel_pml4;

#endif
