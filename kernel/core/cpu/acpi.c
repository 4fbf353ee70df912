/*
 * ACPI tables: RSDP in the BIOS area, then RSDT, FADT, HPET and MADT.
 */
#include <string.h>

#include "boot/paging.h"
#include "kernel/core/cpu/acpi.h"

#define BIOS_AREA     0xe0000
#define BIOS_AREA_LEN 0x20000
#define TABLE_MAX     0x10000

struct rsdp {
	char signature[8];
	uint8_t checksum;
	char oem[6];
	uint8_t revision;
	uint32_t rsdt;
} __attribute__((packed));

struct sdt {
	char signature[4];
	uint32_t length;
	uint8_t revision, checksum;
	char oem[6], oem_table[8];
	uint32_t oem_revision, creator, creator_revision;
} __attribute__((packed));

struct hpet_table {
	struct sdt header;
	uint32_t id;
	uint8_t space, bit_width, bit_offset, reserved;
	uint64_t address;
} __attribute__((packed));

#define FADT_SCI_IRQ      46
#define FADT_PM1A_EVENT   56
#define FADT_PM1A_CONTROL 64

struct acpi_info acpi_info;

static bool sums_to_zero(const void *p, size_t len)
{
	const uint8_t *b = p;
	uint8_t sum = 0;

	while (len--)
		sum += *b++;
	return sum == 0;
}

static const struct rsdp *find_rsdp(void)
{
	const char *area = kmap_io(BIOS_AREA, BIOS_AREA_LEN, true);

	/* Thousands of places: the compiler's own comparison is two instructions, no call. */
	for (size_t off = 0; off + sizeof(struct rsdp) <= BIOS_AREA_LEN; off += 16)
		if (!__builtin_memcmp(area + off, "RSD PTR ", 8) &&
			sums_to_zero(area + off, sizeof(struct rsdp)))
			return (const void *)(area + off);
	return NULL;
}

static const struct sdt *map_table(uint64_t addr)
{
	const struct sdt *head = kmap_io(addr, sizeof(*head), true);
	uint32_t len = head->length;
	const struct sdt *whole;

	if (len < sizeof(*head) || len > TABLE_MAX)
		return NULL;
	whole = kmap_io(addr, len, true);
	return sums_to_zero(whole, len) ? whole : NULL;
}

static void read_fadt(struct acpi_info *info, const char *fadt)
{
	memcpy(&info->sci_irq, fadt + FADT_SCI_IRQ, 2);
	memcpy(&info->pm1a_control, fadt + FADT_PM1A_CONTROL, 2);
	if (info->sci_irq < ISA_IRQS)
		memcpy(&info->pm1a_event, fadt + FADT_PM1A_EVENT, 2);
}

static const char *read_table(struct acpi_info *info, const struct sdt *t)
{
	if (!memcmp(t->signature, "HPET", 4) && t->length >= sizeof(struct hpet_table))
		info->hpet = ((const struct hpet_table *)t)->address;
	if (!memcmp(t->signature, "FACP", 4) && t->length >= FADT_PM1A_CONTROL + 4)
		read_fadt(info, (const char *)t);
	if (memcmp(t->signature, "APIC", 4))
		return NULL;
	if (info->madt.nr_cpus)
		return "ACPI: there are two MADTs; expected one";
	return madt_read(&info->madt, t, t->length);
}

const char *acpi_init(struct acpi_info *info)
{
	const struct rsdp *rsdp = find_rsdp();
	const struct sdt *rsdt, *t;
	const char *err;

	memset(info, 0, sizeof(*info));
	if (!rsdp)
		return "ACPI: no RSDP in the BIOS area; expected the firmware's tables";
	rsdt = map_table(rsdp->rsdt);
	if (!rsdt || memcmp(rsdt->signature, "RSDT", 4))
		return "ACPI: the RSDT is damaged; expected its signature and checksum";
	for (uint32_t off = sizeof(*rsdt); off + 4 <= rsdt->length; off += 4) {
		uint32_t addr;

		memcpy(&addr, (const char *)rsdt + off, 4);
		t = map_table(addr);
		if (!t)
			return "ACPI: a table is damaged; expected its length and checksum";
		err = read_table(info, t);
		if (err)
			return err;
	}
	return info->madt.nr_cpus ? NULL : "ACPI: no MADT; expected the firmware's list of CPUs";
}
