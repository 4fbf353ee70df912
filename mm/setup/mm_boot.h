/*
 * The kernel's own memory: boot (§2, §3.10), and what panic prints of it. Boot context, one CPU.
 */
#ifndef MM_MM_BOOT_H
#define MM_MM_BOOT_H

#include "boot/bootinfo.h"

#define LEAST_MEMORY_MIB 24

/* Stops the machine with a line if usable memory lies where it cannot be mapped: before paging_init(). */
void mm_check_map(const struct boot_info *info);
/* Sets up system_memory from the boot map; stops the machine with a line if it cannot. */
void mm_boot(const struct boot_info *info);

#endif
