/*
 * CPUs as fibers: what the twin promises of them (fibers.h), and the allocator on several of them
 * under drawn interleavings.
 */
#include "fibers.h"
#include "host_machine.h"

#include "kernel/core/lock/lock.h"
#include "kernel/core/rand.h"
#include "kernel/core/sched/smp.h"
#include "mm/alloc/pcp.h"
#include "mm/page/vmstat.h"

static struct memory *m;
static struct spinlock lock;
static char trail[64];

static void machine_of_cpus(unsigned int n)
{
	struct machine_spec spec = {.range = {{0, 0x9fc00, 1}, {MIB(1), MIB(64), 1}}};

	nr_cpus = n;
	m = machine_new(&spec);
	for (unsigned int id = 0; id < n; id++) {
		become_cpu(id);
		become(task_new("app", 100 + id, NULL));
	}
	become_cpu(0);
	become(cpus[0].task);
	trail[0] = '\0';
}

static void mark(char what)
{
	size_t n = strlen(trail);

	assert_true(n + 1 < sizeof(trail));
	trail[n] = what;
	trail[n + 1] = '\0';
}

static void three_upper(void *unused)
{
	(void)unused;
	for (int i = 0; i < 3; i++) {
		mark('A' + i);
		sched_point();
	}
}

static void three_lower(void *unused)
{
	(void)unused;
	for (int i = 0; i < 3; i++) {
		mark('a' + i);
		sched_point();
	}
}

static void test_a_switch_can_be_put_after_every_point(void **state)
{
	static const char *const expected[] = {"ABCabc", "AabcBC", "ABabcC", "ABCabc", "ABCabc"};

	(void)state;
	for (unsigned int k = 0; k < ARRAY_SIZE(expected); k++) {
		machine_of_cpus(2);
		run_on_cpus(2, (void (*const[])(void *)){three_upper, three_lower}, NULL,
			turns_switch_once(k));
		assert_string_equal(trail, expected[k]);
		assert_int_equal(points_passed(0), 3);
	}
}

static void test_the_same_seed_is_the_same_interleaving(void **state)
{
	char first[sizeof(trail)];
	unsigned int different = 0;

	(void)state;
	for (unsigned int seed = 0; seed < 20; seed++) {
		for (int again = 0; again < 2; again++) {
			machine_of_cpus(2);
			run_on_cpus(2, (void (*const[])(void *)){three_upper, three_lower}, NULL,
				turns_drawn(seed, 2));
			if (again)
				assert_string_equal(trail, first);
			strcpy(first, trail);
		}
		different += strcmp(first, "ABCabc") != 0;
	}
	assert_true(different > 5);
}

static void add_under_lock(void *arg)
{
	long *sum = arg;

	for (int i = 0; i < 100; i++) {
		long seen;

		spin_lock(&lock);
		seen = *sum;
		sched_point();
		*sum = seen + 1;
		spin_unlock(&lock);
	}
}

static void test_a_spinlock_keeps_the_others_out(void **state)
{
	long sum = 0;

	(void)state;
	machine_of_cpus(3);
	spin_lock_init(&lock, "sum");
	run_on_cpus(3, (void (*const[])(void *)){add_under_lock, add_under_lock, add_under_lock},
		&sum, turns_drawn(1, 2));
	assert_int_equal(sum, 300);
	lock_forget(&lock.info);
}

static void remember_cpu(void *unused)
{
	(void)unused;
	assert_false(irqs_enabled());
	mark('0' + this_cpu_id());
}

static void call_cpu_1(void *unused)
{
	(void)unused;
	mark('<');
	smp_call(1u << 1, remember_cpu, NULL);
	mark('>');
}

static void work_with_interrupts_off(void *unused)
{
	unsigned long flags = irq_save();

	(void)unused;
	mark('a');
	sched_point();
	mark('b');
	sched_point();
	irq_restore(flags);
	mark('c');
}

static unsigned int always_the_other(unsigned int self)
{
	return 1 - self;
}

static void test_a_call_waits_until_interrupts_are_on(void **state)
{
	(void)state;
	machine_of_cpus(2);
	run_on_cpus(2, (void (*const[])(void *)){work_with_interrupts_off, call_cpu_1}, NULL,
		always_the_other);
	assert_string_equal(trail, "a<1>bc"); /* to itself: at once */
	machine_of_cpus(2);
	run_on_cpus(2, (void (*const[])(void *)){call_cpu_1, work_with_interrupts_off}, NULL,
		always_the_other);
	assert_string_equal(trail, "<ab1c>");
}

static void test_a_cpu_that_returned_answers_at_once(void **state)
{
	(void)state;
	machine_of_cpus(2);
	run_on_cpus(
		2, (void (*const[])(void *)){call_cpu_1, three_lower}, NULL, turns_switch_once(0));
	assert_non_null(strstr(trail, ">"));
}

static void never_gives_back(void *unused)
{
	(void)unused;
	spin_lock(&lock);
	preempt_enable();
}

static void test_a_lock_that_nobody_gives_back_is_a_deadlock(void **state)
{
	(void)state;
	machine_of_cpus(2);
	spin_lock_init(&lock, "lost");
	lock.info.unchecked = true;
	assert_panics("deadlock: CPU 1 spins",
		run_on_cpus(2, (void (*const[])(void *)){never_gives_back, add_under_lock},
			&(long){0}, turns_switch_once(~0ul)));
	lock.info.owner = NULL;
	lock_forget(&lock.info);
}

/* Four CPUs at work. Each holds up to SLOTS blocks and gives them back in the end. */
#define CPUS  4
#define SLOTS 24
#define STEPS 400

static uint64_t work_seed;

static void give_back(struct page **held, unsigned int *order, unsigned int i)
{
	free_pages(m, held[i], order[i]);
	held[i] = NULL;
}

static void random_work(void *unused)
{
	struct page *held[SLOTS] = {NULL};
	unsigned int order[SLOTS];
	struct rand r;

	(void)unused;
	rand_seed(&r, work_seed * CPUS + this_cpu_id());
	for (int step = 0; step < STEPS; step++) {
		unsigned int i = rand_below(&r, SLOTS), what = rand_below(&r, 100);

		if (what == 0) {
			pcp_drain_all(m);
		} else if (what == 1) {
			assert_valid(m);
		} else if (held[i]) {
			give_back(held, order, i);
		} else {
			order[i] = rand_below(&r, 4) ? 0 : rand_below(&r, 5);
			held[i] = alloc_pages(
				m, rand_below(&r, 2) ? GFP_ATOMIC : GFP_KERNEL, order[i]);
		}
	}
	for (unsigned int i = 0; i < SLOTS; i++)
		if (held[i])
			give_back(held, order, i);
}

static void test_2_9_four_cpus_under_drawn_interleavings(void **state)
{
	void (*const work[CPUS])(void *) = {random_work, random_work, random_work, random_work};
	long before;

	(void)state;
	machine_of_cpus(CPUS);
	before = all_free(m);
	for (work_seed = 0; work_seed < 50; work_seed++) {
		run_on_cpus(CPUS, work, NULL, turns_drawn(work_seed, 3));
		assert_valid(m);
		assert_int_equal(all_free(m), before);
	}
	pcp_drain_all(m);
	assert_valid(m);
}

static const struct CMUnitTest tests[] = {
	TEST(test_a_switch_can_be_put_after_every_point),
	TEST(test_the_same_seed_is_the_same_interleaving),
	TEST(test_a_spinlock_keeps_the_others_out),
	TEST(test_a_call_waits_until_interrupts_are_on),
	TEST(test_a_cpu_that_returned_answers_at_once),
	TEST(test_a_lock_that_nobody_gives_back_is_a_deadlock),
	TEST(test_2_9_four_cpus_under_drawn_interleavings),
};

TEST_GROUP(fibers)
