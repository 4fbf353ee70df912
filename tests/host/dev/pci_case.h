/*
 * What tests of kernel/dev/pci share: a bus of their own, and a machine without devices.
 */
#ifndef HOST_PCI_CASE_H
#define HOST_PCI_CASE_H

#include "dev/stage.h"

#include "dev/fake_bus.h"
#include "host_machine.h"

#define VENDOR    0x1af4
#define IO        PCI_COMMAND_IO
#define MEMORY    PCI_COMMAND_MEMORY
#define MASTER    PCI_COMMAND_MASTER
#define MEMORY_64 4u
#define PREFETCH  8u

static struct fake_bus bus;

static inline int setup(void **state)
{
	int err = twin_setup(state);

	dev_stage_reset();
	fake_bus_init(&bus);
	return err;
}

static inline uint16_t command(const struct fake_fn *f)
{
	return f->word[PCI_COMMAND / 4];
}

static inline void three_caps(struct fake_fn *f)
{
	fake_cap(f, 0x40, PCI_CAP_VENDOR);
	fake_cap(f, 0xfc, PCI_CAP_MSIX);
	fake_cap(f, 0x84, PCI_CAP_VENDOR);
	fake_set8(f, PCI_CAPABILITIES, 0x86); /* the lowest two bits are no address */
}

static inline void circle(struct fake_fn *f)
{
	three_caps(f);
	fake_set8(f, 0x41, 0xfc);
}

#endif
