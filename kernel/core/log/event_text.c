/*
 * Text of events: escaping, unknown counts, counters (see event.h).
 */
#include "kernel/core/log/event.h"
#include "kernel/core/log/printk.h"

const char *event_string(const char *text, char *buf, size_t size)
{
	size_t n = 0;

	for (; *text && n + 3 < size; text++) {
		if (*text == '"' || *text == '\\')
			buf[n++] = '\\';
		buf[n++] = *text >= ' ' ? *text : ' ';
	}
	buf[n] = '\0';
	return buf;
}

const char *event_count(long n, char *buf, size_t size)
{
	if (n < 0)
		ksnprintf(buf, size, "null");
	else
		ksnprintf(buf, size, "%ld", n);
	return buf;
}

void event_counter(const char *name, unsigned long value)
{
	event("{\"event\":\"counter\",\"name\":\"%s\",\"value\":%lu}", name, value);
}
