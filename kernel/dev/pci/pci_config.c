/*
 * Configuration space: by the machine's ports, and in parts of words (see pci_config.h).
 */
#include "kernel/core/cpu/arch.h"
#include "kernel/dev/pci/pci.h"

#define ADDRESS_PORT 0xcf8
#define DATA_PORT    0xcfc
#define ENABLE       0x80000000u

static void choose(unsigned int slot, unsigned int fn, unsigned int reg)
{
	outl(ADDRESS_PORT, ENABLE | slot << 11 | fn << 8 | (reg & 0xfc));
}

static uint32_t read_ports(
	const struct pci_bus *bus, unsigned int slot, unsigned int fn, unsigned int reg)
{
	(void)bus;
	choose(slot, fn, reg);
	return inl(DATA_PORT);
}

static void write_ports(
	const struct pci_bus *bus, unsigned int slot, unsigned int fn, unsigned int reg, uint32_t v)
{
	(void)bus;
	choose(slot, fn, reg);
	outl(DATA_PORT, v);
}

const struct pci_bus pci_ports = {read_ports, write_ports};

uint32_t pci_read32(const struct pci_dev *dev, unsigned int reg)
{
	return reg < PCI_CONFIG_BYTES ? dev->bus->read(dev->bus, dev->slot, dev->fn, reg) : ~0u;
}

uint16_t pci_read16(const struct pci_dev *dev, unsigned int reg)
{
	return pci_read32(dev, reg & ~3u) >> 8 * (reg & 2);
}

uint8_t pci_read8(const struct pci_dev *dev, unsigned int reg)
{
	return pci_read32(dev, reg & ~3u) >> 8 * (reg & 3);
}

void pci_write32(const struct pci_dev *dev, unsigned int reg, uint32_t v)
{
	if (reg < PCI_CONFIG_BYTES)
		dev->bus->write(dev->bus, dev->slot, dev->fn, reg, v);
}

void pci_write16(const struct pci_dev *dev, unsigned int reg, uint16_t v)
{
	unsigned int shift = 8 * (reg & 2);
	uint32_t word = pci_read32(dev, reg & ~3u) & ~(0xffffu << shift);

	pci_write32(dev, reg & ~3u, word | (uint32_t)v << shift);
}

/* The status beside it is cleared where a 1 is written: zeros there change nothing. */
void pci_command(const struct pci_dev *dev, uint16_t set, uint16_t clear)
{
	uint16_t now = pci_read16(dev, PCI_COMMAND);

	pci_write32(dev, PCI_COMMAND, (now & ~clear) | set);
}
