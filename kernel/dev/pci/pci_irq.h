/*
 * Interrupts by wire (INTx, §35.2): lines are level-triggered and shared, so every handler of a line asks
 * its own device.
 */
#ifndef DEV_PCI_IRQ_H
#define DEV_PCI_IRQ_H

#include "kernel/dev/pci/pci.h"

struct pci_irq {
	bool (*fn)(struct pci_irq *irq); /* was it my device? Interrupt context */
	struct list_head node;
};

/* NULL, or one line: a device without a pin, or whose line leads nowhere. CPU 0 takes it. Task context. */
const char *pci_irq_request(const struct pci_dev *dev, struct pci_irq *irq);
/* Afterwards its function runs no more. Task context. */
void pci_irq_free(const struct pci_dev *dev, struct pci_irq *irq);

#endif
