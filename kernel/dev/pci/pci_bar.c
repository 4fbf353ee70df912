/*
 * Where a device's registers are (see pci.h, §35.1).
 */
#include "boot/paging.h"
#include "kernel/core/cpu/arch.h"
#include "kernel/core/log/printk.h"
#include "kernel/dev/pci/pci.h"

#define BAR_IO       0x1u
#define BAR_TYPE     0x6u
#define BAR_WIDE     0x4u
#define BAR_PREFETCH 0x8u
#define IO_BITS      0x3u
#define MEMORY_BITS  0xfu
#define IO_SPACE     0x10000u

static char line[160];

static unsigned int bar_reg(unsigned int i)
{
	return PCI_BAR0 + 4 * i;
}

/* What stays of all ones tells the size; the register is as before afterwards. */
static uint32_t bits_kept(const struct pci_dev *dev, unsigned int i)
{
	uint32_t was = pci_read32(dev, bar_reg(i)), kept;

	pci_write32(dev, bar_reg(i), ~0u);
	kept = pci_read32(dev, bar_reg(i));
	pci_write32(dev, bar_reg(i), was);
	return kept;
}

/* Its lowest bit that can be written; none: nothing has changed, and it was not all ones before. */
static uint64_t size_of(uint64_t addr, uint64_t kept, uint64_t mask)
{
	uint64_t size = kept & mask & -(kept & mask);

	if (addr == (kept & mask) && (addr | (size - 1)) != (mask | (size - 1)))
		return 0;
	return size;
}

static void read_io(struct pci_dev *dev, unsigned int i, uint32_t value)
{
	uint32_t mask = ~IO_BITS & (IO_SPACE - 1), addr = value & ~IO_BITS;

	dev->bar[i] =
		(struct pci_bar){addr, size_of(addr & mask, bits_kept(dev, i), mask), true, false};
}

static void read_memory(struct pci_dev *dev, unsigned int i, uint32_t value, bool wide)
{
	uint64_t addr = value & ~MEMORY_BITS;
	uint64_t kept = bits_kept(dev, i), mask = ~MEMORY_BITS;

	if (wide) {
		addr |= (uint64_t)pci_read32(dev, bar_reg(i + 1)) << 32;
		kept |= (uint64_t)bits_kept(dev, i + 1) << 32;
		mask |= ~0ull << 32;
	}
	dev->bar[i] =
		(struct pci_bar){addr, size_of(addr, kept, mask), false, value & BAR_PREFETCH};
}

static const char *malformed(const struct pci_dev *dev, unsigned int i, const char *what)
{
	ksnprintf(line, sizeof(line), "pci %s: BAR %u is 0x%08x, %s", dev->name, i,
		pci_read32(dev, bar_reg(i)), what);
	return line;
}

/* Nothing is mapped there unless it can be: it lies at its multiple, where this CPU has addresses. */
static const char *place(struct pci_dev *dev, unsigned int i)
{
	struct pci_bar *b = &dev->bar[i];
	uint64_t end = b->io ? IO_SPACE : 1ull << cpu_phys_bits();

	if (!b->size) {
		*b = (struct pci_bar){0};
		return NULL;
	}
	if (b->addr & (b->size - 1))
		return malformed(dev, i, "which is no multiple of its size");
	if (b->addr && (b->addr >= end || b->size > end - b->addr))
		return malformed(dev, i, "beyond what this CPU can address");
	return NULL;
}

/* Of one BAR; *i moves to the last register of it. */
static const char *read_bar(struct pci_dev *dev, unsigned int *i)
{
	unsigned int at = *i;
	uint32_t value = pci_read32(dev, bar_reg(at));
	bool wide = !(value & BAR_IO) && (value & BAR_TYPE) == BAR_WIDE;

	if (!(value & BAR_IO) && (value & BAR_TYPE) && !wide)
		return malformed(dev, at, "of a kind that there is not; expected 32 or 64 bits");
	if (wide && at + 1 == PCI_NR_BARS)
		return malformed(dev, at, "of 64 bits without a second half");
	if (value & BAR_IO)
		read_io(dev, at, value);
	else
		read_memory(dev, at, value, wide);
	*i += wide;
	return place(dev, at);
}

const char *pci_read_bars(struct pci_dev *dev)
{
	uint16_t on = pci_read16(dev, PCI_COMMAND) & (PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
	const char *error = NULL;

	pci_command(dev, 0, on);
	for (unsigned int i = 0; i < PCI_NR_BARS && !error; i++)
		error = read_bar(dev, &i);
	pci_command(dev, on, 0);
	return error;
}

void *pci_map(
	const struct pci_dev *dev, unsigned int bar, uint64_t offset, uint64_t len, bool cached)
{
	const struct pci_bar *b = dev->bar + bar;

	if (bar >= PCI_NR_BARS || b->io || !b->addr || !len)
		return NULL;
	if (offset > b->size || len > b->size - offset)
		return NULL;
	return cached ? kmap_device_memory(b->addr + offset, len) :
			kmap_io(b->addr + offset, len, false);
}
