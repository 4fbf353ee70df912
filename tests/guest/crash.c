/*
 * crash: one deliberate fault, by crash.kind. Each must end in a report that names it.
 */
#include "kernel/core/log/event.h"
#include "kernel/core/guard/sysrq.h"
#include "kernel/core/lock/lock.h"
#include "kernel/core/machine.h"
#include "kernel/core/log/printk.h"
#include "kernel/core/sched/smp.h"
#include "kernel/core/time/time.h"
#include "kernel/task/app.h"
#include "kernel/task/scenario.h"
#include "mm/alloc/page_alloc.h"

static long kind = 1;

static const struct param knobs[] = {
	{"kind", "which fault (see tests/guest/crash.c)", 1, 25, &kind, NULL},
};

static void wild_pointer(void)
{
	*(volatile int *)0xffff900000001234 = 1;
}

static void null_pointer(void)
{
	volatile int *volatile p = (volatile int *)8;

	*p = 1;
}

static noinline long overflow_stack(long depth)
{
	volatile char frame[512];

	frame[0] = (char)depth;
	if (depth == 1l << 40) /* the stack ends long before */
		return depth;
	return overflow_stack(depth + 1) + frame[0];
}

static void stack_overflow(void)
{
	overflow_stack(0);
}

static void sleep_under_spinlock(void)
{
	static struct spinlock lock;

	spin_lock_init(&lock, "a spinlock of this test");
	spin_lock(&lock);
	schedule_timeout(TASK_UNINTERRUPTIBLE, 1);
}

/* A frame larger than the guard page lands beyond it. */
static noinline void leap_over_guard_page(void)
{
	volatile char *sp = __builtin_frame_address(0);

	asm volatile("leaq -12288(%0), %%rsp; pushq %%rax" : : "r"(current->stack) : "memory");
	*sp = 0;
}

static void double_free(void)
{
	struct page *page = alloc_pages(&system_memory, GFP_KERNEL, 2);

	free_pages(&system_memory, page, 2);
	free_pages(&system_memory, page, 2);
}

static void wrong_order(void)
{
	struct page *page = alloc_pages(&system_memory, GFP_KERNEL, 3);

	free_pages(&system_memory, page, 1);
}

static void unknown_interrupt(void)
{
	asm volatile("int $0x55");
}

static void write_code(void)
{
	*(volatile char *)(void *)printk = 0;
}

static void execute_data(void)
{
	static char code[] = {0xc3};

	((void (*)(void))(void *)code)();
}

static void divide(void)
{
	asm volatile("xorl %%ecx, %%ecx; xorl %%edx, %%edx; movl $1, %%eax; divl %%ecx"
		     :
		     :
		     : "eax", "ecx", "edx", "cc");
}

static void panic_with_locks(void)
{
	static struct mutex held;

	mutex_init(&held, "a mutex of this test");
	mutex_lock(&held);
	panic("test of a panic with a lock held");
}

static void sleep_in_atomic(void)
{
	irq_disable();
	/* More than there is: the slow path must refuse to sleep here. */
	for (;;)
		if (!alloc_pages(&system_memory, GFP_KERNEL, 10))
			panic("not reached");
}

static void jump_to_nowhere(void)
{
	((void (*)(void))0xffffa00000000000)();
}

static struct mutex stuck_mutex;
static struct spinlock stuck_spinlock;

static void hold_and_leave(void *unused)
{
	(void)unused;
	mutex_lock(&stuck_mutex);
	for (;;)
		schedule_timeout(TASK_UNINTERRUPTIBLE, 1000);
}

static void stuck_on_mutex(void)
{
	mutex_init(&stuck_mutex, "a mutex of this test");
	kthread_spawn("holder", hold_and_leave, NULL);
	schedule_timeout(TASK_UNINTERRUPTIBLE, 2);
	mutex_lock(&stuck_mutex);
}

static void take_for_ever(void *unused)
{
	(void)unused;
	spin_lock_irqsave(&stuck_spinlock);
	for (;;)
		cpu_relax(); /* under -icount the waiter gets its turns */
}

/* Interrupts are off where it is held, and on where it is waited for. Wants two CPUs. */
static void stuck_on_spinlock(void)
{
	spin_lock_init(&stuck_spinlock, "a spinlock of this test");
	kthread_spawn("holder", take_for_ever, NULL);
	schedule_timeout(TASK_UNINTERRUPTIBLE, 2);
	spin_lock(&stuck_spinlock);
}

static void hog(void *unused)
{
	(void)unused;
	sched_set_prio(PRIO_RT);
	for (;;)
		barrier();
}

/* Nobody else has a turn on a CPU of a real-time task that never sleeps. */
static void starve(void)
{
	for (unsigned int i = 0; i < nr_cpus; i++)
		kthread_spawn("hog", hog, NULL);
	for (;;)
		schedule_timeout(TASK_UNINTERRUPTIBLE, 1);
}

static void nothing(void *unused)
{
	(void)unused;
}

/* Wants two CPUs. */
static void lose_a_call(void)
{
	smp_lose_calls = true;
	smp_call(ALL_CPUS, nothing, NULL);
}

static void take_twice(void)
{
	spin_lock_init(&stuck_spinlock, "a spinlock of this test");
	spin_lock(&stuck_spinlock);
	spin_lock(&stuck_spinlock);
}

static void interrupts_off_for_ever(void)
{
	irq_disable();
	for (;;)
		barrier();
}

/* Interrupts off: sooner or later it is stopped in the middle of what it says. */
static void talk_for_ever(void *unused)
{
	(void)unused;
	irq_disable();
	for (int n = 0;; n += 37) /* of many lengths: no beat with the watchdog's time */
		event("{\"event\":\"talk\",\"blanks\":%*d}", 1000 + n % 1000, 1);
}

static void stopped_in_an_event(void)
{
	kthread_spawn("talker", talk_for_ever, NULL);
	for (;;)
		schedule_timeout(TASK_UNINTERRUPTIBLE, 1);
}

/* Interrupts off, for longer than the watchdog's time in the tests. */
static void answer_slowly(void)
{
	uint64_t start = clock_ns();

	while (clock_ns() - start < 150000000ul)
		; /* a cpu_relax() would take the host longer than all the rest */
}

/* As of somebody who reads slowly at the console; the lock-up comes behind it, and is seen. */
static void slow_keys_and_a_lockup(void)
{
	sysrq_register('y', "Slow answer", answer_slowly);
	irq_disable();
	for (int i = 0; i < 3; i++)
		sysrq_console_key('y');
	pr_info("3 keys answered");
	interrupts_off_for_ever();
}

/* The next ones are caught by a debug build only. */
static void wrong_order_of_locks(void)
{
	static struct mutex a, b;

	mutex_init(&a, "lock A");
	mutex_init(&b, "lock B");
	mutex_lock(&a);
	mutex_lock(&b);
	mutex_unlock(&b);
	mutex_unlock(&a);
	mutex_lock(&b);
	mutex_lock(&a);
}

static void double_unlock(void)
{
	spin_lock_init(&stuck_spinlock, "a spinlock of this test");
	spin_lock(&stuck_spinlock);
	spin_unlock(&stuck_spinlock);
	spin_unlock(&stuck_spinlock);
}

static void mutex_under_spinlock(void)
{
	mutex_init(&stuck_mutex, "a mutex of this test");
	spin_lock_init(&stuck_spinlock, "a spinlock of this test");
	spin_lock(&stuck_spinlock);
	mutex_lock(&stuck_mutex);
}

static void (*const kinds[])(void) = {
	wild_pointer,
	null_pointer,
	stack_overflow,
	double_free,
	wrong_order,
	unknown_interrupt,
	write_code,
	execute_data,
	divide,
	panic_with_locks,
	sleep_in_atomic,
	jump_to_nowhere,
	leap_over_guard_page,
	sleep_under_spinlock,
	stuck_on_mutex,
	stuck_on_spinlock,
	starve,
	lose_a_call,
	take_twice,
	wrong_order_of_locks,
	double_unlock,
	mutex_under_spinlock,
	interrupts_off_for_ever,
	stopped_in_an_event,
	slow_keys_and_a_lockup,
};

static void crash(void)
{
	pr_info("crash.kind=%ld of %lu", kind, ARRAY_SIZE(kinds));
	kinds[kind - 1]();
}

SCENARIO(crash_scenario) = {
	.name = "crash",
	.help = "a deliberate fault, which must be named by its report",
	.group = "test",
	.kernel = crash,
	.knobs = knobs,
	.nr_knobs = ARRAY_SIZE(knobs),
};
