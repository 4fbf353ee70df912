/*
 * The file that the loader has brought with the image: a Multiboot module, such as QEMU's -initrd. It lies
 * where the loader has put it, and nobody else has that memory.
 *
 * Any context, after boot.
 */
#ifndef CORE_BOOT_FILE_H
#define CORE_BOOT_FILE_H

#include "boot/bootinfo.h"

/* Boot, with the direct map. NULL, or what is wrong with its place. */
const char *boot_file_init(const struct boot_info *info);

/* Its first byte, and how many there are; NULL: none was brought. */
const char *boot_file(size_t *len);

#endif
