/*
 * A device's capabilities: a list in its configuration space (see pci.h). Each step leads further on, to
 * where a capability can stand, or the list is malformed.
 */
#include "kernel/core/log/printk.h"
#include "kernel/dev/pci/pci.h"

#define FIRST_PLACE 0x40
#define END         0x100
#define MOST        ((END - FIRST_PLACE) / 4) /* capabilities: with more it goes in a circle */

static unsigned int first_cap(const struct pci_dev *dev)
{
	if (!(pci_read16(dev, PCI_STATUS) & PCI_STATUS_CAP_LIST))
		return 0;
	return pci_read8(dev, PCI_CAPABILITIES) & ~3u;
}

static unsigned int next_cap(const struct pci_dev *dev, unsigned int at)
{
	return pci_read8(dev, at + 1) & ~3u;
}

unsigned int pci_find_cap(const struct pci_dev *dev, unsigned int id, unsigned int from)
{
	unsigned int at = from ? next_cap(dev, from) : first_cap(dev);

	for (unsigned int i = 0; i < MOST && at >= FIRST_PLACE; i++) {
		if (pci_read8(dev, at) == id)
			return at;
		at = next_cap(dev, at);
	}
	return 0;
}

const char *pci_check_caps(const struct pci_dev *dev)
{
	static char line[128];
	unsigned int at = first_cap(dev);

	for (unsigned int i = 0; at; i++) {
		if (at < FIRST_PLACE || i == MOST) {
			ksnprintf(line, sizeof(line), "pci %s: its capability list %s 0x%02x",
				dev->name,
				i == MOST ? "goes in a circle, by" : "has one in the header, at",
				at);
			return line;
		}
		at = next_cap(dev, at);
	}
	return NULL;
}
