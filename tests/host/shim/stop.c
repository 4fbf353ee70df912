/*
 * panic() and machine_refuse() come back to the test that expected them, and fail any other.
 */
#include "fibers.h"

#include "kernel/core/log/printk.h"

static jmp_buf target;
static bool expected;
static char message[1024];

/* What the CPU was doing when the test said what it expects. */
static bool irqs;
static unsigned int preempt_off;

jmp_buf *stop_expect(void)
{
	irqs = host_arch.irqs;
	preempt_off = this_cpu()->preempt_off;
	expected = true;
	message[0] = '\0';
	return &target;
}

void stop_reset(void)
{
	expected = false;
}

const char *stop_message(void)
{
	fibers_left();
	return message;
}

void stop_missing(const char *text)
{
	expected = false;
	fail_msg("did not panic; expected: %s", text);
}

void stop_check(const char *text)
{
	fibers_left();
	if (!strstr(message, text))
		fail_msg("panicked with: %s\nexpected: %s", message, text);
}

static void stop(const char *fmt, va_list ap) __attribute__((noreturn));

static void stop(const char *fmt, va_list ap)
{
	vsnprintf(message, sizeof(message), fmt, ap);
	if (!expected) {
		fail_msg("panic: %s", message);
		abort();
	}
	expected = false;
	host_arch.irqs = irqs;
	this_cpu()->preempt_off = preempt_off;
	locks_let_go();
	fibers_leave();
	longjmp(target, 1);
}

void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	stop(fmt, ap);
}

void machine_refuse(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	stop(fmt, ap);
}
