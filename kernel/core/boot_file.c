/*
 * The file that the loader has brought (see boot_file.h).
 */
#include "kernel/core/boot_file.h"
#include "boot/multiboot.h"
#include "boot/paging.h"

static const char *file;
static size_t file_len;

/* The direct map has usable memory alone. */
static bool is_usable(const struct boot_info *info)
{
	for (unsigned int i = 0; i < info->nr_ranges; i++) {
		const struct boot_range *r = &info->range[i];

		if (r->type == MB_MEMORY_USABLE && r->start <= info->file_start &&
			info->file_end <= r->end)
			return true;
	}
	return false;
}

const char *boot_file_init(const struct boot_info *info)
{
	if (!info->file_end)
		return NULL;
	if (info->file_start < KERNEL_PHYS)
		return "module: lies below 1 MiB; expected it above the image";
	if (!is_usable(info))
		return "module: lies outside usable memory; expected it in one part of it";
	file = phys_to_virt(info->file_start);
	file_len = info->file_end - info->file_start;
	return NULL;
}

const char *boot_file(size_t *len)
{
	*len = file_len;
	return file;
}
