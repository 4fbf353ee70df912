/*
 * The places of device registers (see device_place.h).
 */
#include "boot/multiboot.h"
#include "kernel/core/cpu/device_place.h"
#include "kernel/core/log/printk.h"

#define LAPIC_BYTES  4096
#define IOAPIC_BYTES 0x20
#define HPET_BYTES   1024

struct place {
	const char *table, *device;
	uint64_t addr, len;
};

static bool in_usable_memory(const struct place *p, const struct boot_info *map)
{
	for (unsigned int i = 0; i < map->nr_ranges; i++) {
		const struct boot_range *r = &map->range[i];

		if (r->type == MB_MEMORY_USABLE && p->addr < r->end && p->addr + p->len > r->start)
			return true;
	}
	return false;
}

static const char *check(const struct place *p, const struct boot_info *map, unsigned int phys_bits)
{
	static char line[160];
	const char *where;

	if (p->addr >> phys_bits)
		where = "beyond this CPU's addresses";
	else if (p->addr && in_usable_memory(p, map))
		where = "in memory that the map calls usable";
	else
		return NULL;
	ksnprintf(line, sizeof(line),
		"ACPI: the %s puts the %s at 0x%lx, %s; expected device registers", p->table,
		p->device, (unsigned long)p->addr, where);
	return line;
}

const char *device_places_check(
	const struct acpi_info *acpi, const struct boot_info *map, unsigned int phys_bits)
{
	const struct place places[] = {
		{"MADT", "local APICs", acpi->madt.lapic, LAPIC_BYTES},
		{"MADT", "I/O APIC", acpi->madt.ioapic, IOAPIC_BYTES},
		{"HPET table", "HPET", acpi->hpet, HPET_BYTES},
	};
	const char *err = NULL;

	for (unsigned int i = 0; i < ARRAY_SIZE(places) && !err; i++)
		err = check(&places[i], map, phys_bits);
	return err;
}
