/*
 * The MADT under random damage with a seed (HOST_SEED): what is read is sound, or the complaint
 * is a proper one and nothing was read.
 */
#include "madt_table.h"

#include "kernel/core/rand.h"

#define RANDOM_CASES 200000

static void damage(struct rand *r)
{
	switch (rand_below(r, 4)) {
	case 0: /* anywhere, header included */
		table[rand_below(r, table_len)] = rand_next(r);
		break;
	case 1: /* one bit of an entry */
		table[HEADER_LEN + rand_below(r, table_len - HEADER_LEN)] ^= 1 << rand_below(r, 8);
		break;
	case 2: /* the types and lengths of entries, which lead through the table */
		table[HEADER_LEN + rand_below(r, table_len - HEADER_LEN)] = rand_below(r, 20);
		break;
	default:
		table_len = HEADER_LEN + 1 + rand_below(r, table_len - HEADER_LEN);
		set(4, table_len, 4);
	}
}

static void damaged_table(struct rand *r)
{
	static const unsigned int enabled[] = {1, 2, 8};

	like_qemu(enabled[rand_below(r, 3)]);
	if (rand_below(r, 4) == 0)
		x2apic(rand_next(r), rand_below(r, 2));
	if (rand_below(r, 4) == 0)
		lapic_at(rand_next(r) & 0xffffffffff000);
	set(4, table_len, 4);
	for (unsigned int n = 1 + rand_below(r, 6); n; n--)
		damage(r);
	if (rand_below(r, 64) == 0)
		table_len = rand_below(r, HEADER_LEN + 8);
}

static void assert_sound(void)
{
	assert_in_range(madt.nr_cpus, 1, MAX_CPUS);
	for (unsigned int i = 0; i < madt.nr_cpus; i++) {
		assert_int_not_equal(madt.apic_id[i], 255);
		for (unsigned int j = 0; j < i; j++)
			assert_int_not_equal(madt.apic_id[i], madt.apic_id[j]);
	}
	assert_int_not_equal(madt.lapic, 0);
	assert_int_equal(madt.lapic % 4096, 0);
	assert_int_equal(madt.ioapic % 16, 0);
}

static void assert_complaint(const char *err)
{
	assert_ptr_equal(strstr(err, "ACPI: the MADT "), err);
	assert_non_null(strstr(err, "; expected "));
	assert_null(strchr(err, '\n'));
	assert_nothing_read();
}

static void test_madt_random_damage(void **state)
{
	const char *text = getenv("HOST_SEED");
	unsigned int refused = 0;
	struct rand r;

	(void)state;
	rand_seed(&r, text && *text ? strtoull(text, NULL, 0) : 1);
	for (unsigned int i = 0; i < RANDOM_CASES; i++) {
		const char *err;

		damaged_table(&r);
		err = read_unfinished();
		if (err)
			assert_complaint(err);
		else
			assert_sound();
		refused += err != NULL;
	}
	/* Neither is so rare that one side of the reader would go untested. */
	assert_in_range(refused, RANDOM_CASES / 20, RANDOM_CASES - RANDOM_CASES / 20);
}

static const struct CMUnitTest tests[] = {
	TEST(test_madt_random_damage),
};
TEST_GROUP(madt_random)
