/*
 * Multiboot 1 and 2: the numbers of the two specifications that Lowwater uses.
 */
#ifndef BOOT_MULTIBOOT_H
#define BOOT_MULTIBOOT_H

#define MB1_HEADER_MAGIC 0x1badb002
#define MB1_LOADER_MAGIC 0x2badb002
#define MB1_HEADER_FLAGS 0x00010003 /* page-align modules, want memory map, load addresses given */

#define MB1_INFO_CMDLINE 0x04
#define MB1_INFO_MODS    0x08
#define MB1_INFO_MMAP    0x40

#define MB2_HEADER_MAGIC 0xe85250d6
#define MB2_LOADER_MAGIC 0x36d76289

#define MB2_HEADER_TAG_END   0
#define MB2_HEADER_TAG_ENTRY 3

#define MB2_TAG_END     0
#define MB2_TAG_CMDLINE 1
#define MB2_TAG_MODULE  3
#define MB2_TAG_MMAP    6

#define MB_MEMORY_USABLE 1

#ifndef __ASSEMBLER__
#include <stdint.h>

struct mb1_info {
	uint32_t flags;
	uint32_t mem_lower, mem_upper;
	uint32_t boot_device;
	uint32_t cmdline;
	uint32_t mods_count, mods_addr;
	uint32_t syms[4];
	uint32_t mmap_length, mmap_addr;
} __attribute__((packed));

struct mb1_module {
	uint32_t start, end;
	uint32_t string, reserved;
} __attribute__((packed));

/* `size` does not count itself. */
struct mb1_mmap_entry {
	uint32_t size;
	uint64_t base, length;
	uint32_t type;
} __attribute__((packed));

struct mb2_info {
	uint32_t total_size, reserved;
} __attribute__((packed));

struct mb2_tag {
	uint32_t type, size;
} __attribute__((packed));

/* Its string follows. */
struct mb2_tag_module {
	struct mb2_tag tag;
	uint32_t start, end;
} __attribute__((packed));

struct mb2_tag_mmap {
	struct mb2_tag tag;
	uint32_t entry_size, entry_version;
} __attribute__((packed));

struct mb2_mmap_entry {
	uint64_t base, length;
	uint32_t type, reserved;
} __attribute__((packed));
#endif

#endif
