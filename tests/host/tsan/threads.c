/*
 * CPUs as threads, and calls between them (see threads.h).
 */
#include <pthread.h>
#include <sched.h>
#include <time.h>

#include "threads.h"

#include "kernel/core/sched/smp.h"

#define TOO_LONG      (4ul << 20) /* looks at a lock that nobody gives back: most of a minute */
#define POINTS_A_TURN 16          /* points of the schedule between two changes of thread */
#define YIELDS        8           /* before a wait sleeps for a moment */

struct call {
	void (*fn)(void *arg);
	void *arg;
};

struct cpu_thread {
	pthread_t thread;
	struct call call[MAX_CPUS]; /* by the CPU that asks; fn is cleared by the answer */
	bool parked;                /* stands still for smp_freeze() */
};

static struct cpu_thread threads[MAX_CPUS];
static int freezer = -1; /* the CPU for which all others stand still */
static unsigned int at_work;
static void (*work)(void *arg);
static void *work_arg;
static __thread unsigned long points, looks;

#define load(p)     __atomic_load_n(p, __ATOMIC_SEQ_CST)
#define store(p, v) __atomic_store_n(p, v, __ATOMIC_SEQ_CST)

/*
 * Who is waited for may have no CPU of the host: on a busy one, to yield alone is to look on for as long as
 * the scheduler leaves us there.
 */
static void give_way(void)
{
	const struct timespec moment = {.tv_nsec = 20000};
	static __thread unsigned int yields;

	if (++yields % YIELDS)
		sched_yield();
	else
		nanosleep(&moment, NULL);
}

/* As the interrupt would: with interrupts off, whatever this CPU was doing. */
static void run_calls(struct cpu_thread *self)
{
	for (unsigned int from = 0; from < nr_cpus; from++) {
		void (*fn)(void *) = load(&self->call[from].fn);

		if (!fn)
			continue;
		host_arch.irqs = false;
		fn(self->call[from].arg);
		host_arch.irqs = true;
		store(&self->call[from].fn, NULL);
	}
}

/* Asked again after each stop: the next freezer may have seen us parked. */
static void stand_still(struct cpu_thread *self)
{
	int me = this_cpu_id();

	for (;;) {
		int who = load(&freezer);

		if (who < 0 || who == me)
			return;
		store(&self->parked, true);
		while (load(&freezer) == who)
			give_way();
		store(&self->parked, false);
	}
}

void answer_calls(void)
{
	struct cpu_thread *self = &threads[this_cpu_id()];

	run_calls(self);
	stand_still(self);
}

void let_others_run(void)
{
	answer_calls();
	give_way();
}

void host_safe_point(void)
{
	if (!this_cpu()->irq_depth)
		answer_calls();
}

void host_point(void)
{
	looks = 0;
	if (++points % POINTS_A_TURN == 0)
		sched_yield();
	if (host_arch.irqs)
		host_safe_point();
}

void host_spin(void)
{
	if (++looks > TOO_LONG)
		panic("deadlock: CPU %u spins on a lock that nobody gives back", this_cpu_id());
	give_way();
	if (host_arch.irqs)
		host_safe_point();
}

static void check_context(void)
{
	if (!irqs_enabled() || preempt_count() || in_interrupt())
		panic("BUG: a call to other CPUs in atomic context");
}

static void call_here(void (*fn)(void *arg), void *arg)
{
	unsigned long flags = irq_save();

	fn(arg);
	irq_restore(flags);
}

void smp_call(unsigned int mask, void (*fn)(void *arg), void *arg)
{
	unsigned int me = this_cpu_id();

	check_context();
	for (unsigned int id = 0; host_arch.fibers && id < nr_cpus; id++) {
		if (id == me || !(mask & 1u << id))
			continue;
		threads[id].call[me].arg = arg;
		store(&threads[id].call[me].fn, fn);
	}
	if (mask & 1u << me)
		call_here(fn, arg);
	for (unsigned int id = 0; host_arch.fibers && id < nr_cpus; id++)
		while (load(&threads[id].call[me].fn))
			let_others_run();
}

unsigned long smp_freeze(void)
{
	int nobody = -1;

	check_context();
	if (!host_arch.fibers)
		return irq_save();
	while (!__atomic_compare_exchange_n(
		&freezer, &nobody, (int)this_cpu_id(), false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
		nobody = -1;
		let_others_run();
	}
	for (unsigned int id = 0; id < nr_cpus; id++)
		while (id != this_cpu_id() && !load(&threads[id].parked))
			let_others_run();
	return irq_save();
}

void smp_thaw(unsigned long flags)
{
	if (host_arch.fibers)
		store(&freezer, -1);
	irq_restore(flags);
}

/* One CPU's life: its work, then answers until the others are done as well. */
static void *run_cpu(void *id)
{
	become_cpu((uintptr_t)id);
	host_arch.irqs = true;
	host_arch.fibers = true;
	host_arch.task = host_arch.cpu->task;
	work(work_arg);
	if (!host_arch.irqs || this_cpu()->preempt_off)
		panic("CPU %u returned with interrupts or preemption off", this_cpu_id());
	__atomic_sub_fetch(&at_work, 1, __ATOMIC_SEQ_CST);
	while (load(&at_work))
		let_others_run();
	return NULL;
}

void run_on_threads(unsigned int n, void (*fn)(void *arg), void *arg)
{
	nr_cpus = n;
	work = fn;
	work_arg = arg;
	at_work = n;
	for (uintptr_t id = 0; id < n; id++)
		if (pthread_create(&threads[id].thread, NULL, run_cpu, (void *)id))
			panic("no thread for CPU %u", (unsigned int)id);
	for (unsigned int id = 0; id < n; id++)
		pthread_join(threads[id].thread, NULL);
}
