/*
 * SysRq in the guest: a key by a call, by the console's interrupt (the UART in loopback), by the
 * debugger's variable; and a manual OOM kill that finds nobody.
 */
#include "kernel/core/cpu/cpu.h"
#include "kernel/core/lock/lock.h"
#include "kernel/core/log/printk.h"
#include "kernel/core/guard/sysrq.h"
#include "kernel/core/time/time.h"
#include "kernel/task/moom.h"
#include "mm/page/memory.h"
#include "tests/guest/ktest.h"

#define COM1_DATA   0x3f8
#define COM1_MODEM  0x3fc
#define COM1_STATUS 0x3fd
#define LOOPBACK    0x10
#define SENT        0x40
#define LONG_ENOUGH 50 /* ticks */

#define FIFO_SIZE 16

static unsigned int presses, presses_in_interrupt, wanted;
static bool irqs_were_on;
static int more; /* keys that come while the first is being answered */

/* Nobody else may send meanwhile: what is sent comes back. */
static void send_to_ourselves(int keys)
{
	unsigned long flags = output_lock();
	uint8_t modem = inb(COM1_MODEM);

	outb(COM1_MODEM, modem | LOOPBACK);
	while (keys--)
		outb(COM1_DATA, 'z');
	while (!(inb(COM1_STATUS) & SENT))
		cpu_relax();
	outb(COM1_MODEM, modem);
	output_unlock(flags);
}

static void pressed(void)
{
	irqs_were_on |= irqs_enabled();
	presses_in_interrupt += in_interrupt();
	presses++;
	send_to_ourselves(more);
	more = 0;
}

static void forget_presses(void)
{
	static bool registered;

	if (!registered)
		sysrq_register('z', "Test of a key", pressed);
	registered = true;
	presses = presses_in_interrupt = 0;
	irqs_were_on = false;
}

static bool comes_true(bool (*what)(void))
{
	for (int i = 0; i < LONG_ENOUGH && !what(); i++)
		schedule_timeout(TASK_UNINTERRUPTIBLE, 1);
	return what();
}

static bool all_are_pressed(void)
{
	return READ_ONCE(presses) >= wanted;
}

static bool is_pressed(unsigned int times)
{
	wanted = times;
	return comes_true(all_are_pressed);
}

static bool kills_are_done(void)
{
	return manual_kills_pending() == 0;
}

KTEST(a_key_calls_its_function_and_no_other_key_does)
{
	forget_presses();
	sysrq_key('z');
	EXPECT(presses == 1 && !irqs_were_on && irqs_enabled());
	sysrq_key('Z');
	sysrq_key('h');
	sysrq_key('\0');
	sysrq_key((char)0xff);
	EXPECT(presses == 1);
	return NULL;
}

/* Not in exact runs: nothing is received in them, and what a UART does by itself need not repeat. */
KTEST(a_key_comes_by_the_consoles_interrupt)
{
	if (instructions_since_boot() >= 0)
		return NULL;
	forget_presses();
	send_to_ourselves(1);
	EXPECT(is_pressed(1));
	more = 1;
	send_to_ourselves(FIFO_SIZE); /* and one that the interrupt for these leaves behind */
	EXPECT(is_pressed(1 + FIFO_SIZE + 1));
	send_to_ourselves(1);
	EXPECT(is_pressed(1 + FIFO_SIZE + 2));
	EXPECT(presses_in_interrupt == presses && !irqs_were_on);
	return NULL;
}

KTEST(a_key_comes_by_the_debuggers_variable)
{
	forget_presses();
	WRITE_ONCE(sysrq_requested, 'z');
	EXPECT(is_pressed(1));
	EXPECT(presses == 1 && presses_in_interrupt == 1 && sysrq_requested == '\0');
	schedule_timeout(TASK_UNINTERRUPTIBLE, 2);
	EXPECT(presses == 1);
	return NULL;
}

KTEST(a_manual_kill_that_finds_nobody_is_done_as_well)
{
	unsigned long kills = system_memory.event[OOM_KILLS];

	for (int i = 0; i < 8; i++) /* more than there are workers */
		sysrq_key('f');
	EXPECT(comes_true(kills_are_done));
	schedule_timeout(TASK_UNINTERRUPTIBLE, 2);
	EXPECT(kills_are_done());
	EXPECT(system_memory.event[OOM_KILLS] == kills);
	EXPECT(system_memory.oom_victims == 0);
	return NULL;
}
