/*
 * Trace points (see trace.h).
 */
#include <string.h>

#include "kernel/core/cpu/cpu.h"
#include "kernel/core/log/event.h"
#include "kernel/core/param.h"
#include "kernel/core/log/printk.h"
#include "kernel/core/sched/task.h"
#include "kernel/core/time/time.h"
#include "kernel/core/log/trace.h"

struct trace_ring trace_ring;
bool trace_all;

static const char *set_trace(const char *text)
{
	trace_all = !strcmp(text, "on");
	return trace_all || !strcmp(text, "off") ? NULL : "on or off";
}
PARAM_FN("trace", set_trace, "on: every trace record leaves by the second channel");

/*
 * The line is put together without printf: what a record costs is taken from the run that it is about. Each
 * part returns where the next one goes; LINE_LEN has room for eight fields with names twice as long as any.
 */
#define LINE_LEN   1024
#define NUMBER_LEN 20

static char *put(char *at, const char *s)
{
	while (*s)
		*at++ = *s++;
	return at;
}

static char *put_digits(char *at, unsigned long n, unsigned int base)
{
	char digit[NUMBER_LEN];
	unsigned int len = 0;

	do
		digit[len++] = "0123456789abcdef"[n % base];
	while ((n /= base));
	while (len)
		*at++ = digit[--len];
	return at;
}

static char *put_number(char *at, const char *before, long n)
{
	at = put(at, before);
	if (n < 0)
		*at++ = '-';
	return put_digits(at, n < 0 ? -(unsigned long)n : (unsigned long)n, 10);
}

/* "name:s" is a string, "name:x" a pointer, anything else a number. */
static char *put_field(char *at, const char *field, long arg)
{
	*at++ = '"';
	while (*field && *field != ':')
		*at++ = *field++;
	if (!*field)
		return put_number(at, "\":", arg);
	at = put(at, "\":\"");
	if (field[1] == 's')
		at = put(at, (const char *)arg);
	else
		at = put_digits(put(at, "0x"), arg, 16);
	*at++ = '"';
	return at;
}

static void send(const struct trace_record *r)
{
	char line[LINE_LEN], *at;

	at = put_number(line, "{\"event\":\"trace\",\"ns\":", r->ns);
	at = put_number(at, ",\"cpu\":", r->cpu);
	at = put_number(at, ",\"pid\":", r->pid);
	at = put(put(at, ",\"comm\":\""), r->comm);
	at = put(put(at, "\",\"name\":\""), r->event->name);
	at = put(at, "\",\"args\":{");
	for (int i = 0; i < TRACE_ARGS && r->event->field[i]; i++) {
		if (i)
			*at++ = ',';
		at = put_field(at, r->event->field[i], r->arg[i]);
	}
	at = put(at, "}}");
	event_line(line, at - line);
}

/* CPUs take different slots; only a reader at a stop may meet a half-written one. */
void trace_record(const struct trace_event *event, const long arg[TRACE_ARGS])
{
	uint64_t n = __atomic_fetch_add(&trace_ring.total, 1, __ATOMIC_RELAXED);
	struct trace_record *r = &trace_ring.record[n % TRACE_RECORDS];
	static const char nobody[sizeof(r->comm)] = "boot";
	const struct task *t = current;

	r->ns = clock_ns();
	r->event = event;
	r->cpu = this_cpu_id();
	r->pid = t ? t->pid : 0;
	/* Of known sizes: a few moves each, where -ffreestanding's memcpy() would be a call. */
	__builtin_memcpy(r->comm, t ? t->comm : nobody, sizeof(r->comm));
	__builtin_memcpy(r->arg, arg, sizeof(r->arg));
	if (trace_all)
		send(r);
}
