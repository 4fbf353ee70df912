/*
 * The room kernel/core/log: what leaves the machine as text.
 *
 * In reading order: printk.h (this) with printk.c and format.c, serial.h (COM1), screen.h (VGA text),
 * ratelimit.h, event.h (the runner's second channel), counter.h, trace.h (trace points), ksyms.h (symbols,
 * call traces), klibc.c (newlib's needs).
 *
 * Locks: output_lock(), which a fault or an NMI on the same CPU may take again.
 */

/*
 * The kernel log: dmesg-style lines to COM1 and to a ring in memory (GDB's lw-dmesg).
 *
 * Context: any, NMI and fault handlers included; never sleeps, takes no lock that a handler
 * could wait for, uses no FP register. One call is one line (a trailing "\n" is not needed;
 * embedded ones split it), at most PRINTK_LINE bytes; longer text is cut.
 */
#ifndef CORE_PRINTK_H
#define CORE_PRINTK_H

#include <stdarg.h>

#include "kernel/core/types.h"

#define PRINTK_LINE 1024
#define LOG_RING    (64 * 1024)

enum loglevel {
	LOG_EMERG,
	LOG_ALERT,
	LOG_CRIT,
	LOG_ERR,
	LOG_WARNING,
	LOG_NOTICE,
	LOG_INFO,
	LOG_DEBUG
};

void printk(enum loglevel level, const char *fmt, ...) __printf(2, 3);
void vprintk(enum loglevel level, const char *fmt, va_list ap);

#define pr_emerg(...) printk(LOG_EMERG, __VA_ARGS__)
#define pr_err(...)   printk(LOG_ERR, __VA_ARGS__)
#define pr_warn(...)  printk(LOG_WARNING, __VA_ARGS__)
#define pr_info(...)  printk(LOG_INFO, __VA_ARGS__)

/*
 * Keep other CPUs' lines out of a report, and what is sent on the events channel whole. Nests; no
 * sleeping. The end of the machine breaks it when the CPU that holds it has been stopped.
 */
unsigned long output_lock(void);
void output_unlock(unsigned long flags);
void output_break_lock(void);

/* newlib's integer-only formatting into a buffer; returns the length it wanted, as snprintf. */
int kvsnprintf(char *buf, size_t size, const char *fmt, va_list ap);
int ksnprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);

/* A line put together piece by piece. */
struct line {
	size_t len;
	char text[PRINTK_LINE];
};

static inline void line_init(struct line *l)
{
	l->len = 0;
	l->text[0] = '\0';
}
void line_add(struct line *l, const char *fmt, ...) __printf(2, 3);

/* The ring: byte n of the log is ring[n % LOG_RING], for the last LOG_RING of `total` bytes. */
struct log_ring {
	uint64_t total;
	char ring[LOG_RING];
};
extern struct log_ring log_ring;

#endif
