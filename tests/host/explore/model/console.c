/*
 * What the subject prints, and how it ends (see model.h). Nothing is formatted unless a replay wants
 * to show it.
 */
#include <stdio.h>

#include "../explore.h"
#include "model.h"

#include "kernel/core/log/event.h"
#include "kernel/core/log/ksyms.h"
#include "kernel/core/log/printk.h"
#include "kernel/core/log/trace.h"

void (*say)(const char *text);

int kvsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
	return vsnprintf(buf, size, fmt, ap);
}

void vprintk(enum loglevel level, const char *fmt, va_list ap)
{
	char text[512];

	(void)level;
	if (!say || !is_running())
		return;
	vsnprintf(text, sizeof(text), fmt, ap);
	say(text);
}

void printk(enum loglevel level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintk(level, fmt, ap);
	va_end(ap);
}

void event(const char *fmt, ...)
{
	(void)fmt;
}

void event_line(const char *text, size_t len)
{
	(void)text, (void)len;
}

bool trace_all;

void trace_record(const struct trace_event *event, const long arg[TRACE_ARGS])
{
	char text[256];
	int n;

	if (!say || !is_running())
		return;
	n = snprintf(text, sizeof(text), "trace %s", event->name);
	for (int i = 0; i < TRACE_ARGS && event->field[i]; i++)
		if (!strchr(event->field[i], ':'))
			n += snprintf(
				text + n, sizeof(text) - n, " %s=%ld", event->field[i], arg[i]);
	say(text);
}

void dump_stack(void)
{
}

unsigned long output_lock(void)
{
	return irq_save();
}

void output_unlock(unsigned long flags)
{
	irq_restore(flags);
}

void panic(const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	explore_fail("panic: %s", text);
}

void machine_refuse(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	explore_failv(fmt, ap);
}
