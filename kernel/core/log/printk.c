/*
 * The kernel log (see printk.h). Formatting is newlib's integer-only printer, in the kernel's
 * own instance of it, with one reentrancy structure for each level of nesting: a fault inside
 * printk can print as well.
 */
#include <reent.h>
#include <stdio.h>
#include <string.h>

#include "kernel/core/cpu/cpu.h"
#include "kernel/core/param.h"
#include "kernel/core/log/printk.h"
#include "kernel/core/log/screen.h"
#include "kernel/core/log/serial.h"
#include "kernel/core/time/time.h"

#define NESTING 4

struct log_ring log_ring;

static long loglevel = LOG_DEBUG;
PARAM_INT("loglevel", loglevel, 0, 8,
	"print messages below this level, and emergencies always (7: no debug messages)");

/* All zero will do: nothing here opens a stream. */
static struct _reent reent[MAX_CPUS][NESTING];
static char line_buf[NESTING][PRINTK_LINE];

/*
 * Output is one CPU's at a time, which may come back to it in a fault or an NMI: no spinlock of
 * lock.h, for those are printed themselves.
 */
static struct {
	bool locked;
	unsigned int owner; /* CPU number + 1; 0: none */
	unsigned int depth;
} output;

unsigned long output_lock(void)
{
	unsigned long flags = irq_save();
	unsigned int self = this_cpu_id() + 1;

	if (output.owner != self) {
		while (__atomic_exchange_n(&output.locked, true, __ATOMIC_ACQUIRE))
			cpu_relax();
		output.owner = self;
	}
	output.depth++;
	return flags;
}

void output_unlock(unsigned long flags)
{
	if (--output.depth == 0) {
		output.owner = 0;
		__atomic_store_n(&output.locked, false, __ATOMIC_RELEASE);
	}
	irq_restore(flags);
}

void output_break_lock(void)
{
	if (output.owner == this_cpu_id() + 1)
		return;
	output.owner = output.depth = 0;
	output.locked = false;
}

int _vsniprintf_r(struct _reent *r, char *buf, size_t size, const char *fmt, va_list ap);

int kvsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
	unsigned long flags = irq_save();
	struct cpu *cpu = this_cpu();
	unsigned int depth = MIN(cpu->format_depth, NESTING - 1u);
	int n;

	cpu->format_depth++;
	n = _vsniprintf_r(&reent[cpu->id][depth], buf, size, fmt, ap);
	cpu->format_depth--;
	irq_restore(flags);
	return n;
}

static void emit(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		log_ring.ring[log_ring.total++ % LOG_RING] = s[i];
		serial_putc(s[i]);
	}
	if (unlikely(screen_shows()))
		screen_write(s, len);
}

static void emit_line(const char *s, size_t len)
{
	uint64_t us = clock_ns() / 1000;
	char stamp[32];
	int n = ksnprintf(stamp, sizeof(stamp), "[%5u.%06u] ", (unsigned int)(us / 1000000),
		(unsigned int)(us % 1000000));

	emit(stamp, n);
	emit(s, len);
	emit("\n", 1);
}

void vprintk(enum loglevel level, const char *fmt, va_list ap)
{
	unsigned long flags;
	char *s;

	if (level >= loglevel && level != LOG_EMERG)
		return;
	flags = output_lock();
	s = line_buf[MIN(output.depth, (unsigned int)NESTING) - 1];
	kvsnprintf(s, PRINTK_LINE, fmt, ap);
	for (;;) {
		size_t n = strcspn(s, "\n");

		emit_line(s, n);
		if (s[n] == '\0' || s[n + 1] == '\0')
			break;
		s += n + 1;
	}
	output_unlock(flags);
}

void printk(enum loglevel level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintk(level, fmt, ap);
	va_end(ap);
}
