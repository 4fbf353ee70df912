/*
 * Structured events for the runner (see event.h).
 */
#include <stdarg.h>

#include "kernel/core/cpu/arch.h"
#include "kernel/core/log/event.h"
#include "kernel/core/log/printk.h"

#define DEBUGCON 0xe9

static bool present;
static bool in_line; /* this line has begun and not ended */

void event_init(void)
{
	present = inb(DEBUGCON) == DEBUGCON;
}

void event(const char *fmt, ...)
{
	static char buf[3072];
	unsigned long flags;
	va_list ap;

	if (!present)
		return;
	flags = output_lock();
	va_start(ap, fmt);
	kvsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	/* Whoever sends that line was stopped in it for good: it must not swallow this one. */
	if (READ_ONCE(in_line))
		outb(DEBUGCON, '\n');
	WRITE_ONCE(in_line, true);
	for (const char *s = buf; *s; s++)
		outb(DEBUGCON, (uint8_t)*s);
	outb(DEBUGCON, '\n');
	WRITE_ONCE(in_line, false);
	output_unlock(flags);
}
