/*
 * The room kernel/dev/pci: bus 0 of the PC (§35.1, §35.2).
 *
 * In reading order: pci_config.h (how configuration space is read), pci.h (this: devices and their
 * drivers), pci_bar.c (where a device's registers are), pci_cap.c (its capabilities), pci_irq.h (INTx),
 * pci_msix.h.
 *
 * No locks: devices come at boot and stay. Boot context unless stated.
 */

/*
 * Devices. A function of bus 0 that no driver wants is left in peace: nothing of it is written, and no
 * memory is taken for it. Malformed registers are one line that names the device, and it stays unused.
 */
#ifndef DEV_PCI_H
#define DEV_PCI_H

#include "kernel/core/list.h"
#include "kernel/dev/pci/pci_config.h"

#define PCI_NR_BARS 6

struct pci_bar {
	uint64_t addr; /* port or physical address; 0 and size 0: there is none */
	uint64_t size; /* bytes, a power of two */
	bool io;
	bool prefetch;
};

struct pci_driver;

struct pci_dev {
	const struct pci_bus *bus;
	unsigned int slot, fn;
	uint16_t vendor, device;
	uint16_t subsys_vendor, subsys;
	uint32_t class; /* base class, sub-class, interface: 24 bits */
	uint8_t revision;
	uint8_t header; /* its type; 0: a device's */
	uint8_t irq;    /* ISA interrupt of INTx, as the firmware routed it */
	uint8_t pin;    /* 1: INTA; 0: has none */
	struct pci_bar bar[PCI_NR_BARS];
	char name[16];             /* "0000:00:02.0" */
	volatile void *msix_table; /* while MSI-X is on (pci_msix.c) */
	const struct pci_driver *driver;
	void *data; /* the driver's */
	struct list_head node;
};

struct pci_id {
	uint16_t vendor, device;
};

struct pci_driver {
	const char *name;
	const struct pci_id *ids; /* up to one of vendor 0 */
	/*
	 * Decoders and bus mastering are on. NULL, or one line that says what is wrong: the device stays
	 * unused, its command register is as it was.
	 */
	const char *(*probe)(struct pci_dev *dev);
	/* The scenario has ended: be silent, and give back what was taken. Task context. */
	void (*remove)(struct pci_dev *dev);
};

/* Every function of the bus, in order, its registers read; *dev lives until fn() returns. */
void pci_for_each(const struct pci_bus *bus, void (*fn)(struct pci_dev *dev, void *arg), void *arg);

/*
 * Give each function that one of the drivers names to the first that does. A device that cannot be used
 * is said in a line; how many there were. Task context.
 */
unsigned int pci_probe(
	const struct pci_bus *bus, const struct pci_driver *const *drivers, unsigned int nr);
/* The other way round, last first. */
void pci_remove_all(void);
/* The device at the same place that pci_probe() gave to a driver, or NULL. */
const struct pci_dev *pci_in_use(const struct pci_dev *dev);

/* How large each BAR is and where. NULL, or one line. The decoders are off meanwhile. */
const char *pci_read_bars(struct pci_dev *dev);

/* Map `len` bytes of a memory BAR from `offset`. NULL when they do not lie in it. */
void *pci_map(
	const struct pci_dev *dev, unsigned int bar, uint64_t offset, uint64_t len, bool cached);

/*
 * Where the next capability `id` stands behind `from` (0: the first); 0: there is none. Of a list that
 * pci_check_caps() found well-formed, as every driver's device is; a capability may still be cut short by
 * the end of configuration space.
 */
unsigned int pci_find_cap(const struct pci_dev *dev, unsigned int id, unsigned int from);
/* NULL, or one line: a list that leaves configuration space, or goes in a circle. */
const char *pci_check_caps(const struct pci_dev *dev);

#endif
