/*
 * What a boot loader tells, for the tests of both protocols (DESIGN §6). "Physical memory" is a buffer of which a
 * part is readable.
 */
#ifndef HOST_BOOT_CASE_H
#define HOST_BOOT_CASE_H

#include "twin.h"

#include "boot/bootinfo.h"
#include "boot/multiboot.h"

#define MB_ADDR 0x100

#define UNREADABLE "lies outside readable memory; expected it below 1 GiB and not in the image"

static uint8_t ram[0x8000];
static uint64_t readable;
static struct boot_info info;

static const void *phys(uint64_t addr, uint64_t len)
{
	return addr <= readable && len <= readable - addr ? ram + addr : NULL;
}

static inline void boot_case_start(void)
{
	memset(ram, 0, sizeof(ram));
	readable = sizeof(ram);
}

#define assert_error(result, text)                                                                 \
	do {                                                                                       \
		const char *err_ = (result);                                                       \
		assert_non_null(err_);                                                             \
		assert_string_equal(err_, text);                                                   \
	} while (0)

#endif
