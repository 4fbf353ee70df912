/*
 * Interrupts by wire (see pci_irq.h). A line is an ISA interrupt, which has a vector of its own.
 */
#include "kernel/core/cpu/ioapic.h"
#include "kernel/core/cpu/lapic.h"
#include "kernel/core/lock/lock.h"
#include "kernel/core/log/printk.h"
#include "kernel/dev/pci/pci_irq.h"

#define PATIENCE 1000u

static struct {
	struct spinlock lock; /* the lists; taken by handlers */
	struct list_head handlers[ISA_IRQS];
	unsigned int unserved[ISA_IRQS]; /* in a row */
	bool started;
} lines;

static void start_lines(void)
{
	if (lines.started)
		return;
	spin_lock_init(&lines.lock, "pci_irq");
	for (unsigned int i = 0; i < ISA_IRQS; i++)
		list_init(&lines.handlers[i]);
	lines.started = true;
}

static bool ask_devices(unsigned int irq)
{
	struct pci_irq *handler;
	bool served = false;

	list_for_each_entry(handler, &lines.handlers[irq], node)
		served = handler->fn(handler) || served;
	return served;
}

/* A level that nobody takes away comes again for ever. */
static void nobody_cared(unsigned int irq)
{
	ioapic_mask_isa(irq);
	pr_err("irq %u: nobody cared %u times in a row; it is off from here on", irq, PATIENCE);
}

static void line_interrupt(struct pt_regs *regs)
{
	unsigned int irq = regs->vector - IRQ_PCI;

	spin_lock(&lines.lock);
	if (ask_devices(irq))
		lines.unserved[irq] = 0;
	else if (++lines.unserved[irq] == PATIENCE)
		nobody_cared(irq);
	spin_unlock(&lines.lock);
	lapic_eoi();
}

/* True: nobody listens to this line any more. */
static bool remove_handler(unsigned int irq, struct pci_irq *handler)
{
	unsigned long flags = spin_lock_irqsave(&lines.lock);
	bool last;

	list_del(&handler->node);
	last = list_empty(&lines.handlers[irq]);
	spin_unlock_irqrestore(&lines.lock, flags);
	return last;
}

const char *pci_irq_request(const struct pci_dev *dev, struct pci_irq *irq)
{
	static char text[96];
	unsigned long flags;

	start_lines();
	if (!dev->pin || !dev->irq || dev->irq >= ISA_IRQS) {
		ksnprintf(text, sizeof(text),
			"pci %s: interrupt line %u, pin %u; expected a line from 1 to %u and a pin",
			dev->name, dev->irq, dev->pin, ISA_IRQS - 1);
		return text;
	}
	flags = spin_lock_irqsave(&lines.lock);
	list_add_tail(&irq->node, &lines.handlers[dev->irq]);
	spin_unlock_irqrestore(&lines.lock, flags);
	trap_set_irq(IRQ_PCI + dev->irq, line_interrupt);
	if (ioapic_route_isa(dev->irq, IRQ_PCI + dev->irq, cpus[0].apic_id))
		return NULL;
	remove_handler(dev->irq, irq);
	ksnprintf(text, sizeof(text), "pci %s: interrupt %u has no pin at the I/O APIC", dev->name,
		dev->irq);
	return text;
}

void pci_irq_free(const struct pci_dev *dev, struct pci_irq *irq)
{
	if (remove_handler(dev->irq, irq))
		ioapic_mask_isa(dev->irq);
}
