/*
 * printk and events into buffers that tests search. Formatting is the host's vsnprintf.
 */
#include "twin.h"

#include "kernel/core/log/event.h"
#include "kernel/core/log/ksyms.h"
#include "kernel/core/log/printk.h"

struct text {
	size_t len;
	char buf[1 << 20];
};

static struct text log_text, event_text;

const char *console(void)
{
	return log_text.buf;
}

const char *events(void)
{
	return event_text.buf;
}

void console_clear(void)
{
	log_text.len = event_text.len = 0;
	log_text.buf[0] = event_text.buf[0] = '\0';
}

int kvsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
	return vsnprintf(buf, size, fmt, ap);
}

/* A test that prints without end loses the oldest half, not its memory. */
static void append(struct text *t, size_t most, const char *fmt, va_list ap)
{
	int n;

	if (t->len + most + 2 > sizeof(t->buf)) {
		t->len /= 2;
		memmove(t->buf, t->buf + t->len, t->len);
	}
	n = vsnprintf(t->buf + t->len, most, fmt, ap);
	t->len += MIN((size_t)n, most - 1);
	t->buf[t->len++] = '\n';
	t->buf[t->len] = '\0';
}

void vprintk(enum loglevel level, const char *fmt, va_list ap)
{
	(void)level;
	append(&log_text, PRINTK_LINE, fmt, ap);
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
	va_list ap;

	va_start(ap, fmt);
	append(&event_text, 2048, fmt, ap);
	va_end(ap);
}

void event_line(const char *text, size_t len)
{
	event("%.*s", (int)len, text);
}

void dump_stack(void)
{
	twin.stack_dumps++;
	pr_warn("<stack>");
}

unsigned int console_count(const char *text)
{
	unsigned int n = 0;

	for (const char *p = console(); (p = strstr(p, text)); p += strlen(text))
		n++;
	return n;
}

void assert_printed(const char *text)
{
	if (!strstr(console(), text))
		fail_msg("not printed: %s\nbut:\n%s", text, console());
}

void assert_not_printed(const char *text)
{
	if (strstr(console(), text))
		fail_msg("printed: %s\nin:\n%s", text, console());
}

void assert_line(const char *fmt, ...)
{
	char want[PRINTK_LINE + 1];
	size_t len;
	va_list ap;

	va_start(ap, fmt);
	len = vsnprintf(want, sizeof(want) - 1, fmt, ap);
	va_end(ap);
	for (const char *p = console(); *p; p += strcspn(p, "\n") + 1)
		if (strcspn(p, "\n") == len && !memcmp(p, want, len))
			return;
	fail_msg("no such line: %s\nbut:\n%s", want, console());
}

void assert_printed_in_order(const char *first, ...)
{
	const char *at = console(), *found;
	va_list ap;

	va_start(ap, first);
	for (const char *text = first; text; text = va_arg(ap, const char *)) {
		found = strstr(at, text);
		if (!found) {
			va_end(ap);
			fail_msg("not printed, or too early: %s\nin:\n%s", text, console());
		}
		at = found + strlen(text);
	}
	va_end(ap);
}

/* A host program's functions have no place in the kernel's table. */
const char *ksym_lookup(uint64_t addr, uint64_t *offset, uint64_t *size)
{
	(void)addr;
	(void)offset;
	(void)size;
	return NULL;
}
