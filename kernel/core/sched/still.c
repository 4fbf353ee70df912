/*
 * The frozen wait (see still.h).
 */
#include "kernel/core/cpu/cpu.h"
#include "kernel/core/cpu/lapic.h"
#include "kernel/core/sched/still.h"
#include "kernel/core/sched/tick.h"
#include "kernel/core/time/hpet.h"
#include "kernel/core/time/time.h"

#define WAIT_INSNS 1000ul       /* what a wait takes */
#define HALT_NS    1000000000ul /* ten times QEMU's kick (see start_kick_anew()) */

static struct {
	bool busy;         /* atomic: somebody's */
	bool on;           /* the others halt */
	unsigned int here; /* atomic: CPUs that do */
	struct cpu *starter;
	uint64_t since; /* the clock, when everybody was halted */
} still;

static void halt(void)
{
	asm volatile("sti; hlt; cli" : : : "memory");
}

/* A device's interrupt comes to the first CPU, whoever waits for it. */
static void halt_until_over(void)
{
	while (__atomic_load_n(&still.on, __ATOMIC_ACQUIRE)) {
		halt();
		if (__atomic_load_n(&still.on, __ATOMIC_ACQUIRE))
			lapic_send(still.starter->apic_id, IRQ_STILL);
	}
}

static void on_still(struct pt_regs *regs)
{
	(void)regs;
	lapic_eoi();
	if (!__atomic_load_n(&still.on, __ATOMIC_ACQUIRE) || this_cpu() == still.starter)
		return;
	tick_stop();
	__atomic_fetch_add(&still.here, 1, __ATOMIC_ACQ_REL);
	halt_until_over();
	tick_resume();
	__atomic_fetch_sub(&still.here, 1, __ATOMIC_ACQ_REL);
}

void still_init(void)
{
	trap_set_irq(IRQ_STILL, on_still);
}

static void tell_others(void)
{
	const struct cpu *cpu;

	for_each_cpu(cpu)
		if (cpu != this_cpu() && cpu->online)
			lapic_send(cpu->apic_id, IRQ_STILL);
}

static unsigned int others(void)
{
	const struct cpu *cpu;
	unsigned int n = 0;

	for_each_cpu(cpu)
		n += cpu != this_cpu() && cpu->online;
	return n;
}

static void wait_until_here(unsigned int n)
{
	while (__atomic_load_n(&still.here, __ATOMIC_ACQUIRE) != n)
		cpu_relax();
}

/* An interrupt that switches tasks would leave the machine to somebody who waits. */
void still_begin(void)
{
	preempt_disable();
	while (__atomic_exchange_n(&still.busy, true, __ATOMIC_ACQ_REL))
		cpu_relax();
	still.starter = this_cpu();
	__atomic_store_n(&still.on, true, __ATOMIC_RELEASE);
	tell_others();
	wait_until_here(others());
	irq_disable();
	hpet_stop();
	tick_stop();
	still.since = clock_ns();
}

/*
 * QEMU's kick, which gives another CPU the turn every 100 ms, starts anew when the thread that plays the CPUs finds all
 * of them halted: which they were not if the device was faster. Its main loop, if it is awake, makes time leap to the
 * next timer before that thread has looked; so there is another leap, to the next kick, and another, until it has.
 */
static void start_kick_anew(void)
{
	lapic_timer_once(HALT_NS);
	do
		halt();
	while (lapic_timer_left());
}

/*
 * QEMU's clock may leap meanwhile: while its main loop is awake, a timer of QEMU's own, by which it gives
 * turns to CPUs, is taken for one of the machine. So the clock goes on from where it was, however often this has been
 * waited for.
 */
void still_wait(const bool *woken)
{
	while (!READ_ONCE(*woken))
		halt();
	start_kick_anew();
	clock_set(still.since + (WAIT_INSNS << clock_shift()));
}

void still_end(void)
{
	__atomic_store_n(&still.on, false, __ATOMIC_RELEASE);
	tell_others();
	tick_resume();
	hpet_go_on();
	irq_enable();
	wait_until_here(0);
	__atomic_store_n(&still.busy, false, __ATOMIC_RELEASE);
	preempt_enable();
}
