/*
 * CPUs as fibers (see fibers.h).
 */
#include <sys/mman.h>
#include <ucontext.h>

#include "fibers.h"

#include "kernel/core/rand.h"
#include "kernel/core/sched/smp.h"

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define FIBER_SANITIZER
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define FIBER_SANITIZER
#endif

#ifdef FIBER_SANITIZER
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#define leave_stack(save, base, size) __sanitizer_start_switch_fiber(save, base, size)
#define entered_stack(save)           __sanitizer_finish_switch_fiber(save, NULL, NULL)
#define forget_stack(base)            __asan_unpoison_memory_region(base, STACK_SIZE)
#else
#define leave_stack(save, base, size) ((void)(save), (void)(base), (void)(size))
#define entered_stack(save)           ((void)(save))
#define forget_stack(base)            ((void)(base))
#endif

#define STACK_SIZE (256ul << 10) /* the sanitizer clears a shadow of it at every switch */
#define TOO_LONG   1000000       /* waits in a row that led to nothing */

struct fiber {
	ucontext_t context;
	void *fake_stack;
	void (*fn)(void *arg);
	bool idle;   /* has returned: runs only to answer */
	bool parked; /* stands still for smp_freeze() */
	bool serves; /* never returns */
	bool asleep; /* until its task is woken */
	unsigned long points;
	/* What of host_arch is this CPU's own. */
	bool irqs;
	struct task *task;
	uint64_t cr3;
	/* Calls asked of this CPU, by the CPU that asks, and how many there are: it looks at every point. */
	unsigned int nr_calls;
	struct {
		void (*fn)(void *arg);
		void *arg;
	} call[MAX_CPUS];
};

static struct fiber fiber[MAX_CPUS];
static char *stacks;
static struct fiber test; /* the context that started them all */
static void *shared_arg;
static turn_fn choose;
static int freezer = -1; /* the CPU for which all others stand still */
static unsigned long waits;

static struct fiber *self(void)
{
	return &fiber[host_arch.cpu_id];
}

static void save(struct fiber *f)
{
	f->irqs = host_arch.irqs;
	f->task = host_arch.task;
	f->cr3 = host_arch.cr3;
}

static void load(const struct fiber *f)
{
	if (f != &test) {
		become_cpu(f - fiber);
		host_arch.cpu->task = f->task;
	}
	host_arch.irqs = f->irqs;
	host_arch.task = f->task;
	host_arch.cr3 = f->cr3;
}

static void *stack_of(const struct fiber *f)
{
	return f == &test ? NULL : stacks + (f - fiber) * STACK_SIZE;
}

static const void *test_stack;
static size_t test_stack_size;

static void switch_fiber(struct fiber *from, struct fiber *to)
{
	bool back = to == &test;

	save(from);
	load(to);
	leave_stack(&from->fake_stack, back ? test_stack : stack_of(to),
		back ? test_stack_size : STACK_SIZE);
	swapcontext(&from->context, &to->context);
	entered_stack(from->fake_stack);
}

static bool can_run(unsigned int id)
{
	const struct fiber *f = &fiber[id];

	return id < nr_cpus && !f->parked && (!f->idle || f->nr_calls);
}

/* The next one in the round that can go on; `id` itself if nobody else can. */
static unsigned int next_after(unsigned int id)
{
	for (unsigned int i = 1; i <= nr_cpus; i++)
		if (can_run((id + i) % nr_cpus))
			return (id + i) % nr_cpus;
	return id;
}

static void go_to(unsigned int id)
{
	if (id != host_arch.cpu_id)
		switch_fiber(self(), &fiber[id]);
}

/* As the interrupt would: with interrupts off, whatever this CPU was doing. */
static void run_calls(struct fiber *f)
{
	for (unsigned int from = 0; f->nr_calls && from < MAX_CPUS; from++) {
		void (*fn)(void *) = f->call[from].fn;

		if (!fn)
			continue;
		host_arch.irqs = false;
		fn(f->call[from].arg);
		host_arch.irqs = true;
		f->call[from].fn = NULL;
		f->nr_calls--;
		waits = 0;
	}
}

/* Answer what was asked of this CPU. Interrupts on. */
static void safe_point(void)
{
	struct fiber *f = self();

	run_calls(f);
	if (freezer < 0 || freezer == (int)host_arch.cpu_id)
		return;
	f->parked = true;
	go_to(freezer);
	run_calls(f);
}

void host_safe_point(void)
{
	if (!this_cpu()->irq_depth)
		safe_point();
}

/* This CPU can do nothing before others have run. */
static void give_way(const char *why)
{
	unsigned int id = host_arch.cpu_id;

	if (next_after(id) == id || ++waits > TOO_LONG)
		panic("deadlock: CPU %u %s", id, why);
	go_to(next_after(id));
	if (host_arch.irqs)
		safe_point();
}

void host_point(void)
{
	struct fiber *f = self();
	unsigned int to;

	f->points++;
	waits = 0;
	if (host_arch.irqs)
		safe_point();
	to = choose(host_arch.cpu_id);
	if (can_run(to))
		go_to(to);
	if (host_arch.irqs)
		safe_point();
}

void host_spin(void)
{
	if (!host_arch.fibers)
		panic("deadlock: a spinlock is taken twice");
	give_way("spins on a lock that nobody can give back");
}

void fiber_serves(void)
{
	self()->serves = true;
}

static bool is_done(const struct fiber *f)
{
	if (f->idle)
		return !f->nr_calls;
	return f->serves && f->asleep && f->task->state != TASK_RUNNING;
}

/* Whoever is left serves, and is asleep. */
static bool is_over(void)
{
	save(self());
	for (unsigned int id = 0; id < nr_cpus; id++)
		if (!is_done(&fiber[id]))
			return false;
	return true;
}

/* Asleep until woken; interrupts are on meanwhile, as in any other task. */
void fiber_sleep(void)
{
	bool irqs = host_arch.irqs;

	host_arch.irqs = true;
	self()->asleep = true;
	do {
		jiffies++;
		if (is_over())
			switch_fiber(self(), &test);
		give_way("sleeps, and nobody is left to wake it");
	} while (current->state != TASK_RUNNING && !fatal_signal_pending(current));
	self()->asleep = false;
	host_arch.irqs = irqs;
}

void fiber_yield(void)
{
	if (next_after(host_arch.cpu_id) != host_arch.cpu_id)
		go_to(next_after(host_arch.cpu_id));
	safe_point();
}

static bool waiting_for(unsigned int mask, unsigned int me)
{
	for (unsigned int id = 0; id < nr_cpus; id++)
		if ((mask & 1u << id) && fiber[id].call[me].fn)
			return true;
	return false;
}

void fiber_call(unsigned int mask, void (*fn)(void *arg), void *arg)
{
	unsigned int me = host_arch.cpu_id;

	for (unsigned int id = 0; id < nr_cpus; id++) {
		if (id == me || !(mask & 1u << id))
			continue;
		fiber[id].call[me].arg = arg;
		fiber[id].call[me].fn = fn;
		fiber[id].nr_calls++;
	}
	while (waiting_for(mask, me))
		give_way("waits for an answer from a CPU that never turns interrupts on");
}

static bool all_parked(unsigned int me)
{
	for (unsigned int id = 0; id < nr_cpus; id++)
		if (id != me && can_run(id))
			return false;
	return true;
}

void fiber_freeze(void)
{
	while (freezer >= 0)
		give_way("waits to freeze the others");
	freezer = host_arch.cpu_id;
	while (!all_parked(freezer))
		give_way("waits for the others to stand still");
}

void fiber_thaw(void)
{
	freezer = -1;
	for (unsigned int id = 0; id < nr_cpus; id++)
		fiber[id].parked = false;
}

/* The sanitizer learns which stack the first fiber was entered from. */
static void first_entry(void)
{
#ifdef FIBER_SANITIZER
	const void *from;
	size_t size;

	__sanitizer_finish_switch_fiber(NULL, &from, &size);
	if (!test_stack) {
		test_stack = from;
		test_stack_size = size;
	}
#endif
}

/* Nothing to do but to answer. The last one to get here lets the test go on. */
static void be_idle(struct fiber *f)
{
	unsigned int id = f - fiber;

	f->idle = true;
	for (;;) {
		run_calls(f);
		if (freezer >= 0)
			go_to(freezer);
		else if (next_after(id) != id)
			go_to(next_after(id));
		else if (!can_run(id))
			switch_fiber(f, &test);
	}
}

/* First code of a fiber. */
static void fiber_main(void)
{
	struct fiber *f = self();

	first_entry();
	f->fn(shared_arg);
	if (!host_arch.irqs || this_cpu()->preempt_off)
		panic("CPU %u returned with interrupts or preemption off", this_cpu_id());
	be_idle(f);
}

static void prepare(unsigned int id, void (*fn)(void *))
{
	struct fiber *f = &fiber[id];

	memset(f, 0, sizeof(*f));
	forget_stack(stack_of(f));
	getcontext(&f->context);
	f->context.uc_stack.ss_sp = stack_of(f);
	f->context.uc_stack.ss_size = STACK_SIZE;
	f->context.uc_link = NULL;
	makecontext(&f->context, fiber_main, 0);
	f->fn = fn;
	f->irqs = true;
	f->task = cpus[id].task ? cpus[id].task : host_arch.task;
}

void run_on_cpus(unsigned int n, void (*const fn[])(void *), void *arg, turn_fn turn)
{
	if (!stacks)
		stacks = mmap(NULL, MAX_CPUS * STACK_SIZE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	nr_cpus = n;
	shared_arg = arg;
	choose = turn;
	freezer = -1;
	waits = 0;
	test_stack = NULL;
	for (unsigned int id = 0; id < n; id++)
		prepare(id, fn[id]);
	host_arch.fibers = true;
	switch_fiber(&test, &fiber[0]);
	host_arch.fibers = false;
	become_cpu(0);
}

unsigned long points_passed(unsigned int cpu)
{
	return fiber[cpu].points;
}

static bool left;

void fibers_leave(void)
{
	left = host_arch.fibers;
	if (left)
		leave_stack(NULL, test_stack, test_stack_size);
	host_arch.fibers = false;
}

void fibers_left(void)
{
	if (left)
		entered_stack(NULL);
	left = false;
}

static struct rand rng;
static unsigned int odds;

static unsigned int drawn(unsigned int me)
{
	uint64_t r = rand_next(&rng);

	return r % odds ? me : (unsigned int)(r >> 32) % nr_cpus;
}

turn_fn turns_drawn(uint64_t seed, unsigned int one_in)
{
	rand_seed(&rng, seed);
	odds = one_in;
	return drawn;
}

static unsigned long switch_after;

static unsigned int once(unsigned int me)
{
	return me == 0 && fiber[0].points == switch_after ? 1 : me;
}

turn_fn turns_switch_once(unsigned long points)
{
	switch_after = points;
	return once;
}
