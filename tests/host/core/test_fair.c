/*
 * Turns and wake-ups (kernel/core/sched/fair.h), by 4.8's numbers. Time goes in microseconds here.
 */
#include "twin.h"

#include "kernel/core/sched/fair.h"

static struct task runs, sleeper, other;
static struct cpu cpu;

static int setup(void **state)
{
	int err = twin_setup(state);

	hz = 1000000;
	jiffies = 1000;
	nr_cpus = 1;
	runs = sleeper = other = (struct task){.prio = PRIO_NORMAL};
	cpu = (struct cpu){.task = &runs, .nr_running = 2};
	fair_switch(&sleeper, &runs); /* it goes to sleep now */
	return err;
}

static int teardown(void **state)
{
	hz = 250;
	return twin_teardown(state);
}

static void test_who_has_slept_for_more_than_the_granularity_goes_first(void **state)
{
	(void)state;
	jiffies += 1000;
	assert_false(fair_goes_first(&cpu, &sleeper));
	jiffies += 1;
	sleeper.credit_ns = 0;
	assert_true(fair_goes_first(&cpu, &sleeper));
}

static void test_sleep_earns_half_a_latency_at_most(void **state)
{
	(void)state;
	jiffies += 5000000;
	assert_true(fair_goes_first(&cpu, &sleeper));
	assert_int_equal(sleeper.credit_ns, 3000000);
}

/* kswapd, which is woken at each fault below low: it is ahead of the app until it has had 2 ms of the CPU. */
static void test_what_one_is_owed_is_run_down(void **state)
{
	unsigned int runs_of_100_us = 0;

	(void)state;
	jiffies += 5000;
	while (fair_goes_first(&cpu, &sleeper)) {
		fair_switch(&runs, &sleeper);
		jiffies += 100;
		fair_switch(&sleeper, &runs);
		runs_of_100_us++;
	}
	assert_int_equal(runs_of_100_us, 20);
}

/* Of two who have both slept neither sends the other one away at once. */
static void test_nor_before_one_who_is_owed_as_much(void **state)
{
	(void)state;
	fair_switch(&other, &runs);
	jiffies += 5000;
	assert_true(fair_goes_first(&cpu, &sleeper));
	fair_switch(&runs, &sleeper);
	cpu.task = &sleeper;
	assert_false(fair_goes_first(&cpu, &other));
	jiffies += 1000;
	assert_false(fair_goes_first(&cpu, &other));
	jiffies += 1;
	assert_true(fair_goes_first(&cpu, &other));
}

static void test_priorities_decide_before(void **state)
{
	(void)state;
	jiffies += 5000;
	runs.prio = PRIO_RT;
	assert_false(fair_goes_first(&cpu, &sleeper));
}

static void turn_lasts(unsigned int cpus, unsigned long us)
{
	nr_cpus = cpus;
	fair_switch(&other, &runs);
	jiffies += us - 1;
	assert_false(fair_turn_is_over(&cpu));
	jiffies += 1;
	assert_true(fair_turn_is_over(&cpu));
}

static void test_several_cpus_take_longer(void **state)
{
	(void)state;
	turn_lasts(1, 3000);
	turn_lasts(2, 6000);
	turn_lasts(3, 6000);
	turn_lasts(4, 9000);
	turn_lasts(7, 9000);
	turn_lasts(8, 12000);
}

static void test_a_turn_is_a_part_of_the_latency(void **state)
{
	(void)state;
	jiffies += 2999;
	assert_false(fair_turn_is_over(&cpu));
	jiffies += 1;
	assert_true(fair_turn_is_over(&cpu));
	cpu.nr_running = 1;
	assert_false(fair_turn_is_over(&cpu));
}

static void test_but_no_shorter_than_the_least(void **state)
{
	(void)state;
	cpu.nr_running = 100;
	jiffies += 749;
	assert_false(fair_turn_is_over(&cpu));
	jiffies += 1;
	assert_true(fair_turn_is_over(&cpu));
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
static const struct CMUnitTest tests[] = {
	TEST(test_who_has_slept_for_more_than_the_granularity_goes_first),
	TEST(test_sleep_earns_half_a_latency_at_most),
	TEST(test_what_one_is_owed_is_run_down),
	TEST(test_nor_before_one_who_is_owed_as_much),
	TEST(test_priorities_decide_before),
	TEST(test_several_cpus_take_longer),
	TEST(test_a_turn_is_a_part_of_the_latency),
	TEST(test_but_no_shorter_than_the_least),
};
TEST_GROUP(fair)
