/*
 * COM1, a 16550 at 115200 8N1. Sending is by polling: usable in any context, before anything else
 * is up. A missing or stuck port is not reported: there is nowhere to. Its output is lost, no time
 * is.
 */
#ifndef CORE_SERIAL_H
#define CORE_SERIAL_H

#include "kernel/core/types.h"

void serial_init(void);
/* "\n" is sent as "\r\n" by the caller if it wants that; nothing is translated here. */
void serial_putc(char c);

/*
 * From here on fn gets each character received, in an interrupt of the boot CPU. False: the I/O
 * APIC has no pin for COM1's interrupt, and nothing is received. Boot, interrupts off.
 */
bool serial_receive(void (*fn)(char c));

#endif
