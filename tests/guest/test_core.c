/*
 * kernel/core in the guest: printing, symbols, time, scheduling, locks.
 */
#include <string.h>

#include "kernel/core/log/ksyms.h"
#include "kernel/core/lock/lock.h"
#include "kernel/core/log/printk.h"
#include "kernel/core/time/time.h"
#include "kernel/core/cpu/trap.h"
#include "kernel/task/app.h"
#include "kernel/task/calls.h"
#include "tests/guest/ktest.h"

KTEST(integer_formats_of_both_widths)
{
	char buf[96];

	ksnprintf(buf, sizeof(buf), "%zu %llu %5hd|%-4s|%016lx|%#x", (size_t)7, 1ull << 40,
		(short)-3, "ab", 0xabcul, 0x24280cau);
	EXPECT(!strcmp(buf, "7 1099511627776    -3|ab  |0000000000000abc|0x24280ca"));
	EXPECT(ksnprintf(buf, 4, "%d", 123456) == 6 && !strcmp(buf, "123"));
	return NULL;
}

KTEST(symbol_table_knows_functions)
{
	uint64_t offset, size;
	const char *name = ksym_lookup((uint64_t)printk + 1, &offset, &size);

	EXPECT(name && !strcmp(name, "printk"));
	EXPECT(offset == 1 && size > 1);
	EXPECT(!ksym_lookup((uint64_t)&log_ring, &offset, &size));
	return NULL;
}

KTEST(whole_page_operations_keep_fp_registers)
{
	static char a[PAGE_SIZE] __attribute__((aligned(4096)));
	static char b[PAGE_SIZE] __attribute__((aligned(4096)));
	uint64_t before = 0x1234567890abcdef, after = 0;

	memset(a, 0x5a, sizeof(a));
	asm volatile("movq %0, %%xmm0" : : "r"(before));
	copy_page(b, a);
	clear_page(a);
	asm volatile("movq %%xmm0, %0" : "=r"(after));
	EXPECT(after == before);
	EXPECT(b[0] == 0x5a && b[PAGE_SIZE - 1] == 0x5a);
	for (size_t i = 0; i < sizeof(a); i++)
		EXPECT(a[i] == 0);
	return NULL;
}

KTEST(a_page_is_filled_or_one_byte_of_it_is_another)
{
	static unsigned char page[PAGE_SIZE] __attribute__((aligned(4096)));
	unsigned long pattern = 0x5aa51234567890abul;
	uint64_t before[2] = {0x1234567890abcdef, 0xfedcba0987654321}, after[2];

	asm volatile("movq %0, %%xmm0; movq %1, %%xmm1" : : "r"(before[0]), "r"(before[1]));
	pattern_page(page, pattern);
	EXPECT(page_has_pattern(page, pattern) && !page_has_pattern(page, pattern ^ 1));
	asm volatile("movq %%xmm0, %0; movq %%xmm1, %1" : "=r"(after[0]), "=r"(after[1]));
	EXPECT(!memcmp(before, after, sizeof(after)));
	for (size_t i = 0; i < sizeof(page); i++) {
		EXPECT(page[i] == (unsigned char)(pattern >> i % 8 * 8));
		page[i] ^= 1 << i % 8;
		EXPECT(!page_has_pattern(page, pattern));
		page[i] ^= 1 << i % 8;
	}
	return NULL;
}

KTEST(copy_from_a_bad_address_returns_what_is_left)
{
	char buf[16];

	EXPECT(copy_app(buf, "hello", 6) == 0 && !strcmp(buf, "hello"));
	EXPECT(copy_app(buf, (const void *)0x10, 8) == 8);
	return NULL;
}

/* Only there does time pass for everybody alike: a busy host may keep any CPU from its turns. */
static bool is_exact(void)
{
	return instructions_since_boot() >= 0;
}

KTEST(sleeping_takes_its_ticks)
{
	unsigned long before = jiffies;
	uint64_t ns = clock_ns();

	schedule_timeout(TASK_UNINTERRUPTIBLE, 5);
	EXPECT(jiffies - before >= 5);
	EXPECT(!is_exact() || jiffies - before == 5);
	/* Where the first CPU's tick came late, several jiffies went by at once. */
	EXPECT(!is_exact() || clock_ns() - ns > 4 * (1000000000ul / hz));
	return NULL;
}

static struct timer order_timer[3];
static char order_text[4];

static void note_timer(struct timer *t)
{
	size_t n = strlen(order_text);

	order_text[n] = 'a' + (t - order_timer);
	order_text[n + 1] = '\0';
}

KTEST(timers_run_in_order_of_expiry)
{
	static const unsigned int ticks[3] = {3, 1, 1};

	order_text[0] = '\0';
	for (int i = 0; i < 3; i++) {
		timer_init(&order_timer[i], note_timer);
		timer_start(&order_timer[i], ticks[i]);
	}
	while (strlen(order_text) < 3)
		schedule_timeout(TASK_UNINTERRUPTIBLE, 1);
	EXPECT(!strcmp(order_text, "bca"));
	return NULL;
}

static volatile unsigned long spins[2];
static volatile bool spin_stop;

static void spinner(void *arg)
{
	while (!spin_stop)
		(*(volatile unsigned long *)arg)++;
	app_exit(0);
}

/* The halted time of a sleep is not counted, and the work of others meanwhile is. */
KTEST(instructions_leave_out_idle_time_only)
{
	long before = instructions_since_boot(), slept, worked;
	int code;

	if (before < 0)
		return NULL; /* nothing counts them on this machine */
	schedule_timeout(TASK_UNINTERRUPTIBLE, 20);
	slept = instructions_since_boot() - before;
	EXPECT(slept > 0 && slept < 200000 + (nr_cpus > 1) * 1000000l * nr_cpus);
	spin_stop = false;
	EXPECT(kthread_spawn("spin", spinner, (void *)&spins[0]));
	before = instructions_since_boot();
	schedule_timeout(TASK_UNINTERRUPTIBLE, 20);
	worked = instructions_since_boot() - before;
	spin_stop = true;
	EXPECT(app_wait(&code) > 0);
	EXPECT(worked > tsc_to_instructions(18 * (1000000000ul / hz)));
	return NULL;
}

static struct wait_queue slow_queue;

/* Long enough that a tick preempts in the middle, and then true. */
static bool true_after_three_ticks(void)
{
	unsigned long start = jiffies;

	while (jiffies < start + 3)
		spin_briefly();
	return true;
}

/* A waiter preempted between setting its state and finding its event must run again. */
KTEST(preemption_does_not_lose_a_wake_up)
{
	int code;

	wait_queue_init(&slow_queue, "slow queue");
	spin_stop = false;
	EXPECT(kthread_spawn("spin", spinner, (void *)&spins[0]));
	wait_event(&slow_queue, true_after_three_ticks());
	spin_stop = true;
	EXPECT(app_wait(&code) > 0);
	return NULL;
}

/* Neither gives up the CPU: only the tick can share it between them and us. */
KTEST(tasks_are_preempted_fairly)
{
	int code;

	spin_stop = false;
	spins[0] = spins[1] = 0;
	EXPECT(kthread_spawn("spin0", spinner, (void *)&spins[0]));
	EXPECT(kthread_spawn("spin1", spinner, (void *)&spins[1]));
	schedule_timeout(TASK_UNINTERRUPTIBLE, 40);
	spin_stop = true;
	EXPECT(app_wait(&code) > 0 && app_wait(&code) > 0);
	EXPECT(!is_exact() || (spins[0] > 0 && spins[1] > 0));
	EXPECT(!is_exact() || (spins[0] < 2 * spins[1] && spins[1] < 2 * spins[0]));
	return NULL;
}

static struct mutex test_mutex;
static struct rwsem test_rwsem;
static char lock_text[8];

static void note(char c)
{
	size_t n = strlen(lock_text);

	lock_text[n] = c;
	lock_text[n + 1] = '\0';
}

/* Until so many tasks wait for the lock. */
static void wait_for_waiters(const struct lock_info *info, unsigned int wanted)
{
	unsigned int n;

	do {
		unsigned long flags = sched_lock();
		const struct waiter *w;

		n = 0;
		list_for_each_entry(w, &info->waiters, node)
			n++;
		sched_unlock(flags);
		if (n != wanted)
			schedule_timeout(TASK_UNINTERRUPTIBLE, 1);
	} while (n != wanted);
}

static void mutex_user(void *arg)
{
	mutex_lock(&test_mutex);
	note('a' + (char)(long)arg);
	mutex_unlock(&test_mutex);
	app_exit(0);
}

KTEST(mutex_goes_to_the_longest_waiter)
{
	int code;

	lock_text[0] = '\0';
	mutex_init(&test_mutex, "test mutex");
	mutex_lock(&test_mutex);
	EXPECT(!mutex_trylock(&test_mutex));
	for (long i = 0; i < 3; i++) {
		EXPECT(kthread_spawn("waiter", mutex_user, (void *)i));
		wait_for_waiters(&test_mutex.info, i + 1);
	}
	EXPECT(lock_text[0] == '\0');
	mutex_unlock(&test_mutex);
	for (int i = 0; i < 3; i++)
		EXPECT(app_wait(&code) > 0);
	EXPECT(!strcmp(lock_text, "abc"));
	lock_forget(&test_mutex.info);
	return NULL;
}

static void rwsem_user(void *arg)
{
	if (arg) {
		down_write(&test_rwsem);
		note('w');
		up_write(&test_rwsem);
	} else {
		down_read(&test_rwsem);
		note('r');
		up_read(&test_rwsem);
	}
	app_exit(0);
}

/* Readers share, a writer excludes, and a reader behind a waiting writer waits as well. */
KTEST(rwsem_readers_and_writer)
{
	int code;

	lock_text[0] = '\0';
	rwsem_init(&test_rwsem, "test rwsem");
	down_read(&test_rwsem);
	EXPECT(down_read_trylock(&test_rwsem));
	up_read(&test_rwsem);
	EXPECT(kthread_spawn("writer", rwsem_user, (void *)1));
	wait_for_waiters(&test_rwsem.info, 1);
	EXPECT(!down_read_trylock(&test_rwsem));
	EXPECT(kthread_spawn("reader", rwsem_user, NULL));
	wait_for_waiters(&test_rwsem.info, 2);
	EXPECT(lock_text[0] == '\0');
	up_read(&test_rwsem);
	EXPECT(app_wait(&code) > 0 && app_wait(&code) > 0);
	EXPECT(!strcmp(lock_text, "wr"));
	lock_forget(&test_rwsem.info);
	return NULL;
}

static volatile long pair[2], pair_errors;

/* Every eighth turn writes; a reader must never see half of a write. */
static void pair_user(void *arg)
{
	for (long i = (long)arg; i < (long)arg + 2000; i++) {
		if (i % 8 == 0) {
			down_write(&test_rwsem);
			pair[0]++;
			pair[1]++;
			up_write(&test_rwsem);
		} else {
			down_read(&test_rwsem);
			if (pair[0] != pair[1])
				__atomic_add_fetch(&pair_errors, 1, __ATOMIC_RELAXED);
			up_read(&test_rwsem);
		}
	}
	app_exit(0);
}

KTEST(rwsem_holds_on_all_cpus_at_once)
{
	int code;

	pair[0] = pair[1] = pair_errors = 0;
	rwsem_init(&test_rwsem, "test rwsem");
	for (long i = 0; i < 6; i++)
		EXPECT(kthread_spawn("pair", pair_user, (void *)i));
	for (int i = 0; i < 6; i++)
		EXPECT(app_wait(&code) > 0);
	EXPECT(pair_errors == 0 && pair[0] == pair[1] && pair[0] == 6 * 250);
	EXPECT(test_rwsem.count == 0 && !test_rwsem.info.owner);
	lock_forget(&test_rwsem.info);
	return NULL;
}

static volatile unsigned int away;

/* Sleeps and wakes; every time it must be at home. */
static void homebody(void *arg)
{
	lw_bind((long)arg);
	for (int i = 0; i < 20; i++) {
		away += this_cpu_id() != (unsigned long)arg;
		schedule_timeout(TASK_UNINTERRUPTIBLE, i % 3);
	}
	app_exit(0);
}

KTEST(a_bound_task_stays_at_home)
{
	int code;

	away = 0;
	for (long i = 0; i < 6; i++)
		EXPECT(kthread_spawn("homebody", homebody, (void *)(i % nr_cpus)));
	for (int i = 0; i < 6; i++)
		EXPECT(app_wait(&code) > 0);
	EXPECT(away == 0);
	return NULL;
}

static void noter(void *arg)
{
	note((char)(long)arg);
	app_exit(0);
}

KTEST(a_realtime_task_is_not_disturbed)
{
	int code;

	if (nr_cpus > 1)
		return NULL; /* another CPU would take the others over */
	lock_text[0] = '\0';
	lw_set_realtime(1);
	EXPECT(current->prio == PRIO_RT);
	EXPECT(kthread_spawn("normal", noter, (void *)(long)'n'));
	for (uint64_t start = clock_ns(); clock_ns() - start < 50000000;)
		cond_resched();
	note('r');
	lw_set_realtime(0); /* to the end of the queue */
	EXPECT(!strcmp(lock_text, "rn"));
	EXPECT(app_wait(&code) > 0);
	return NULL;
}

static int killable_result;

static void killable_waiter(void *unused)
{
	(void)unused;
	killable_result = mutex_lock_killable(&test_mutex);
	app_exit(0);
}

KTEST(a_kill_ends_a_killable_wait_only)
{
	struct task *t;
	int code;

	mutex_init(&test_mutex, "test mutex");
	mutex_lock(&test_mutex);
	killable_result = 1;
	t = kthread_spawn("killable", killable_waiter, NULL);
	EXPECT(t);
	wait_for_waiters(&test_mutex.info, 1);
	task_kill(t);
	EXPECT(app_wait(&code) > 0 && killable_result == -1);
	lock_text[0] = '\0';
	t = kthread_spawn("stubborn", mutex_user, (void *)0);
	EXPECT(t);
	wait_for_waiters(&test_mutex.info, 1);
	task_kill(t);
	schedule_timeout(TASK_UNINTERRUPTIBLE, 2);
	EXPECT(t->state == TASK_UNINTERRUPTIBLE && lock_text[0] == '\0');
	mutex_unlock(&test_mutex);
	EXPECT(app_wait(&code) > 0 && !strcmp(lock_text, "a"));
	lock_forget(&test_mutex.info);
	return NULL;
}
