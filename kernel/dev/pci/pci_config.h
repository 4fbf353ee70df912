/*
 * PCI configuration space, by an object: the machine's ports (mechanism 1, §35.1), or a test's bus.
 * Registers are byte offsets, below 256; behind that there is nothing: ones are read, nothing is written.
 */
#ifndef DEV_PCI_CONFIG_H
#define DEV_PCI_CONFIG_H

#include "kernel/core/types.h"

#define PCI_SLOTS     32
#define PCI_FUNCTIONS 8

#define PCI_CONFIG_BYTES 256u

#define PCI_COMMAND      0x04
#define PCI_STATUS       0x06
#define PCI_HEADER_TYPE  0x0e
#define PCI_BAR0         0x10
#define PCI_CAPABILITIES 0x34
#define PCI_IRQ_LINE     0x3c
#define PCI_IRQ_PIN      0x3d

#define PCI_COMMAND_IO       0x001
#define PCI_COMMAND_MEMORY   0x002
#define PCI_COMMAND_MASTER   0x004
#define PCI_COMMAND_INTX_OFF 0x400
#define PCI_STATUS_CAP_LIST  0x010
#define PCI_HEADER_MULTI     0x80

#define PCI_CAP_VENDOR 0x09
#define PCI_CAP_MSIX   0x11

/* Whole words: `reg` is a multiple of 4. Any context, one CPU at a time. */
struct pci_bus {
	uint32_t (*read)(
		const struct pci_bus *bus, unsigned int slot, unsigned int fn, unsigned int reg);
	void (*write)(const struct pci_bus *bus, unsigned int slot, unsigned int fn,
		unsigned int reg, uint32_t v);
};

extern const struct pci_bus pci_ports;

struct pci_dev;

/* Parts of words, at their multiples. */
uint8_t pci_read8(const struct pci_dev *dev, unsigned int reg);
uint16_t pci_read16(const struct pci_dev *dev, unsigned int reg);
uint32_t pci_read32(const struct pci_dev *dev, unsigned int reg);
void pci_write16(const struct pci_dev *dev, unsigned int reg, uint16_t v);
void pci_write32(const struct pci_dev *dev, unsigned int reg, uint32_t v);

/* Set or clear bits of the command register. */
void pci_command(const struct pci_dev *dev, uint16_t set, uint16_t clear);

#endif
