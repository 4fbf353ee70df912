/*
 * kernel/dev/pci and drivers: who gets which device, what is never written, and buses of random bits.
 */
#include "dev/pci_case.h"

#include "kernel/core/rand.h"
#include "mm/slab/slab.h"

static const char *refusal;
static unsigned int probed, removed;
static uint16_t command_in_probe;

static const char *probe(struct pci_dev *dev)
{
	probed++;
	command_in_probe = pci_read16(dev, PCI_COMMAND);
	return refusal;
}

static void removes(struct pci_dev *dev)
{
	removed = removed * 100 + dev->slot;
}

static const struct pci_id ids[] = {{VENDOR, 0x1001}, {VENDOR, 0x1042}, {0, 0}};
static const struct pci_driver driver = {"fake", ids, probe, removes};
static const struct pci_driver *const drivers[] = {&driver};

static unsigned int probe_all(void)
{
	probed = removed = 0;
	return pci_probe(&bus.bus, drivers, 1);
}

static int setup_drivers(void **state)
{
	int err = setup(state);

	task_memory = machine_default();
	refusal = NULL;
	return err;
}

static void test_devices_get_their_driver(void **state)
{
	struct fake_fn *a = fake_add(&bus, 2, 0, VENDOR, 0x1001);
	struct pci_dev *dev;
	long before = all_free(task_memory);

	(void)state;
	fake_add(&bus, 3, 0, VENDOR, 0x1042);
	fake_add(&bus, 4, 0, 0x8086, 0x1001);
	a->word[1] = IO | MEMORY | 0x100; /* as SeaBIOS leaves it: no bus master (§35.1) */
	assert_int_equal(probe_all(), 2);
	assert_int_equal(probed, 2);
	assert_int_equal(command_in_probe, IO | MEMORY | MASTER);
	assert_int_equal(command(a), IO | MEMORY | MASTER | 0x100);
	dev = fake_found(&bus, 2, 0);
	assert_ptr_equal(pci_in_use(dev)->driver, &driver);
	assert_null(pci_in_use(fake_found(&bus, 4, 0)));
	pci_remove_all();
	assert_int_equal(removed, 302); /* last first */
	assert_null(pci_in_use(dev));
	slab_shrink_all(task_memory);
	assert_int_equal(all_free(task_memory), before);
}

static void test_who_has_no_driver_is_never_written_to(void **state)
{
	struct fake_fn *unknown[4];

	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		unknown[i] = fake_add(&bus, 10 + i, 0, 0x8086, 0x7000 + i);
		fake_bar(unknown[i], 0, 4096, 0x12345000, i < 2 ? 0 : 6);
		circle(unknown[i]);
	}
	fake_set8(unknown[3], PCI_HEADER_TYPE, 1);
	assert_int_equal(probe_all(), 0);
	assert_int_equal(probed, 0);
	assert_string_equal(console(), "");
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(unknown[i]->writes, 0);
}

/* A bridge's registers are others: nothing is sized that a number of a bus may be. */
static void test_a_header_that_is_no_device_s(void **state)
{
	struct fake_fn *f = fake_add(&bus, 2, 0, VENDOR, 0x1001);

	(void)state;
	fake_set8(f, PCI_HEADER_TYPE, 0x81);
	assert_int_equal(probe_all(), 0);
	assert_int_equal(probed, 0);
	assert_int_equal(f->writes, 0);
	assert_line("pci 0000:00:02.0: header type 0x01; expected 0x00");
}

static void test_a_malformed_device_stays_unused(void **state)
{
	struct fake_fn *f = fake_add(&bus, 2, 0, VENDOR, 0x1001);

	(void)state;
	circle(f);
	assert_int_equal(probe_all(), 0);
	assert_int_equal(f->writes, 0);
	assert_printed("goes in a circle");
	f = fake_add(&bus, 3, 0, VENDOR, 0x1001);
	fake_bar(f, 0, 8192, 4096, 0);
	f->sloppy = true;
	f->word[1] = MEMORY;
	assert_int_equal(probe_all(), 0);
	assert_int_equal(probed, 0);
	assert_int_equal(command(f), MEMORY);
	assert_printed("BAR 0 is 0x00001000, which is no multiple of its size");
}

/* Bit 2 may not be cleared of a device that works (§41.1): it works no more. */
static void test_a_device_that_its_driver_refuses_is_as_it_was(void **state)
{
	struct fake_fn *f = fake_add(&bus, 2, 0, VENDOR, 0x1001);
	long before = all_free(task_memory);

	(void)state;
	refusal = "fake: no";
	f->word[1] = IO | 0x100;
	assert_int_equal(probe_all(), 0);
	assert_int_equal(command(f), IO | 0x100);
	assert_line("fake: no");
	assert_null(pci_in_use(fake_found(&bus, 2, 0)));
	slab_shrink_all(task_memory);
	assert_int_equal(all_free(task_memory), before);
}

/* Bus mastering stays on while BARs are sized: QEMU would forget driver-ok (§41.1). */
static uint16_t all_commands;
static void (*write_before)(const struct pci_bus *bus, unsigned int slot, unsigned int fn,
	unsigned int reg, uint32_t v);

static void note_command(
	const struct pci_bus *b, unsigned int slot, unsigned int fn, unsigned int reg, uint32_t v)
{
	if (reg == PCI_COMMAND)
		all_commands &= v;
	write_before(b, slot, fn, reg, v);
}

static void test_bus_mastering_is_never_taken_away(void **state)
{
	struct fake_fn *f = fake_add(&bus, 2, 0, VENDOR, 0x1001);

	(void)state;
	f->word[1] = IO | MEMORY | MASTER | 0x100;
	fake_bar(f, 0, 4096, 0xfebd1000, 0);
	write_before = bus.bus.write;
	bus.bus.write = note_command;
	all_commands = 0xffff;
	assert_int_equal(probe_all(), 1);
	assert_int_equal(all_commands, MASTER | 0x100);
	pci_remove_all();
}

static void test_no_memory_for_a_device(void **state)
{
	(void)state;
	fake_add(&bus, 2, 0, VENDOR, 0x1001);
	slab_shrink_all(task_memory); /* no object waits */
	task_memory->tunables.failslab.ignore_wait = 0;
	task_memory->slab.fail = (struct fail_state){.on = true, .times = -1};
	assert_int_equal(probe_all(), 0);
	assert_int_equal(probed, 0);
	assert_line("pci 0000:00:02.0: no memory for it");
	task_memory->slab.fail.on = false;
	assert_int_equal(probe_all(), 1);
	pci_remove_all();
}

/* Configuration spaces of random bits: never a crash, an endless loop, or a register left changed. */

static unsigned int whole;

static void random_function(struct rand *r, unsigned int slot, unsigned int fn)
{
	struct fake_fn *f = fake_add(&bus, slot, fn, VENDOR, rand_below(r, 2) ? 0x1001 : 0x7000);

	for (unsigned int i = 1; i < FAKE_WORDS; i++) {
		f->word[i] = rand_next(r);
		f->writable[i] = rand_below(r, 3) ? 0 : rand_next(r);
	}
	fake_set8(f, PCI_HEADER_TYPE, rand_below(r, 4) ? 0x80 * rand_below(r, 2) : rand_next(r));
	f->writable[PCI_COMMAND / 4] = 0xffff;
	if (rand_below(r, 2))
		f->word[1] &= ~((uint32_t)PCI_STATUS_CAP_LIST << 16);
	for (unsigned int i = 0; i < PCI_NR_BARS; i++) {
		uint64_t size = 1ull << (4 + rand_below(r, 34));
		bool wide = i < 5 && rand_below(r, 3) == 0;

		if (rand_below(r, 8) == 0)
			continue;
		fake_bar(f, i, wide ? size : (uint32_t)size,
			wide ? rand_next(r) & -size & 0xffffffffff : rand_next(r) & -(uint32_t)size,
			wide ? MEMORY_64 : 0);
		i += wide;
	}
}

static void check_sized(struct pci_dev *dev, void *arg)
{
	struct fake_fn *f = &bus.fn[dev->slot][dev->fn], before = *f;
	const char *error;

	(void)arg;
	error = pci_check_caps(dev);
	for (unsigned int id = 0; id < 256; id += 17)
		pci_find_cap(dev, id, 0);
	assert_int_equal(f->writes, before.writes);
	if (!error)
		error = pci_read_bars(dev);
	assert_memory_equal(f->word, before.word, sizeof(f->word));
	assert_int_equal(f->bars_written_while_on, 0);
	for (unsigned int i = 0; !error && i < PCI_NR_BARS; i++) {
		const struct pci_bar *b = &dev->bar[i];

		whole++;
		assert_int_equal(b->size & (b->size - 1), 0);
		assert_true(b->size || !b->addr);
		if (b->size)
			assert_int_equal(b->addr & (b->size - 1), 0);
	}
}

static void test_random_configuration_spaces(void **state)
{
	const char *text = getenv("HOST_SEED");
	struct rand r;

	(void)state;
	rand_seed(&r, text && *text ? strtoull(text, NULL, 0) : 1);
	whole = 0;
	for (unsigned int round = 0; round < 200; round++) {
		fake_bus_init(&bus);
		console_clear();
		for (unsigned int i = 0; i < 12; i++)
			random_function(&r, rand_below(&r, PCI_SLOTS),
				rand_below(&r, 3) ? 0 : rand_below(&r, PCI_FUNCTIONS));
		pci_for_each(&bus.bus, check_sized, NULL);
		probe_all();
		pci_remove_all();
		for (unsigned int slot = 0; slot < PCI_SLOTS; slot++)
			for (unsigned int fn = 0; fn < PCI_FUNCTIONS; fn++)
				if (bus.fn[slot][fn].word[0] == (0x7000u << 16 | VENDOR))
					assert_int_equal(bus.fn[slot][fn].writes % 2, 0);
	}
	assert_true(whole > 100);
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup_drivers, twin_teardown)
static const struct CMUnitTest tests[] = {
	TEST(test_devices_get_their_driver),
	TEST(test_who_has_no_driver_is_never_written_to),
	TEST(test_a_header_that_is_no_device_s),
	TEST(test_a_malformed_device_stays_unused),
	TEST(test_a_device_that_its_driver_refuses_is_as_it_was),
	TEST(test_bus_mastering_is_never_taken_away),
	TEST(test_no_memory_for_a_device),
	TEST(test_random_configuration_spaces),
};
TEST_GROUP(pci_drivers)
