/*
 * Reads Multiboot 1 or 2 information into struct boot_info, trusting none of it.
 */
#include "boot/bootinfo.h"
#include "boot/multiboot.h"

#include <stdbool.h>
#include <string.h>

#define PHYS_LIMIT       (1ull << 52)
#define MB1_CMDLINE_SPAN (2 * BOOT_CMDLINE_LEN) /* room for the image's path as well */

#define UNREADABLE "lies outside readable memory; expected it below 1 GiB and not in the image"

static const char *add_range(struct boot_info *info, uint64_t base, uint64_t len, uint32_t type)
{
	if (len == 0) /* QEMU's microvm has one; it says nothing */
		return NULL;
	if (base >= PHYS_LIMIT || len > PHYS_LIMIT - base)
		return "memory map: an entry ends beyond 2^52; expected a physical address";
	if (info->nr_ranges == BOOT_MAX_RANGES)
		return "memory map: more than 128 entries";
	if (info->nr_ranges) {
		const struct boot_range *last = &info->range[info->nr_ranges - 1];

		if (base < last->start)
			return "memory map: entries are unsorted; expected ascending addresses";
		if (base < last->end)
			return "memory map: entries overlap; expected each byte in one entry";
	}
	info->range[info->nr_ranges++] = (struct boot_range){base, base + len, type};
	return NULL;
}

static const char *copy_cmdline(struct boot_info *info, const char *text, size_t len)
{
	size_t n = strnlen(text, len);

	if (n == len)
		return "command line: not terminated within its field";
	if (n >= BOOT_CMDLINE_LEN)
		return "command line: too long; expected at most 2047 characters";
	memcpy(info->cmdline, text, n + 1);
	return NULL;
}

/* "name=value", whatever the value; a path has a slash before any '='. */
static bool first_word_is_parameter(const char *text, const char *end)
{
	for (; text < end && *text && *text != ' ' && *text != '/'; text++)
		if (*text == '=')
			return true;
	return false;
}

/*
 * QEMU puts the image's path first, which is the user's business and differs by machine; GRUB's
 * "multiboot" does not.
 */
static const char *mb1_cmdline(struct boot_info *info, const struct mb1_info *mb, boot_phys_fn phys)
{
	const char *text = NULL, *end;
	size_t span = MB1_CMDLINE_SPAN;

	if (!(mb->flags & MB1_INFO_CMDLINE))
		return NULL;
	/* Nobody tells its length: as much as can be read there, for it may lie near an edge. */
	while (span && !(text = phys(mb->cmdline, span)))
		span--;
	if (!text)
		return "command line: " UNREADABLE;
	end = text + span;
	if (!first_word_is_parameter(text, end))
		while (text < end && *text && *text != ' ')
			text++;
	while (text < end && *text == ' ')
		text++;
	return copy_cmdline(info, text, end - text);
}

static const char *mb1_mmap(struct boot_info *info, const struct mb1_info *mb, boot_phys_fn phys)
{
	const char *err = NULL;
	const uint8_t *p;
	uint32_t left = mb->mmap_length;

	if (!(mb->flags & MB1_INFO_MMAP) || left == 0)
		return "memory map: the loader gave none; expected the firmware's (e820) map";
	p = phys(mb->mmap_addr, left);
	if (!p)
		return "memory map: " UNREADABLE;
	while (left && !err) {
		struct mb1_mmap_entry e;

		if (left < sizeof(e))
			return "memory map: its last entry is truncated";
		memcpy(&e, p, sizeof(e));
		if (e.size < sizeof(e) - sizeof(e.size) || e.size > left - sizeof(e.size))
			return "memory map: an entry's size does not fit the map";
		err = add_range(info, e.base, e.length, e.type);
		p += e.size + sizeof(e.size);
		left -= e.size + sizeof(e.size);
	}
	return err;
}

static const char *set_file(struct boot_info *info, uint64_t start, uint64_t end, boot_phys_fn phys)
{
	if (info->file_end)
		return "module: a second one; expected at most one";
	if (start >= end)
		return "module: is empty; expected a file";
	if (!phys(start, end - start))
		return "module: " UNREADABLE;
	info->file_start = start;
	info->file_end = end;
	return NULL;
}

static const char *mb1_modules(struct boot_info *info, const struct mb1_info *mb, boot_phys_fn phys)
{
	const struct mb1_module *module;

	if (!(mb->flags & MB1_INFO_MODS) || !mb->mods_count)
		return NULL;
	if (mb->mods_count > 1)
		return "module: a second one; expected at most one";
	module = phys(mb->mods_addr, sizeof(*module));
	if (!module)
		return "module: its entry " UNREADABLE;
	return set_file(info, module->start, module->end, phys);
}

static const char *mb1_read(struct boot_info *info, uint32_t addr, boot_phys_fn phys)
{
	const struct mb1_info *mb = phys(addr, sizeof(*mb));
	const char *err;

	if (!mb)
		return "Multiboot 1 information: " UNREADABLE;
	info->multiboot = 1;
	err = mb1_cmdline(info, mb, phys);
	if (!err)
		err = mb1_modules(info, mb, phys);
	return err ? err : mb1_mmap(info, mb, phys);
}

static const char *mb2_mmap(struct boot_info *info, const struct mb2_tag_mmap *tag)
{
	const uint8_t *p = (const uint8_t *)(tag + 1);
	const char *err = NULL;
	uint32_t left;

	if (tag->tag.size < sizeof(*tag))
		return "memory map: its tag is truncated";
	left = tag->tag.size - sizeof(*tag);
	if (tag->entry_size < sizeof(struct mb2_mmap_entry))
		return "memory map: entries are too small; expected 24 bytes or more";
	while (left && !err) {
		struct mb2_mmap_entry e;

		if (left < tag->entry_size)
			return "memory map: its last entry is truncated";
		memcpy(&e, p, sizeof(e));
		err = add_range(info, e.base, e.length, e.type);
		p += tag->entry_size;
		left -= tag->entry_size;
	}
	return err;
}

static const char *mb2_module(
	struct boot_info *info, const struct mb2_tag_module *tag, boot_phys_fn phys)
{
	if (tag->tag.size < sizeof(*tag))
		return "module: its tag is truncated";
	return set_file(info, tag->start, tag->end, phys);
}

static const char *mb2_tag(struct boot_info *info, const struct mb2_tag *tag, boot_phys_fn phys)
{
	switch (tag->type) {
	case MB2_TAG_CMDLINE:
		return copy_cmdline(info, (const char *)(tag + 1), tag->size - sizeof(*tag));
	case MB2_TAG_MODULE:
		return mb2_module(info, (const struct mb2_tag_module *)tag, phys);
	case MB2_TAG_MMAP:
		return mb2_mmap(info, (const struct mb2_tag_mmap *)tag);
	default:
		return NULL;
	}
}

static const char *mb2_read(struct boot_info *info, uint32_t addr, boot_phys_fn phys)
{
	const struct mb2_info *mb = phys(addr, sizeof(*mb));
	const char *err = NULL;
	uint32_t at = sizeof(*mb);

	if (!mb || !phys(addr, mb->total_size))
		return "Multiboot 2 information: " UNREADABLE;
	info->multiboot = 2;
	while (!err) {
		const struct mb2_tag *tag = (const void *)((const uint8_t *)mb + at);

		if (at > mb->total_size || mb->total_size - at < sizeof(*tag))
			return "Multiboot 2 information: ends without its end tag";
		if (tag->type == MB2_TAG_END)
			break;
		if (tag->size < sizeof(*tag) || tag->size > mb->total_size - at)
			return "Multiboot 2 information: a tag does not fit its block";
		err = mb2_tag(info, tag, phys);
		at += (tag->size + 7) & ~7u;
	}
	if (!err && info->nr_ranges == 0)
		err = "memory map: the loader gave none; expected the firmware's (e820) map";
	return err;
}

const char *boot_info_read(struct boot_info *info, uint32_t magic, uint32_t addr, boot_phys_fn phys)
{
	memset(info, 0, sizeof(*info));
	if (magic == MB1_LOADER_MAGIC)
		return mb1_read(info, addr, phys);
	if (magic == MB2_LOADER_MAGIC)
		return mb2_read(info, addr, phys);
	return "no Multiboot loader started this image; expected Multiboot 1 or 2";
}

const struct boot_range *boot_usable_beyond(const struct boot_info *info, uint64_t limit)
{
	for (unsigned int i = 0; i < info->nr_ranges; i++)
		if (info->range[i].type == MB_MEMORY_USABLE && info->range[i].end > limit)
			return &info->range[i];
	return NULL;
}

uint64_t boot_usable_bytes(const struct boot_info *info)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < info->nr_ranges; i++)
		if (info->range[i].type == MB_MEMORY_USABLE)
			sum += info->range[i].end - info->range[i].start;
	return sum;
}
