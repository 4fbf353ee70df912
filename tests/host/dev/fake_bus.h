/*
 * A bus of a test's own: functions whose configuration spaces behave. A bit is writable or not; what is
 * written to the others has no effect. Every write is counted, and so is one to a BAR while the function
 * answers at its addresses.
 */
#ifndef HOST_FAKE_BUS_H
#define HOST_FAKE_BUS_H

#include "twin.h"

#include "kernel/dev/pci/pci.h"

#define FAKE_WORDS (PCI_CONFIG_BYTES / 4)

struct fake_fn {
	bool present;
	uint32_t word[FAKE_WORDS], writable[FAKE_WORDS];
	bool sloppy; /* a BAR holds any address, and gives its size all the same */
	unsigned int writes, bars_written_while_on;
};

struct fake_bus {
	struct pci_bus bus; /* first */
	struct fake_fn fn[PCI_SLOTS][PCI_FUNCTIONS];
	unsigned long reads;
};

/* Without functions. */
void fake_bus_init(struct fake_bus *b);
/* A device with nothing but its ids, and a command register of which all bits can be written. */
struct fake_fn *fake_add(
	struct fake_bus *b, unsigned int slot, unsigned int fn, uint16_t vendor, uint16_t device);
void fake_set8(struct fake_fn *f, unsigned int reg, uint8_t v);
/* A BAR of this size at this place; `flags`: its lowest bits. Of 64 bits: two registers. */
void fake_bar(struct fake_fn *f, unsigned int i, uint64_t size, uint64_t addr, uint32_t flags);
/* One capability more in front of the list. */
void fake_cap(struct fake_fn *f, unsigned int at, uint8_t id);

/* The function, as pci_for_each() would find it; NULL: it does not. */
struct pci_dev *fake_found(struct fake_bus *b, unsigned int slot, unsigned int fn);

#endif
