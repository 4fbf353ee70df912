/*
 * kernel/dev/pci against a bus of the test's own: who is found, how large BARs are, and what is malformed.
 */
#include "dev/pci_case.h"

static char found[512];

static void note(struct pci_dev *dev, void *arg)
{
	(void)arg;
	snprintf(found + strlen(found), sizeof(found) - strlen(found), "%s ", dev->name + 8);
}

static const char *enumerated(void)
{
	found[0] = '\0';
	pci_for_each(&bus.bus, note, NULL);
	return found;
}

static void test_an_empty_bus(void **state)
{
	(void)state;
	assert_string_equal(enumerated(), "");
	assert_int_equal(bus.reads, PCI_SLOTS); /* nobody is asked for a second function */
}

static void test_functions_in_order(void **state)
{
	(void)state;
	fake_add(&bus, 31, 0, VENDOR, 1);
	fake_add(&bus, 0, 0, VENDOR, 1);
	fake_set8(fake_add(&bus, 1, 0, VENDOR, 1), PCI_HEADER_TYPE, 0x80);
	fake_add(&bus, 1, 7, VENDOR, 1);
	fake_add(&bus, 1, 3, VENDOR, 1);
	assert_string_equal(enumerated(), "00.0 01.0 01.3 01.7 1f.0 ");
}

/* Of one function its other ones are not asked, and who has no first one has none. */
static void test_functions_that_are_not_there(void **state)
{
	(void)state;
	fake_add(&bus, 2, 0, VENDOR, 1);
	fake_add(&bus, 2, 1, VENDOR, 1);
	fake_add(&bus, 3, 1, VENDOR, 1);
	fake_add(&bus, 4, 0, 0xffff, 1);
	assert_string_equal(enumerated(), "02.0 ");
}

static void test_what_is_read_of_a_function(void **state)
{
	struct fake_fn *f = fake_add(&bus, 5, 0, VENDOR, 0x1001);
	struct pci_dev *dev;

	(void)state;
	f->word[2] = 0x01020304;
	f->word[0x2c / 4] = 0x00021af5;
	fake_set8(f, PCI_IRQ_LINE, 10);
	fake_set8(f, PCI_IRQ_PIN, 1);
	fake_set8(f, PCI_HEADER_TYPE, 0x81);
	dev = fake_found(&bus, 5, 0);
	assert_int_equal(dev->vendor, VENDOR);
	assert_int_equal(dev->device, 0x1001);
	assert_int_equal(dev->class, 0x010203);
	assert_int_equal(dev->revision, 4);
	assert_int_equal(dev->subsys_vendor, 0x1af5);
	assert_int_equal(dev->subsys, 2);
	assert_int_equal(dev->irq, 10);
	assert_int_equal(dev->pin, 1);
	assert_int_equal(dev->header, 1);
	assert_string_equal(dev->name, "0000:00:05.0");
	assert_int_equal(f->writes, 0);
}

/* Mechanism 1: the enable bit, and the place of the register (§35.1). */

static uint32_t address_port, data_written;

static void record(uint64_t at, unsigned int bytes, bool port, uint32_t v)
{
	assert_true(bytes == 4 && port);
	if (at == 0xcf8)
		address_port = v;
	else
		data_written = at == 0xcfc ? v : 0;
}

static uint32_t answer(uint64_t at, unsigned int bytes, bool port)
{
	assert_true(bytes == 4 && port);
	return at == 0xcfc ? 0xaabbccdd : 0;
}

static const struct host_device ports = {answer, record};

static void test_the_machine_s_ports(void **state)
{
	struct pci_dev dev = {.bus = &pci_ports, .slot = 31, .fn = 7};

	(void)state;
	host_device = &ports;
	assert_int_equal(pci_read32(&dev, 0xfc), 0xaabbccdd);
	assert_int_equal(address_port, 0x8000fffc);
	assert_int_equal(pci_read16(&dev, 0x06), 0xaabb);
	assert_int_equal(address_port, 0x8000ff04);
	assert_int_equal(pci_read8(&dev, 0x3d), 0xcc);
	pci_write16(&dev, 0x04, 0x1234);
	assert_int_equal(data_written, 0xaabb1234);
	pci_write16(&dev, 0x06, 0x1234);
	assert_int_equal(data_written, 0x1234ccdd);
}

/* Not the header again, to which the ports' address would go round. */
static void test_there_is_nothing_behind_configuration_space(void **state)
{
	struct fake_fn *f = fake_add(&bus, 2, 0, VENDOR, 1);
	struct pci_dev *dev = fake_found(&bus, 2, 0);

	(void)state;
	assert_int_equal(pci_read32(dev, 0x100), ~0u);
	assert_int_equal(pci_read8(dev, 0x10e), 0xff);
	pci_write32(dev, 0x104, 0);
	assert_int_equal(f->writes, 0);
}

/* BARs */

static const char *bars(struct fake_fn *f, struct pci_dev **dev)
{
	for (unsigned int slot = 0; slot < PCI_SLOTS; slot++)
		if (f == &bus.fn[slot][0])
			*dev = fake_found(&bus, slot, 0);
	return pci_read_bars(*dev);
}

static void assert_bar(
	const struct pci_dev *dev, unsigned int i, uint64_t addr, uint64_t size, bool io)
{
	assert_int_equal(dev->bar[i].addr, addr);
	assert_int_equal(dev->bar[i].size, size);
	assert_int_equal(dev->bar[i].io, io);
}

static void test_bars_of_every_kind(void **state)
{
	struct fake_fn *f = fake_add(&bus, 2, 0, VENDOR, 1), before;
	struct pci_dev *dev;

	(void)state;
	fake_bar(f, 0, 128, 0xc000, 1);
	fake_bar(f, 1, 4096, 0xfebd1000, 0);
	fake_bar(f, 2, MIB(64), 0xf8000000, MEMORY_64 | PREFETCH);
	fake_bar(f, 4, 8ull << 30, 16ull << 30, MEMORY_64);
	f->word[1] = IO | MEMORY | 0x100;
	before = *f;
	assert_null(bars(f, &dev));
	assert_bar(dev, 0, 0xc000, 128, true);
	assert_bar(dev, 1, 0xfebd1000, 4096, false);
	assert_bar(dev, 2, 0xf8000000, MIB(64), false);
	assert_bar(dev, 3, 0, 0, false);
	assert_bar(dev, 4, 16ull << 30, 8ull << 30, false);
	assert_true(dev->bar[2].prefetch);
	assert_false(dev->bar[1].prefetch || dev->bar[0].prefetch);
	assert_memory_equal(f->word, before.word, sizeof(f->word));
	assert_int_equal(f->bars_written_while_on, 0);
}

/* The last BAR's upper half is the last register; a large I/O mask may leave out its upper half. */
static void test_bars_at_their_limits(void **state)
{
	struct fake_fn *f = fake_add(&bus, 2, 0, VENDOR, 1);
	struct pci_dev *dev;

	(void)state;
	fake_bar(f, 0, 4, 0xfffc, 1);
	f->writable[PCI_BAR0 / 4] = 0xfffffffc;
	fake_bar(f, 1, 16, 0, 0);                          /* not placed by the firmware */
	fake_bar(f, 2, 1ull << 39, 1ull << 39, MEMORY_64); /* up to the last address */
	assert_null(bars(f, &dev));
	assert_bar(dev, 0, 0xfffc, 4, true);
	assert_bar(dev, 1, 0, 16, false);
	assert_bar(dev, 2, 1ull << 39, 1ull << 39, false);
}

/* Nothing of it can be written: there is no BAR, whatever it reads. */
static void test_a_bar_without_a_size_is_none(void **state)
{
	struct fake_fn *f = fake_add(&bus, 2, 0, VENDOR, 1);
	struct pci_dev *dev;

	(void)state;
	f->word[PCI_BAR0 / 4] = 0xdead0000 | MEMORY_64;
	f->word[PCI_BAR0 / 4 + 2] = 0xa001;
	assert_null(bars(f, &dev));
	assert_bar(dev, 0, 0, 0, false);
	assert_bar(dev, 2, 0, 0, false);
}

static void assert_malformed(
	unsigned int i, uint64_t size, uint64_t addr, uint32_t flags, const char *what)
{
	struct fake_fn *f;
	struct pci_dev *dev;
	const char *said;

	fake_bus_init(&bus);
	f = fake_add(&bus, 6, 0, VENDOR, 1);
	fake_bar(f, i, size, addr, flags);
	f->sloppy = true;
	f->word[1] = IO | MEMORY;
	said = bars(f, &dev);
	assert_non_null(said);
	assert_non_null(strstr(said, "pci 0000:00:06.0: BAR "));
	if (!strstr(said, what))
		fail_msg("%s\nexpected: %s", said, what);
	assert_int_equal(command(f), IO | MEMORY); /* as it was, after a mistake as well */
}

static void test_malformed_bars(void **state)
{
	(void)state;
	assert_malformed(0, 4096, 0xfebd1000, 2, "of a kind that there is not");
	assert_malformed(3, 4096, 0xfebd1000, 6, "of a kind that there is not");
	assert_malformed(1, 8192, 0xfebd1000, 0, "which is no multiple of its size");
	assert_malformed(1, 64, 0xc020, 1, "which is no multiple of its size");
	assert_malformed(2, MIB(1), 1ull << 40, MEMORY_64, "beyond what this CPU can address");
	assert_malformed(2, 1ull << 41, 1ull << 41, MEMORY_64, "beyond what this CPU can address");
	assert_malformed(0, 16, 0x10000, 1, "beyond what this CPU can address");
}

static void test_a_64_bit_bar_without_a_second_half(void **state)
{
	struct fake_fn *f = fake_add(&bus, 2, 0, VENDOR, 1);
	struct pci_dev *dev;

	(void)state;
	f->word[PCI_BAR0 / 4 + 5] = MEMORY_64;
	assert_non_null(strstr(bars(f, &dev), "of 64 bits without a second half"));
}

static void test_what_can_be_mapped(void **state)
{
	struct fake_fn *f = fake_add(&bus, 2, 0, VENDOR, 1);
	struct pci_dev *dev;

	(void)state;
	dev_stage.mapping = &bus;
	fake_bar(f, 0, 4096, 0xfebd1000, 0);
	fake_bar(f, 1, 128, 0xc000, 1);
	fake_bar(f, 2, 4096, 0, 0);
	assert_null(bars(f, &dev));
	assert_ptr_equal(pci_map(dev, 0, 0x10, 0xff0, false), &bus);
	assert_int_equal(dev_stage.mapped, 0xfebd1010);
	assert_int_equal(dev_stage.mapped_bytes, 0xff0);
	assert_false(dev_stage.mapped_as_memory);
	assert_ptr_equal(pci_map(dev, 0, 0, 4096, true), &bus);
	assert_true(dev_stage.mapped_as_memory);
	assert_null(pci_map(dev, 0, 0, 4097, false));
	assert_null(pci_map(dev, 0, 4096, 1, false));
	assert_null(pci_map(dev, 0, ~0ull, 2, false));
	assert_null(pci_map(dev, 0, 2, ~0ull, false));
	assert_null(pci_map(dev, 0, 0, 0, false));
	assert_null(pci_map(dev, 1, 0, 4, false)); /* ports */
	assert_null(pci_map(dev, 2, 0, 4, false)); /* nowhere */
	assert_null(pci_map(dev, 3, 0, 4, false));
	assert_null(pci_map(dev, 6, 0, 4, false));
	assert_null(pci_map(dev, ~0u, 0, 4, false));
}

/* Capabilities */

static struct pci_dev *with_caps(void (*make)(struct fake_fn *f))
{
	struct fake_fn *f;

	fake_bus_init(&bus);
	f = fake_add(&bus, 2, 0, VENDOR, 1);
	make(f);
	return fake_found(&bus, 2, 0);
}

static void no_list(struct fake_fn *f)
{
	three_caps(f);
	f->word[1] = 0;
}

/* As many as there can be: from one end to the other. */
static void full(struct fake_fn *f)
{
	for (unsigned int at = 0x40; at < 0x100; at += 4)
		fake_cap(f, at, at == 0x40 ? PCI_CAP_MSIX : PCI_CAP_VENDOR);
}

static void itself(struct fake_fn *f)
{
	fake_cap(f, 0x40, 0x05);
	fake_set8(f, 0x41, 0x40);
}

static void into_header(struct fake_fn *f)
{
	three_caps(f);
	fake_set8(f, 0x41, 0x10);
}

static void begins_in_header(struct fake_fn *f)
{
	fake_cap(f, 0x3c, 0x05);
}

static void test_capabilities(void **state)
{
	struct pci_dev *dev = with_caps(three_caps);

	(void)state;
	assert_null(pci_check_caps(dev));
	assert_int_equal(pci_find_cap(dev, PCI_CAP_VENDOR, 0), 0x84);
	assert_int_equal(pci_find_cap(dev, PCI_CAP_VENDOR, 0x84), 0x40);
	assert_int_equal(pci_find_cap(dev, PCI_CAP_VENDOR, 0x40), 0);
	assert_int_equal(pci_find_cap(dev, PCI_CAP_MSIX, 0), 0xfc);
	assert_int_equal(pci_find_cap(dev, 0x05, 0), 0);
	dev = with_caps(no_list);
	assert_null(pci_check_caps(dev));
	assert_int_equal(pci_find_cap(dev, PCI_CAP_VENDOR, 0), 0);
	dev = with_caps(full);
	assert_null(pci_check_caps(dev));
	assert_int_equal(pci_find_cap(dev, PCI_CAP_MSIX, 0), 0x40);
}

static void test_malformed_capabilities(void **state)
{
	(void)state;
	assert_non_null(strstr(pci_check_caps(with_caps(circle)), "goes in a circle"));
	assert_non_null(strstr(pci_check_caps(with_caps(itself)), "goes in a circle, by 0x40"));
	assert_non_null(strstr(pci_check_caps(with_caps(into_header)), "in the header, at 0x10"));
	assert_non_null(
		strstr(pci_check_caps(with_caps(begins_in_header)), "in the header, at 0x3c"));
	assert_int_equal(pci_find_cap(with_caps(circle), 0x05, 0), 0); /* and comes back */
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, twin_teardown)
static const struct CMUnitTest tests[] = {
	TEST(test_an_empty_bus),
	TEST(test_functions_in_order),
	TEST(test_functions_that_are_not_there),
	TEST(test_what_is_read_of_a_function),
	TEST(test_the_machine_s_ports),
	TEST(test_there_is_nothing_behind_configuration_space),
	TEST(test_bars_of_every_kind),
	TEST(test_bars_at_their_limits),
	TEST(test_a_bar_without_a_size_is_none),
	TEST(test_malformed_bars),
	TEST(test_a_64_bit_bar_without_a_second_half),
	TEST(test_what_can_be_mapped),
	TEST(test_capabilities),
	TEST(test_malformed_capabilities),
};
TEST_GROUP(pci)
