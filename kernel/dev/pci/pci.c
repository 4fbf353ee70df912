/*
 * The bus and its devices (see pci.h).
 */
#include <string.h>

#include "kernel/core/log/printk.h"
#include "kernel/dev/pci/pci.h"
#include "mm/slab/kmalloc.h"

#define NOBODY      0xffff
#define HEADER_TYPE 0x7fu

static struct list_head devices = LIST_HEAD_INIT(devices);

/* By hand, for formatting would be a third of what looking at a function costs. */
static void set_name(struct pci_dev *dev)
{
	static const char hex[] = "0123456789abcdef";

	memcpy(dev->name, "0000:00:__._", sizeof("0000:00:__._"));
	dev->name[8] = hex[dev->slot >> 4];
	dev->name[9] = hex[dev->slot & 15];
	dev->name[11] = hex[dev->fn];
}

/* What a driver needs to know besides which device it is. */
static void identify(struct pci_dev *dev)
{
	uint32_t class = pci_read32(dev, 8);
	uint32_t subsys = pci_read32(dev, 0x2c);

	dev->class = class >> 8;
	dev->revision = class;
	dev->header = pci_read8(dev, PCI_HEADER_TYPE) & HEADER_TYPE;
	dev->subsys_vendor = subsys;
	dev->subsys = subsys >> 16;
	dev->irq = pci_read8(dev, PCI_IRQ_LINE);
	dev->pin = pci_read8(dev, PCI_IRQ_PIN);
	set_name(dev);
}

static unsigned int functions_in(const struct pci_bus *bus, unsigned int slot)
{
	uint32_t word = bus->read(bus, slot, 0, PCI_HEADER_TYPE & ~3u);

	return word >> 8 * (PCI_HEADER_TYPE & 3) & PCI_HEADER_MULTI ? PCI_FUNCTIONS : 1;
}

/* With what `knows` does not know nobody is troubled; NULL: with everything. */
typedef const struct pci_driver *(*knows_fn)(void *arg, uint32_t id);

static void look_at(const struct pci_bus *bus, unsigned int slot, unsigned int f, uint32_t id,
	const struct pci_driver *driver, void (*fn)(struct pci_dev *dev, void *arg), void *arg)
{
	struct pci_dev dev = {.bus = bus,
		.slot = slot,
		.fn = f,
		.vendor = id,
		.device = id >> 16,
		.driver = driver};

	identify(&dev);
	fn(&dev, arg);
}

static void each_in_slot(const struct pci_bus *bus, unsigned int slot, knows_fn knows,
	void (*fn)(struct pci_dev *dev, void *arg), void *arg)
{
	unsigned int functions = 1;

	for (unsigned int f = 0; f < functions; f++) {
		uint32_t id = bus->read(bus, slot, f, 0);
		const struct pci_driver *driver;

		if ((uint16_t)id == NOBODY)
			continue;
		if (f == 0)
			functions = functions_in(bus, slot);
		driver = knows ? knows(arg, id) : NULL;
		if (driver || !knows)
			look_at(bus, slot, f, id, driver, fn, arg);
	}
}

static void each(const struct pci_bus *bus, knows_fn knows,
	void (*fn)(struct pci_dev *dev, void *arg), void *arg)
{
	for (unsigned int slot = 0; slot < PCI_SLOTS; slot++)
		each_in_slot(bus, slot, knows, fn, arg);
}

void pci_for_each(const struct pci_bus *bus, void (*fn)(struct pci_dev *dev, void *arg), void *arg)
{
	each(bus, NULL, fn, arg);
}

struct search {
	const struct pci_driver *const *drivers;
	unsigned int nr, found;
};

static bool is_for(const struct pci_driver *driver, uint32_t id)
{
	for (const struct pci_id *of = driver->ids; of->vendor; of++)
		if (of->vendor == (uint16_t)id && of->device == id >> 16)
			return true;
	return false;
}

static const struct pci_driver *driver_of(void *arg, uint32_t id)
{
	const struct search *s = arg;

	for (unsigned int i = 0; i < s->nr; i++)
		if (is_for(s->drivers[i], id))
			return s->drivers[i];
	return NULL;
}

/* Another header than a device's has no BARs where ours are. */
static const char *inspect(struct pci_dev *dev)
{
	static char line[96];
	const char *error;

	if (dev->header) {
		ksnprintf(line, sizeof(line), "pci %s: header type 0x%02x; expected 0x00",
			dev->name, dev->header);
		return line;
	}
	error = pci_check_caps(dev);
	return error ? error : pci_read_bars(dev);
}

static const char *start(struct pci_dev *dev)
{
	const uint16_t on = PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
	const char *error = inspect(dev);
	uint16_t was;

	if (error)
		return error;
	was = pci_read16(dev, PCI_COMMAND);
	pci_command(dev, on, 0);
	error = dev->driver->probe(dev);
	if (error)
		pci_command(dev, 0, on & ~was);
	return error;
}

static void probe_one(struct pci_dev *found, void *arg)
{
	struct search *s = arg;
	const char *error;
	struct pci_dev *dev;

	dev = kmalloc(&system_memory, sizeof(*dev), GFP_KERNEL);
	if (!dev) {
		pr_err("pci %s: no memory for it", found->name);
		return;
	}
	*dev = *found;
	error = start(dev);
	if (error) {
		pr_err("%s", error);
		kfree(&system_memory, dev);
		return;
	}
	list_add_tail(&dev->node, &devices);
	s->found++;
}

unsigned int pci_probe(
	const struct pci_bus *bus, const struct pci_driver *const *drivers, unsigned int nr)
{
	struct search s = {drivers, nr, 0};

	each(bus, driver_of, probe_one, &s);
	return s.found;
}

void pci_remove_all(void)
{
	while (!list_empty(&devices)) {
		struct pci_dev *dev = list_entry(devices.prev, struct pci_dev, node);

		list_del(&dev->node);
		dev->driver->remove(dev);
		kfree(&system_memory, dev);
	}
}

const struct pci_dev *pci_in_use(const struct pci_dev *dev)
{
	const struct pci_dev *d;

	list_for_each_entry(d, &devices, node)
		if (d->bus == dev->bus && d->slot == dev->slot && d->fn == dev->fn)
			return d;
	return NULL;
}
