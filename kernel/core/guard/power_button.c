/*
 * The power button (see power_button.h): a bit of ACPI's fixed events, and the interrupt for them.
 */
#include "kernel/core/cpu/acpi.h"
#include "kernel/core/cpu/cpu.h"
#include "kernel/core/cpu/ioapic.h"
#include "kernel/core/cpu/lapic.h"
#include "kernel/core/guard/power_button.h"
#include "kernel/core/log/printk.h"

#define BUTTON 0x100

/* Ports: the status, in which a written 1 clears; and above it what may interrupt. */
static uint16_t status_port(void)
{
	return acpi_info.pm1a_event;
}

static uint16_t enable_port(void)
{
	return acpi_info.pm1a_event + 2;
}

static void pressed(struct pt_regs *regs)
{
	(void)regs;
	if (inw(status_port()) & BUTTON) {
		outw(status_port(), BUTTON);
		pr_warn("ACPI: power button pressed: the run goes on; end the emulator to end it");
	}
	lapic_eoi();
}

void power_button_start(void)
{
	if (!acpi_info.pm1a_event)
		return;
	trap_set_irq(IRQ_ACPI, pressed);
	if (!ioapic_route_isa(acpi_info.sci_irq, IRQ_ACPI, cpus[0].apic_id))
		return;
	outw(status_port(), BUTTON);
	outw(enable_port(), BUTTON);
}
