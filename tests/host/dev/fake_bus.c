/*
 * A bus of a test's own (see fake_bus.h).
 */
#include "dev/fake_bus.h"

static struct fake_fn *function(const struct pci_bus *bus, unsigned int slot, unsigned int fn)
{
	struct fake_bus *b = (struct fake_bus *)bus;

	assert_true(slot < PCI_SLOTS && fn < PCI_FUNCTIONS);
	return &b->fn[slot][fn];
}

static uint32_t read_word(
	const struct pci_bus *bus, unsigned int slot, unsigned int fn, unsigned int reg)
{
	const struct fake_fn *f = function(bus, slot, fn);

	assert_true(reg < PCI_CONFIG_BYTES && reg % 4 == 0);
	((struct fake_bus *)bus)->reads++;
	return f->present ? f->word[reg / 4] : ~0u;
}

static bool is_bar(unsigned int reg)
{
	return reg >= PCI_BAR0 && reg < PCI_BAR0 + 4 * PCI_NR_BARS;
}

static void write_word(
	const struct pci_bus *bus, unsigned int slot, unsigned int fn, unsigned int reg, uint32_t v)
{
	struct fake_fn *f = function(bus, slot, fn);

	assert_true(reg < PCI_CONFIG_BYTES && reg % 4 == 0 && f->present);
	f->writes++;
	if (is_bar(reg) && (f->word[1] & (PCI_COMMAND_IO | PCI_COMMAND_MEMORY)))
		f->bars_written_while_on++;
	if (f->sloppy && is_bar(reg))
		f->word[reg / 4] = v == ~0u ? f->writable[reg / 4] | (f->word[reg / 4] & 7) : v;
	else
		f->word[reg / 4] =
			(f->word[reg / 4] & ~f->writable[reg / 4]) | (v & f->writable[reg / 4]);
}

void fake_bus_init(struct fake_bus *b)
{
	memset(b, 0, sizeof(*b));
	b->bus = (struct pci_bus){read_word, write_word};
}

struct fake_fn *fake_add(
	struct fake_bus *b, unsigned int slot, unsigned int fn, uint16_t vendor, uint16_t device)
{
	struct fake_fn *f = &b->fn[slot][fn];

	f->present = true;
	f->word[0] = vendor | (uint32_t)device << 16;
	f->writable[PCI_COMMAND / 4] = 0xffff;
	return f;
}

void fake_set8(struct fake_fn *f, unsigned int reg, uint8_t v)
{
	unsigned int shift = 8 * (reg % 4);

	f->word[reg / 4] = (f->word[reg / 4] & ~(0xffu << shift)) | (uint32_t)v << shift;
}

void fake_bar(struct fake_fn *f, unsigned int i, uint64_t size, uint64_t addr, uint32_t flags)
{
	unsigned int at = PCI_BAR0 / 4 + i;
	uint64_t mask = ~(size - 1);

	f->word[at] = (uint32_t)addr | flags;
	f->writable[at] = (uint32_t)mask & (flags & 1 ? 0xfffcu : ~0xfu);
	if ((flags & 7) != 4)
		return;
	f->word[at + 1] = addr >> 32;
	f->writable[at + 1] = mask >> 32;
}

void fake_cap(struct fake_fn *f, unsigned int at, uint8_t id)
{
	uint8_t before = f->word[PCI_CAPABILITIES / 4];

	f->word[1] |= (uint32_t)PCI_STATUS_CAP_LIST << 16;
	fake_set8(f, at, id);
	fake_set8(f, at + 1, before);
	fake_set8(f, PCI_CAPABILITIES, at);
}

struct search {
	unsigned int slot, fn;
	struct pci_dev found;
	bool any;
};

static void look(struct pci_dev *dev, void *arg)
{
	struct search *s = arg;

	if (dev->slot != s->slot || dev->fn != s->fn)
		return;
	s->found = *dev;
	s->any = true;
}

struct pci_dev *fake_found(struct fake_bus *b, unsigned int slot, unsigned int fn)
{
	static struct search s;

	s = (struct search){.slot = slot, .fn = fn};
	pci_for_each(&b->bus, look, &s);
	return s.any ? &s.found : NULL;
}
