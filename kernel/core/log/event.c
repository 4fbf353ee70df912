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

bool event_is_heard(void)
{
	return present;
}

/* Whoever sent that line was stopped in it for good: it must not swallow this one. output_lock() held. */
static inline void begin_line(void)
{
	if (READ_ONCE(in_line))
		outb(DEBUGCON, '\n');
	WRITE_ONCE(in_line, true);
}

static inline void end_line(void)
{
	outb(DEBUGCON, '\n');
	WRITE_ONCE(in_line, false);
}

void event_line(const char *text, size_t len)
{
	unsigned long flags;

	if (!present)
		return;
	flags = output_lock();
	begin_line();
	outsb(DEBUGCON, text, len);
	end_line();
	output_unlock(flags);
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
	begin_line();
	for (const char *s = buf; *s; s++)
		outb(DEBUGCON, (uint8_t)*s);
	end_line();
	output_unlock(flags);
}
