/*
 * The MADT: tables as QEMU writes them, and every fault. Random damage has a file of its own.
 */
#include "madt_table.h"

#define assert_error(result, text)                                                                 \
	do {                                                                                       \
		const char *err_ = (result);                                                       \
		assert_non_null(err_);                                                             \
		assert_string_equal(err_, text);                                                   \
		assert_nothing_read();                                                             \
	} while (0)

#define assert_route(irq, to, is_level, is_low)                                                    \
	do {                                                                                       \
		assert_int_equal(madt.isa[irq].gsi, to);                                           \
		assert_int_equal(madt.isa[irq].level, is_level);                                   \
		assert_int_equal(madt.isa[irq].active_low, is_low);                                \
	} while (0)

/* Good tables */

static void check_like_qemu(unsigned int enabled)
{
	like_qemu(enabled);
	assert_null(read_table());
	assert_int_equal(madt.lapic, LAPIC_ADDR);
	assert_int_equal(madt.nr_cpus, enabled);
	for (unsigned int i = 0; i < MAX_CPUS; i++)
		assert_int_equal(madt.apic_id[i], i < enabled ? i : 0);
	assert_int_equal(madt.ioapic, IOAPIC_ADDR);
	assert_int_equal(madt.ioapic_gsi_base, 0);
	assert_int_equal(madt.ioapic_id, 0);
	for (unsigned int irq = 0; irq < ISA_IRQS; irq++) {
		bool pci = irq == 5 || (irq >= 9 && irq <= 11);

		assert_route(irq, irq ? irq : 2, pci, false);
	}
}

static void test_madt_like_qemu(void **state)
{
	(void)state;
	check_like_qemu(1);
	check_like_qemu(2);
	check_like_qemu(8);
}

static void test_madt_smallest(void **state)
{
	(void)state;
	one_cpu();
	assert_null(read_table());
	assert_int_equal(madt.nr_cpus, 1);
	assert_int_equal(madt.ioapic, 0);
	for (unsigned int irq = 0; irq < ISA_IRQS; irq++)
		assert_route(irq, irq, false, false);
}

static void test_madt_disabled_cpus_are_skipped(void **state)
{
	(void)state;
	begin();
	cpu(7, 0);
	cpu(6, ENABLED);
	cpu(6, 0);   /* twice, and the broadcast id: nobody will ever start these */
	cpu(255, 2); /* "online capable" is not enabled */
	cpu(254, ENABLED | 2);
	cpu(0, ENABLED);
	x2apic(300, 0);
	x2apic(301, 2);
	for (unsigned int i = 0; i < 20; i++)
		cpu(100 + i, 0);
	assert_null(read_table());
	assert_int_equal(madt.nr_cpus, 3);
	assert_int_equal(madt.apic_id[0], 6);
	assert_int_equal(madt.apic_id[1], 254);
	assert_int_equal(madt.apic_id[2], 0);
}

static void test_madt_unknown_types_are_skipped(void **state)
{
	static const uint8_t unknown[] = {3, 6, 7, 8, 10, 16, 127, 128, 255};

	(void)state;
	begin();
	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++) {
		entry(unknown[i], 2 + 30 * i);
		memset(table + table_len, 0xff, 30 * i);
		table_len += 30 * i;
	}
	cpu(3, ENABLED);
	entry(4, 2);
	entry(200, 2);
	assert_null(read_table());
	assert_int_equal(madt.nr_cpus, 1);
	assert_int_equal(madt.apic_id[0], 3);
}

static void test_madt_longer_entries(void **state)
{
	(void)state;
	begin();
	cpu(3, ENABLED);
	set(table_len - 7, 11, 1);
	put(0x090909, 3);
	ioapic(4, IOAPIC_ADDR, 24);
	set(table_len - 11, 13, 1);
	put(0, 1);
	cpu(9, ENABLED);
	assert_null(read_table());
	assert_int_equal(madt.nr_cpus, 2);
	assert_int_equal(madt.apic_id[1], 9);
	assert_int_equal(madt.ioapic_id, 4);
	assert_int_equal(madt.ioapic_gsi_base, 24);
}

static void test_madt_first_ioapic_counts(void **state)
{
	(void)state;
	one_cpu();
	ioapic(8, 0xfec10010, 0x12345678);
	ioapic(9, IOAPIC_ADDR, 0);
	assert_null(read_table());
	assert_int_equal(madt.ioapic, 0xfec10010);
	assert_int_equal(madt.ioapic_gsi_base, 0x12345678);
	assert_int_equal(madt.ioapic_id, 8);
}

static void test_madt_lapic_override(void **state)
{
	(void)state;
	one_cpu();
	lapic_at(0x123456789a000);
	assert_null(read_table());
	assert_int_equal(madt.lapic, 0x123456789a000);
	set(36, 0, 4); /* what is overridden does not matter */
	assert_null(read_table());
	assert_int_equal(madt.lapic, 0x123456789a000);
}

static void test_madt_polarity_and_trigger(void **state)
{
	static const uint8_t values[] = {0, 1, 3};

	(void)state;
	for (unsigned int p = 0; p < 3; p++)
		for (unsigned int t = 0; t < 3; t++) {
			one_cpu();
			override(0, 15, 0x89abcdef, 0xfff0 | values[t] << 2 | values[p]);
			assert_null(read_table());
			assert_route(15, 0x89abcdef, values[t] == 3, values[p] == 3);
			assert_route(14, 14, false, false);
		}
}

/* Faults */

static void test_madt_signature(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		like_qemu(1);
		table[i] ^= 0x20;
		assert_error(
			read_table(), "ACPI: the MADT has a wrong signature; expected \"APIC\"");
	}
}

static void test_madt_too_short(void **state)
{
	char want[96];

	(void)state;
	for (size_t len = 0; len < HEADER_LEN; len++) {
		one_cpu();
		table_len = len;
		set(4, len, 4);
		snprintf(want, sizeof(want),
			"ACPI: the MADT is %zu bytes long; expected 44 or more", len);
		assert_error(read_unfinished(), want);
	}
}

static void test_madt_length_differs(void **state)
{
	(void)state;
	one_cpu();
	set(4, table_len + 1, 4);
	assert_error(
		read_unfinished(), "ACPI: the MADT says that it is 53 bytes long; expected 52");
	set(4, table_len - 1, 4);
	assert_error(
		read_unfinished(), "ACPI: the MADT says that it is 51 bytes long; expected 52");
	set(4, table_len | 0x80000000, 4);
	assert_error(read_unfinished(),
		"ACPI: the MADT says that it is 2147483700 bytes long; expected 52");
}

static void test_madt_entry_shorter_than_its_header(void **state)
{
	static const char *const want[] = {
		"ACPI: the MADT has an entry of length 0; expected 2 or more",
		"ACPI: the MADT has an entry of length 1; expected 2 or more"};

	(void)state;
	for (unsigned int len = 0; len < 2; len++) {
		one_cpu();
		entry(200, len);
		assert_error(read_table(), want[len]);
		cpu(1, ENABLED);
		assert_error(read_table(), want[len]);
	}
}

/* Also as the last one, where its missing bytes would lie behind the table. */
static void test_madt_entry_too_short_for_its_type(void **state)
{
	static const uint8_t need[][2] = {{0, 8}, {1, 12}, {2, 10}, {5, 12}, {9, 16}};
	char want[96];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(need); i++)
		for (unsigned int len = 2; len < need[i][1]; len++) {
			one_cpu();
			entry(need[i][0], len);
			table_len += len - 2;
			snprintf(want, sizeof(want),
				"ACPI: the MADT has an entry of type %u with %u bytes; "
				"expected %u or more",
				need[i][0], len, need[i][1]);
			assert_error(read_table(), want);
			cpu(1, ENABLED);
			assert_error(read_table(), want);
		}
}

static void test_madt_ends_within_an_entry(void **state)
{
	static const uint8_t types[] = {0, 1, 2, 4, 5, 9, 200};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		for (unsigned int missing = 1; missing < 16; missing++) {
			one_cpu();
			entry(types[i], 16);
			table_len = table_len + 14 - missing;
			assert_error(read_table(),
				"ACPI: the MADT ends within an entry; expected whole entries");
		}
}

static void test_madt_no_cpu(void **state)
{
	const char *want = "ACPI: the MADT lists no enabled CPU; expected 1 to 8";

	(void)state;
	begin();
	assert_error(read_table(), want);
	like_qemu(0);
	assert_error(read_table(), want);
}

static void test_madt_too_many_cpus(void **state)
{
	(void)state;
	begin();
	for (unsigned int i = 0; i < MAX_CPUS; i++)
		cpu(10 * i, ENABLED);
	assert_null(read_table());
	assert_int_equal(madt.nr_cpus, MAX_CPUS);
	assert_int_equal(madt.apic_id[MAX_CPUS - 1], 10 * (MAX_CPUS - 1));
	cpu(200, ENABLED);
	assert_error(read_table(), "ACPI: the MADT lists 9 CPUs; expected 1 to 8");
	begin();
	for (unsigned int i = 0; i < 255; i++)
		cpu(i, ENABLED);
	assert_error(read_table(), "ACPI: the MADT lists 255 CPUs; expected 1 to 8");
}

static void test_madt_apic_id_twice(void **state)
{
	(void)state;
	begin();
	cpu(7, ENABLED);
	cpu(3, ENABLED);
	cpu(7, ENABLED);
	assert_error(read_table(), "ACPI: the MADT lists APIC id 7 twice; expected it once");
	begin();
	for (unsigned int i = 0; i < MAX_CPUS - 1; i++)
		cpu(i, ENABLED);
	cpu(MAX_CPUS - 2, ENABLED);
	assert_error(read_table(), "ACPI: the MADT lists APIC id 6 twice; expected it once");
}

static void test_madt_broadcast_id(void **state)
{
	(void)state;
	one_cpu();
	cpu(255, ENABLED);
	assert_error(read_table(),
		"ACPI: the MADT gives a CPU the broadcast APIC id 255; expected 0 to 254");
}

static void test_madt_x2apic(void **state)
{
	const char *want = "ACPI: the MADT enables a CPU by x2APIC id; expected APIC ids of 8 bits";

	(void)state;
	one_cpu();
	x2apic(300, ENABLED);
	assert_error(read_table(), want);
	one_cpu();
	x2apic(3, ENABLED | 2);
	assert_error(read_table(), want);
}

static void test_madt_reserved_polarity(void **state)
{
	(void)state;
	for (unsigned int trigger = 0; trigger < 4; trigger++) {
		one_cpu();
		override(0, 9, 9, trigger << 2 | 2);
		assert_error(read_table(),
			"ACPI: the MADT gives ISA IRQ 9 a reserved polarity; expected active high "
			"or low");
	}
}

static void test_madt_reserved_trigger(void **state)
{
	static const uint8_t polarities[] = {0, 1, 3};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(polarities); i++) {
		one_cpu();
		override(0, 15, 9, 2 << 2 | polarities[i]);
		assert_error(read_table(),
			"ACPI: the MADT gives ISA IRQ 15 a reserved trigger; expected edge or "
			"level");
	}
}

static void test_madt_override_source(void **state)
{
	(void)state;
	one_cpu();
	override(0, 16, 2, 0);
	assert_error(read_table(), "ACPI: the MADT overrides ISA IRQ 16; expected 0 to 15");
	one_cpu();
	override(0, 255, 2, 0);
	assert_error(read_table(), "ACPI: the MADT overrides ISA IRQ 255; expected 0 to 15");
}

static void test_madt_override_bus(void **state)
{
	(void)state;
	one_cpu();
	override(1, 0, 2, 0);
	assert_error(
		read_table(), "ACPI: the MADT overrides an IRQ of bus 1; expected bus 0 (ISA)");
}

static void test_madt_lapic_address(void **state)
{
	(void)state;
	one_cpu();
	set(36, 0, 4);
	assert_error(read_table(),
		"ACPI: the MADT puts the local APICs at 0x0; expected a "
		"multiple of 4 KiB above 0");
	set(36, LAPIC_ADDR + 0x800, 4);
	assert_error(read_table(),
		"ACPI: the MADT puts the local APICs at 0xfee00800; expected a "
		"multiple of 4 KiB above 0");
	set(36, LAPIC_ADDR, 4);
	lapic_at(0);
	assert_error(read_table(),
		"ACPI: the MADT puts the local APICs at 0x0; expected a "
		"multiple of 4 KiB above 0");
	lapic_at(~0ull);
	assert_error(read_table(),
		"ACPI: the MADT puts the local APICs at 0xffffffffffffffff; "
		"expected a multiple of 4 KiB above 0");
}

static void test_madt_ioapic_address(void **state)
{
	(void)state;
	one_cpu();
	ioapic(0, 0, 0);
	assert_error(read_table(),
		"ACPI: the MADT puts an I/O APIC at 0x0; expected a multiple of 16 above 0");
	one_cpu();
	ioapic(0, IOAPIC_ADDR, 0);
	ioapic(1, IOAPIC_ADDR + 8, 24);
	assert_error(read_table(),
		"ACPI: the MADT puts an I/O APIC at 0xfec00008; expected a multiple of 16 above 0");
}

static const struct CMUnitTest tests[] = {
	TEST(test_madt_like_qemu),
	TEST(test_madt_smallest),
	TEST(test_madt_disabled_cpus_are_skipped),
	TEST(test_madt_unknown_types_are_skipped),
	TEST(test_madt_longer_entries),
	TEST(test_madt_first_ioapic_counts),
	TEST(test_madt_lapic_override),
	TEST(test_madt_polarity_and_trigger),
	TEST(test_madt_signature),
	TEST(test_madt_too_short),
	TEST(test_madt_length_differs),
	TEST(test_madt_entry_shorter_than_its_header),
	TEST(test_madt_entry_too_short_for_its_type),
	TEST(test_madt_ends_within_an_entry),
	TEST(test_madt_no_cpu),
	TEST(test_madt_too_many_cpus),
	TEST(test_madt_apic_id_twice),
	TEST(test_madt_broadcast_id),
	TEST(test_madt_x2apic),
	TEST(test_madt_reserved_polarity),
	TEST(test_madt_reserved_trigger),
	TEST(test_madt_override_source),
	TEST(test_madt_override_bus),
	TEST(test_madt_lapic_address),
	TEST(test_madt_ioapic_address),
};
TEST_GROUP(madt)
