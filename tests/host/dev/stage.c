/*
 * What drivers ask of the machine (see stage.h).
 */
#include "dev/stage.h"

#include "boot/paging.h"
#include "kernel/core/cpu/ioapic.h"
#include "kernel/core/cpu/lapic.h"
#include "kernel/core/sched/alarm.h"
#include "kernel/core/sched/tick.h"

struct dev_stage dev_stage;

void dev_stage_reset(void)
{
	irq_handler_fn keep[256]; /* pci_irq.c and alarm.c say theirs once */
	static bool alarms_begun;

	if (!alarms_begun)
		alarms_init();
	alarms_begun = true;
	memcpy(keep, dev_stage.handler, sizeof(keep));
	memset(&dev_stage, 0, sizeof(dev_stage));
	memcpy(dev_stage.handler, keep, sizeof(keep));
}

void interrupt(unsigned int vector)
{
	struct pt_regs regs = {.vector = vector};
	unsigned long flags = irq_save();

	this_cpu()->irq_depth++;
	dev_stage.handler[vector](&regs);
	this_cpu()->irq_depth--;
	irq_restore(flags);
}

static void *map(uint64_t pa, uint64_t len, bool memory)
{
	dev_stage.mapped = pa;
	dev_stage.mapped_bytes = len;
	dev_stage.mapped_as_memory = memory;
	return dev_stage.mapping ? dev_stage.mapping : (void *)pa;
}

void *kmap_io(uint64_t pa, uint64_t len, bool cached)
{
	(void)cached;
	return map(pa, len, false);
}

void *kmap_device_memory(uint64_t pa, uint64_t len)
{
	return map(pa, len, true);
}

void trap_set_irq(unsigned int vector, irq_handler_fn fn)
{
	dev_stage.handler[vector] = fn;
}

bool ioapic_route_isa(unsigned int irq, unsigned int vector, unsigned int apic_id)
{
	(void)vector;
	(void)apic_id;
	if (dev_stage.no_pins)
		return false;
	dev_stage.routed |= 1u << irq;
	dev_stage.masked &= ~(1u << irq);
	return true;
}

void ioapic_mask_isa(unsigned int irq)
{
	dev_stage.masked |= 1u << irq;
}

void lapic_eoi(void)
{
	dev_stage.eois++;
}

void lapic_send(unsigned int apic_id, unsigned int vector)
{
	(void)apic_id;
	assert_int_equal(vector, IRQ_ALARM);
	dev_stage.alarms_sent++;
}

void tick_set_timer(void)
{
	assert_int_equal(this_cpu_id(), 0);
	assert_false(irqs_enabled());
	dev_stage.timers_set++;
}

/* Nobody takes turns here. */
uint64_t tick_apart(uint64_t ns)
{
	return ns;
}
