/*
 * COM1: sending by polling, receiving by interrupt. A missing or stuck port must not hang the
 * machine: the wait is bounded, and so is what one interrupt takes.
 */
#include "kernel/core/log/serial.h"
#include "kernel/core/cpu/arch.h"
#include "kernel/core/cpu/cpu.h"
#include "kernel/core/cpu/ioapic.h"
#include "kernel/core/cpu/lapic.h"
#include "kernel/core/cpu/trap.h"

#define COM1     0x3f8
#define ISA_COM1 4

#define DATA        (COM1 + 0)
#define INTERRUPTS  (COM1 + 1)
#define FIFO        (COM1 + 2)
#define LINE        (COM1 + 3)
#define MODEM       (COM1 + 4)
#define LINE_STATUS (COM1 + 5)

#define INTERRUPT_RECEIVED 0x01
#define MODEM_DTR_RTS      0x03
#define MODEM_OUT2         0x08 /* on a PC the gate between the UART and its interrupt line */
#define LSR_RECEIVED       0x01
#define LSR_BAD            0x1c /* parity or framing error, or a break */
#define LSR_THR_EMPTY      0x20

#define FIFO_SIZE  16
#define WAIT_LIMIT 100000

static void (*take)(char c);

void serial_init(void)
{
	outb(INTERRUPTS, 0x00); /* none */
	outb(LINE, 0x80);       /* divisor latch */
	outb(DATA, 0x01);       /* 115200 */
	outb(INTERRUPTS, 0x00);
	outb(LINE, 0x03); /* 8N1 */
	outb(FIFO, 0x07); /* on and empty; one character received is enough for an interrupt */
	outb(MODEM, MODEM_DTR_RTS);
}

void serial_putc(char c)
{
	for (int i = 0; i < WAIT_LIMIT && !(inb(LINE_STATUS) & LSR_THR_EMPTY); i++)
		cpu_relax();
	outb(DATA, (uint8_t)c);
}

static void received(struct pt_regs *regs)
{
	(void)regs;
	for (int i = 0; i < FIFO_SIZE; i++) {
		uint8_t status = inb(LINE_STATUS), c;

		if (!(status & LSR_RECEIVED))
			break;
		c = inb(DATA);
		if (!(status & LSR_BAD))
			take((char)c);
	}
	/* The line is edge-triggered: a new edge if there is more, after whoever waits meanwhile. */
	outb(INTERRUPTS, 0x00);
	outb(INTERRUPTS, INTERRUPT_RECEIVED);
	lapic_eoi();
}

bool serial_receive(void (*fn)(char c))
{
	take = fn;
	trap_set_irq(IRQ_SERIAL, received);
	if (!ioapic_route_isa(ISA_COM1, IRQ_SERIAL, cpus[0].apic_id))
		return false;
	outb(MODEM, MODEM_DTR_RTS | MODEM_OUT2);
	outb(INTERRUPTS, INTERRUPT_RECEIVED);
	return true;
}
