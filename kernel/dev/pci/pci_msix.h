/*
 * Interrupts by message (MSI-X): a device writes a vector of its own where the local APIC reads it. Nothing
 * is shared and nothing is acknowledged at the device; its wire is silent meanwhile. Task context unless
 * stated.
 */
#ifndef DEV_PCI_MSIX_H
#define DEV_PCI_MSIX_H

#include "kernel/dev/pci/pci.h"

#define MSIX_VECTORS 32 /* of all devices together */

struct pci_msix {
	void (*fn)(struct pci_msix *irq); /* interrupt context, the first CPU */
	unsigned int vector;
};

/* Messages that the device can send; 0: it has no MSI-X. */
unsigned int pci_msix_count(const struct pci_dev *dev);
/*
 * From here on it sends messages instead of pulling its wire; each must be requested. NULL, or one line: its
 * table lies outside its BAR.
 */
const char *pci_msix_enable(struct pci_dev *dev);
/* Message `entry`, below pci_msix_count(), calls irq->fn(). False: all vectors are taken. */
bool pci_msix_request(const struct pci_dev *dev, unsigned int entry, struct pci_msix *irq);
/* It comes no more; its function has ended. */
void pci_msix_free(const struct pci_dev *dev, unsigned int entry, struct pci_msix *irq);
/* The wire again. */
void pci_msix_disable(struct pci_dev *dev);

#endif
