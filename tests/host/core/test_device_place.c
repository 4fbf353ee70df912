/*
 * Where device registers may lie (kernel/core/cpu/device_place.h).
 */
#include "twin.h"

#include "kernel/core/cpu/device_place.h"

#define PHYS_BITS 40
#define LAPIC     0xfee00000
#define IOAPIC    0xfec00000
#define HPET      0xfed00000

static const struct boot_info map = {.nr_ranges = 4,
	.range = {{0, 0x9fc00, 1}, {0x100000, 0x7ffe0000, 1}, {0x7ffe0000, 0x80000000, 2},
		{0x100000000, 0x140000000, 1}}};

static const char *check(uint64_t lapic, uint64_t ioapic, uint64_t hpet)
{
	struct acpi_info acpi = {.hpet = hpet, .madt = {.lapic = lapic, .ioapic = ioapic}};

	return device_places_check(&acpi, &map, PHYS_BITS);
}

static void test_the_usual_places(void **state)
{
	(void)state;
	assert_null(check(LAPIC, IOAPIC, HPET));
	assert_null(check(LAPIC, 0, 0)); /* what is not there is somebody else's complaint */
	assert_null(check(0x7ffe0000, IOAPIC, HPET)); /* reserved in the map */
	assert_null(check((1ull << PHYS_BITS) - 4096, IOAPIC, HPET));
}

static void test_each_in_usable_memory(void **state)
{
	(void)state;
	assert_string_equal(check(0x200000, IOAPIC, HPET),
		"ACPI: the MADT puts the local APICs at 0x200000, in memory that the map calls "
		"usable; expected device registers");
	assert_non_null(strstr(check(LAPIC, 0x100000000, HPET), "the I/O APIC at 0x100000000, in"));
	assert_non_null(strstr(
		check(LAPIC, IOAPIC, 0x1000), "the HPET table puts the HPET at 0x1000, in memory"));
}

/* Only a part of it. */
static void test_edges_of_usable_memory(void **state)
{
	(void)state;
	assert_non_null(check(0xff000, IOAPIC, 0x7ffdfc10));
	assert_null(check(0xff000, IOAPIC, HPET));
	assert_non_null(strstr(check(LAPIC, 0xfffffff0, HPET), "I/O APIC at 0xfffffff0, in"));
	assert_null(check(LAPIC, 0xffffffe0, HPET));
}

static void test_beyond_the_cpu_s_addresses(void **state)
{
	(void)state;
	assert_string_equal(check(1ull << PHYS_BITS, IOAPIC, HPET),
		"ACPI: the MADT puts the local APICs at 0x10000000000, beyond this CPU's "
		"addresses; expected device registers");
	assert_non_null(
		strstr(check(LAPIC, IOAPIC, ~0ull << 12), "HPET at 0xfffffffffffff000, be"));
}

static const struct CMUnitTest tests[] = {
	TEST(test_the_usual_places),
	TEST(test_each_in_usable_memory),
	TEST(test_edges_of_usable_memory),
	TEST(test_beyond_the_cpu_s_addresses),
};
TEST_GROUP(device_place)
