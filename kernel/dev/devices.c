/*
 * The devices of a run (see devices.h).
 */
#include "kernel/core/log/printk.h"
#include "kernel/dev/block/plug.h"
#include "kernel/dev/card.h"
#include "kernel/dev/devices.h"
#include "kernel/dev/swap_disk.h"
#include "kernel/dev/virtio/virtio_balloon.h"
#include "kernel/dev/virtio/virtio_blk.h"

static const struct pci_driver *const drivers[] = {
	&virtio_blk_driver, &card_driver, &virtio_balloon_driver};

void devices_start(void)
{
	plugs_init(&system_memory);
	pci_probe(&pci_ports, drivers, ARRAY_SIZE(drivers));
	swap_start();
	balloon_start();
}

void devices_stop(void)
{
	swap_stop();
	pci_remove_all();
}

static void show_bars(const struct pci_dev *dev)
{
	for (unsigned int i = 0; i < PCI_NR_BARS; i++) {
		const struct pci_bar *b = &dev->bar[i];

		if (b->size)
			pr_info("pci %s: reg 0x%02x: [%s 0x%08lx-0x%08lx%s]", dev->name,
				PCI_BAR0 + 4 * i, b->io ? "io " : "mem", (unsigned long)b->addr,
				(unsigned long)(b->addr + b->size - 1), b->prefetch ? " pref" : "");
	}
}

/* How large its registers are is known of a device in use alone: to ask is to write. */
static void show(struct pci_dev *dev, void *unused)
{
	const struct pci_dev *used = pci_in_use(dev);

	(void)unused;
	pr_info("pci %s: [%04x:%04x] type %02x class 0x%06x", dev->name, dev->vendor, dev->device,
		dev->header, dev->class);
	if (used)
		show_bars(used);
}

void devices_show(void)
{
	pci_for_each(&pci_ports, show, NULL);
}
