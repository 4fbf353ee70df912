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
static bool all_leave;

static const char *set_trace(const char *text)
{
	all_leave = !strcmp(text, "on");
	return all_leave || !strcmp(text, "off") ? NULL : "on or off";
}
PARAM_FN("trace", set_trace, "on: every trace record leaves by the second channel");

/* "zone:s" is a string, anything else a number. */
static void add_field(struct line *l, const char *field, long arg)
{
	int len = strcspn(field, ":");
	const char *comma = l->text[0] ? "," : "";

	if (field[len])
		line_add(l, "%s\"%.*s\":\"%s\"", comma, len, field, (const char *)arg);
	else
		line_add(l, "%s\"%s\":%ld", comma, field, arg);
}

static void send(const struct trace_record *r)
{
	struct line l;

	line_init(&l);
	for (int i = 0; i < TRACE_ARGS && r->event->field[i]; i++)
		add_field(&l, r->event->field[i], r->arg[i]);
	event("{\"event\":\"trace\",\"ns\":%lu,\"cpu\":%u,\"pid\":%d,\"comm\":\"%s\",\"name\":\"%"
	      "s\","
	      "\"args\":{%s}}",
		r->ns, r->cpu, r->pid, r->comm, r->event->name, l.text);
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
	if (all_leave)
		send(r);
}
