/*
 * MSI-X (see pci_msix.h): a table in the device's memory, 16 bytes a message.
 */
#include "kernel/core/cpu/arch.h"
#include "kernel/core/cpu/lapic.h"
#include "kernel/core/lock/lock.h"
#include "kernel/core/log/printk.h"
#include "kernel/dev/pci/pci_msix.h"

#define CONTROL       0x02
#define TABLE         0x04
#define CONTROL_ON    0x8000u
#define CONTROL_SIZE  0x07ffu
#define TABLE_BAR     0x7u
#define ENTRY_BYTES   16
#define ENTRY_ADDRESS 0
#define ENTRY_DATA    8
#define ENTRY_CONTROL 12
#define ENTRY_MASKED  0x1u
#define MESSAGE_PLACE 0xfee00000u /* of the local APICs, by APIC id */

static struct {
	struct spinlock lock; /* the vectors; taken by the handler */
	struct pci_msix *irq[MSIX_VECTORS];
	bool started;
} msix;

static unsigned int capability(const struct pci_dev *dev)
{
	return pci_find_cap(dev, PCI_CAP_MSIX, 0);
}

unsigned int pci_msix_count(const struct pci_dev *dev)
{
	unsigned int at = capability(dev);

	return at ? (pci_read16(dev, at + CONTROL) & CONTROL_SIZE) + 1 : 0;
}

static void set_entry(const struct pci_dev *dev, unsigned int entry, unsigned int vector, bool on)
{
	volatile char *at = (volatile char *)dev->msix_table + entry * ENTRY_BYTES;

	mmio_write32(at + ENTRY_CONTROL, ENTRY_MASKED);
	mmio_write32(at + ENTRY_ADDRESS, MESSAGE_PLACE | cpus[0].apic_id << 12);
	mmio_write32(at + ENTRY_ADDRESS + 4, 0);
	mmio_write32(at + ENTRY_DATA, vector);
	if (on)
		mmio_write32(at + ENTRY_CONTROL, 0);
}

const char *pci_msix_enable(struct pci_dev *dev)
{
	static char line[128];
	unsigned int at = capability(dev), n = pci_msix_count(dev);
	uint32_t table = pci_read32(dev, at + TABLE);

	dev->msix_table =
		pci_map(dev, table & TABLE_BAR, table & ~TABLE_BAR, n * ENTRY_BYTES, false);
	if (!dev->msix_table) {
		ksnprintf(line, sizeof(line),
			"pci %s: its MSI-X table is at 0x%x of BAR %u; expected %u bytes there",
			dev->name, table & ~TABLE_BAR, table & TABLE_BAR, n * ENTRY_BYTES);
		return line;
	}
	for (unsigned int i = 0; i < n; i++)
		set_entry(dev, i, 0, false);
	pci_write16(dev, at + CONTROL, pci_read16(dev, at + CONTROL) | CONTROL_ON);
	return NULL;
}

void pci_msix_disable(struct pci_dev *dev)
{
	unsigned int at = capability(dev);

	pci_write16(dev, at + CONTROL, pci_read16(dev, at + CONTROL) & ~CONTROL_ON);
	dev->msix_table = NULL;
}

static void message(struct pt_regs *regs)
{
	unsigned int i = regs->vector - IRQ_MSIX;

	spin_lock(&msix.lock);
	if (msix.irq[i])
		msix.irq[i]->fn(msix.irq[i]);
	spin_unlock(&msix.lock);
	lapic_eoi();
}

static void start_vectors(void)
{
	if (msix.started)
		return;
	spin_lock_init(&msix.lock, "pci_msix");
	for (unsigned int i = 0; i < MSIX_VECTORS; i++)
		trap_set_irq(IRQ_MSIX + i, message);
	msix.started = true;
}

/* The first free one is `irq`'s. */
static bool take_vector(struct pci_msix *irq)
{
	unsigned long flags = spin_lock_irqsave(&msix.lock);
	unsigned int i = 0;

	while (i < MSIX_VECTORS && msix.irq[i])
		i++;
	if (i < MSIX_VECTORS) {
		msix.irq[i] = irq;
		irq->vector = IRQ_MSIX + i;
	}
	spin_unlock_irqrestore(&msix.lock, flags);
	return i < MSIX_VECTORS;
}

bool pci_msix_request(const struct pci_dev *dev, unsigned int entry, struct pci_msix *irq)
{
	start_vectors();
	if (!take_vector(irq))
		return false;
	set_entry(dev, entry, irq->vector, true);
	return true;
}

void pci_msix_free(const struct pci_dev *dev, unsigned int entry, struct pci_msix *irq)
{
	unsigned long flags;

	set_entry(dev, entry, 0, false);
	flags = spin_lock_irqsave(&msix.lock);
	msix.irq[irq->vector - IRQ_MSIX] = NULL;
	spin_unlock_irqrestore(&msix.lock, flags);
}
