/*
 * The floor boot: from the boot loader to boot_main(). entry.S (Multiboot 1 and 2, long mode), ap.S
 * (further CPUs), layout.h (addresses), paging.h (page tables, the direct map), multiboot.h, bootinfo.h
 * (this). No locks: one CPU, interrupts off.
 */

/*
 * What the boot loader told, checked and copied. The loader's own structures are not looked at
 * again after boot_info_read(): their memory is free for use. That of a module is not (boot_file.h).
 *
 * Addresses and lengths are in bytes. Pure C without side effects, so host tests build it too.
 */
#ifndef BOOT_BOOTINFO_H
#define BOOT_BOOTINFO_H

#include <stddef.h>
#include <stdint.h>

#define BOOT_MAX_RANGES  128
#define BOOT_CMDLINE_LEN 2048

struct boot_range {
	uint64_t start, end; /* [start, end) */
	uint32_t type;       /* 1: usable, else reserved in some way */
};

struct boot_info {
	int multiboot; /* 1 or 2 */
	char cmdline[BOOT_CMDLINE_LEN];
	unsigned int nr_ranges;
	struct boot_range range[BOOT_MAX_RANGES];
	uint64_t file_start, file_end; /* of a module that came with the image; end 0: none did */
};

/*
 * Fill *info from the loader's magic number and information block. `phys` maps a physical
 * address to a pointer (identity at boot, a buffer in host tests) or returns NULL when the span
 * is not readable, or is this image. Returns NULL, or one line that says what is wrong and what was
 * expected. A map's entries of length 0 are left out. A Multiboot 1 command line begins with the
 * image's path (DESIGN 6): it is dropped.
 */
typedef const void *(*boot_phys_fn)(uint64_t addr, uint64_t len);
const char *boot_info_read(
	struct boot_info *info, uint32_t magic, uint32_t addr, boot_phys_fn phys);

/* The first usable range that ends beyond `limit`, or NULL. */
const struct boot_range *boot_usable_beyond(const struct boot_info *info, uint64_t limit);

/* Sum of usable bytes. */
uint64_t boot_usable_bytes(const struct boot_info *info);

#endif
