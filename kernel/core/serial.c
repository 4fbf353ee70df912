/*
 * COM1 by polling. A missing or stuck port must not hang the machine: the wait is bounded.
 */
#include "kernel/core/serial.h"
#include "kernel/core/arch.h"

#define COM1          0x3f8
#define LSR_THR_EMPTY 0x20
#define WAIT_LIMIT    100000

void serial_init(void)
{
	outb(COM1 + 1, 0x00); /* no interrupts */
	outb(COM1 + 3, 0x80); /* divisor latch */
	outb(COM1 + 0, 0x01); /* 115200 */
	outb(COM1 + 1, 0x00);
	outb(COM1 + 3, 0x03); /* 8N1 */
	outb(COM1 + 2, 0xc7); /* FIFOs on and empty */
	outb(COM1 + 4, 0x03); /* DTR, RTS */
}

void serial_putc(char c)
{
	for (int i = 0; i < WAIT_LIMIT && !(inb(COM1 + 5) & LSR_THR_EMPTY); i++)
		cpu_relax();
	outb(COM1, (uint8_t)c);
}
