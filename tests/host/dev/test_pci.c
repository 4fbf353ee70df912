/*
 * kernel/dev/pci against a bus of the test's own: who is found, how large BARs are, what is malformed, and
 * what is never written.
 */
#include "dev/stage.h"

#include "dev/fake_bus.h"
#include "host_machine.h"
#include "kernel/core/rand.h"
#include "mm/slab/slab.h"

/* As it is: to the drivers' tests, interrupts are the models' own. */
#define pci_irq_request real_irq_request
#define pci_irq_free    real_irq_free
#include "kernel/dev/pci/pci_irq.c"

#define VENDOR    0x1af4
#define IO        PCI_COMMAND_IO
#define MEMORY    PCI_COMMAND_MEMORY
#define MASTER    PCI_COMMAND_MASTER
#define MEMORY_64 4u
#define PREFETCH  8u

static struct fake_bus bus;
static char found[512];

static int setup(void **state)
{
	int err = twin_setup(state);

	dev_stage_reset();
	fake_bus_init(&bus);
	found[0] = '\0';
	return err;
}

static uint16_t command(const struct fake_fn *f)
{
	return f->word[PCI_COMMAND / 4];
}

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

static void three_caps(struct fake_fn *f)
{
	fake_cap(f, 0x40, PCI_CAP_VENDOR);
	fake_cap(f, 0xfc, PCI_CAP_MSIX);
	fake_cap(f, 0x84, PCI_CAP_VENDOR);
	fake_set8(f, PCI_CAPABILITIES, 0x86); /* the lowest two bits are no address */
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

static void circle(struct fake_fn *f)
{
	three_caps(f);
	fake_set8(f, 0x41, 0xfc);
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

/* Drivers */

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
	task_memory->tunables.fail_page_alloc.nth = 1;
	task_memory->fail.on = true;
	for (unsigned int i = 0; i < ARRAY_SIZE(task_memory->route); i++)
		task_memory->route[i].zone = &task_memory->no_zone;
	assert_int_equal(probe_all(), task_memory->event[FAULTS_INJECTED] ? 0 : 1);
	pci_remove_all();
}

/* Interrupt lines */

static unsigned int asked[2];
static bool mine[2];

static bool was_it_a(struct pci_irq *irq)
{
	(void)irq;
	asked[0]++;
	return mine[0];
}

static bool was_it_b(struct pci_irq *irq)
{
	(void)irq;
	asked[1]++;
	return mine[1];
}

static void test_a_shared_line(void **state)
{
	struct pci_dev dev = {.name = "0000:00:02.0", .irq = 11, .pin = 1};
	struct pci_irq a = {.fn = was_it_a}, b = {.fn = was_it_b};

	(void)state;
	memset(asked, 0, sizeof(asked));
	mine[0] = mine[1] = true;
	assert_null(pci_irq_request(&dev, &a));
	assert_null(pci_irq_request(&dev, &b));
	assert_int_equal(dev_stage.routed, 1u << 11);
	interrupt(IRQ_PCI + 11);
	assert_int_equal(asked[0] * 10 + asked[1], 11); /* both: level-triggered */
	assert_int_equal(dev_stage.eois, 1);
	pci_irq_free(&dev, &a);
	assert_int_equal(dev_stage.masked, 0);
	interrupt(IRQ_PCI + 11);
	assert_int_equal(asked[0] * 10 + asked[1], 12);
	pci_irq_free(&dev, &b);
	assert_int_equal(dev_stage.masked, 1u << 11);
}

static void test_a_line_that_nobody_serves(void **state)
{
	struct pci_dev dev = {.name = "0000:00:02.0", .irq = 10, .pin = 1};
	struct pci_irq a = {.fn = was_it_a};

	(void)state;
	assert_null(pci_irq_request(&dev, &a));
	mine[0] = false;
	for (int i = 0; i < 999; i++)
		interrupt(IRQ_PCI + 10);
	mine[0] = true;
	interrupt(IRQ_PCI + 10);
	mine[0] = false;
	for (int i = 0; i < 999; i++)
		interrupt(IRQ_PCI + 10);
	assert_int_equal(dev_stage.masked, 0);
	interrupt(IRQ_PCI + 10);
	assert_int_equal(dev_stage.masked, 1u << 10);
	assert_line("irq 10: nobody cared 1000 times in a row; it is off from here on");
	pci_irq_free(&dev, &a);
}

static void test_lines_that_cannot_be(void **state)
{
	struct pci_dev dev = {.name = "0000:00:02.0", .irq = 11, .pin = 0};
	struct pci_irq a = {.fn = was_it_a};

	(void)state;
	assert_non_null(strstr(pci_irq_request(&dev, &a), "interrupt line 11, pin 0; expected"));
	dev.pin = 1;
	dev.irq = 255;
	assert_non_null(strstr(pci_irq_request(&dev, &a), "a line from 1 to 15 and a pin"));
	dev.irq = 0;
	assert_non_null(pci_irq_request(&dev, &a));
	dev.irq = 5;
	dev_stage.no_pins = true;
	assert_non_null(strstr(pci_irq_request(&dev, &a), "interrupt 5 has no pin"));
	assert_int_equal(dev_stage.routed | dev_stage.masked, 0);
	interrupt(IRQ_PCI + 5); /* and nobody is asked */
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
#define TEST(fn)        cmocka_unit_test_setup_teardown(fn, setup, twin_teardown)
#define DRIVER_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup_drivers, twin_teardown)
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
	DRIVER_TEST(test_devices_get_their_driver),
	DRIVER_TEST(test_who_has_no_driver_is_never_written_to),
	DRIVER_TEST(test_a_header_that_is_no_device_s),
	DRIVER_TEST(test_a_malformed_device_stays_unused),
	DRIVER_TEST(test_a_device_that_its_driver_refuses_is_as_it_was),
	DRIVER_TEST(test_bus_mastering_is_never_taken_away),
	DRIVER_TEST(test_no_memory_for_a_device),
	TEST(test_a_shared_line),
	TEST(test_a_line_that_nobody_serves),
	TEST(test_lines_that_cannot_be),
	DRIVER_TEST(test_random_configuration_spaces),
};
TEST_GROUP(pci)
