/*
 * The "Hardware name" of reports, from the firmware's SMBIOS (DMI) tables: system manufacturer
 * and product, BIOS version and date.
 */
#include <string.h>

#include "boot/paging.h"
#include "kernel/core/cpu/dmi.h"
#include "kernel/core/machine.h"
#include "kernel/core/log/printk.h"

#define AREA     0xf0000
#define AREA_LEN 0x10000

char hardware_name[128];

struct entry_point {
	char anchor[4];
	uint8_t checksum, length, major, minor;
	uint16_t max_size;
	uint8_t revision, formatted[5];
	char dmi_anchor[5];
	uint8_t dmi_checksum;
	uint16_t table_len;
	uint32_t table;
	uint16_t count;
} __attribute__((packed));

/* String `n` (from 1) of the structure at `s`, which ends before `end`; "" if it has none. */
static const char *dmi_text(const uint8_t *s, const uint8_t *end, unsigned int n)
{
	const uint8_t *p = s + s[1];

	if (n == 0)
		return "";
	while (p < end && *p && --n)
		p += strnlen((const char *)p, end - p) + 1;
	return p < end && n == 0 ? (const char *)p : "";
}

static const uint8_t *next_structure(const uint8_t *s, const uint8_t *end)
{
	s += s[1];
	while (s + 1 < end && (s[0] || s[1]))
		s++;
	return s + 2;
}

static void read_structures(const uint8_t *s, const uint8_t *end)
{
	const char *vendor = "", *product = "", *version = "", *date = "";

	while (s + 4 <= end && s[1] >= 4 && s + s[1] <= end) {
		if (s[0] == 0 && s[1] > 8) {
			version = dmi_text(s, end, s[5]);
			date = dmi_text(s, end, s[8]);
		}
		if (s[0] == 1 && s[1] > 5) {
			vendor = dmi_text(s, end, s[4]);
			product = dmi_text(s, end, s[5]);
		}
		s = next_structure(s, end);
	}
	if (*product)
		ksnprintf(hardware_name, sizeof(hardware_name), "%s %s, BIOS %s %s", vendor,
			product, version, date);
}

void dmi_init(void)
{
	const char *area = kmap_io(AREA, AREA_LEN, true);

	for (size_t off = 0; off + sizeof(struct entry_point) <= AREA_LEN; off += 16) {
		struct entry_point e;

		if (__builtin_memcmp(area + off, "_SM_", 4)) /* as in acpi.c: no call */
			continue;
		memcpy(&e, area + off, sizeof(e));
		if (memcmp(e.dmi_anchor, "_DMI_", 5))
			continue;
		area = kmap_io(e.table, e.table_len, true);
		read_structures((const uint8_t *)area, (const uint8_t *)area + e.table_len);
		return;
	}
}
