/*
 * Alarms: order, what is due, cancelling, arming again, and which CPU's timer is set.
 */
#include "dev/stage.h"

#include "kernel/core/sched/alarm.h"

static struct alarm alarm[4];
static char rung[32];

static void note(struct alarm *a)
{
	rung[strlen(rung)] = 'a' + (a - alarm);
}

/* As the timer's interrupt asks. */
static uint64_t next_one(void)
{
	unsigned long flags = irq_save();
	uint64_t at = alarm_next();

	irq_restore(flags);
	return at;
}

static int setup(void **state)
{
	int err = twin_setup(state);

	dev_stage_reset();
	nr_cpus = 2;
	memset(rung, 0, sizeof(rung));
	for (int i = 0; i < 4; i++)
		alarm_init(&alarm[i], note);
	return err;
}

static uint64_t tick(void)
{
	return 1000000000ul / hz;
}

static void start(unsigned int i, uint64_t ticks)
{
	alarm_start(&alarm[i], clock_ns() + ticks * tick());
}

static void ring(void)
{
	irq_disable();
	alarms_run();
	irq_enable();
}

static void test_by_time_and_by_turn(void **state)
{
	(void)state;
	start(0, 3);
	start(1, 1);
	start(2, 3);
	start(3, 1);
	ring();
	assert_string_equal(rung, "");
	jiffies += 1;
	ring();
	assert_string_equal(rung, "bd");
	assert_true(alarms_armed());
	jiffies += 5;
	ring();
	assert_string_equal(rung, "bdac");
	assert_false(alarms_armed());
}

static void test_when_the_next_is(void **state)
{
	(void)state;
	assert_int_equal(next_one(), 0);
	start(0, 5);
	start(1, 2);
	assert_int_equal(next_one(), clock_ns() + 2 * tick());
	jiffies += 2;
	assert_int_equal(next_one(), clock_ns());
	alarm_cancel(&alarm[1]);
	assert_int_equal(next_one(), clock_ns() + 3 * tick());
	alarm_cancel(&alarm[0]);
	assert_int_equal(next_one(), 0);
}

static void test_armed_anew(void **state)
{
	(void)state;
	start(0, 1);
	start(1, 2);
	start(0, 3);
	jiffies += 3;
	ring();
	assert_string_equal(rung, "ba");
}

static void test_cancelled(void **state)
{
	(void)state;
	alarm_cancel(&alarm[0]);
	start(0, 1);
	start(1, 1);
	alarm_cancel(&alarm[0]);
	jiffies += 1;
	ring();
	assert_string_equal(rung, "b");
}

static void again(struct alarm *a)
{
	note(a);
	assert_true(alarms_armed()); /* while it runs, though it is on no list */
	if (strlen(rung) < 3)
		start(0, 1);
}

static void test_an_alarm_arms_itself(void **state)
{
	(void)state;
	alarm_init(&alarm[0], again);
	start(0, 1);
	for (int i = 0; i < 5; i++) {
		jiffies += 1;
		ring();
	}
	assert_string_equal(rung, "aaa");
	assert_false(alarms_armed());
}

/* Only for one that comes before all others; from another CPU by an interrupt, which sets it. */
static void test_the_first_cpu_s_timer(void **state)
{
	(void)state;
	start(0, 5);
	assert_int_equal(dev_stage.timers_set, 1);
	start(1, 6);
	assert_int_equal(dev_stage.timers_set, 1);
	become_cpu(1);
	start(2, 7);
	assert_int_equal(dev_stage.alarms_sent, 0);
	start(3, 1);
	assert_int_equal(dev_stage.alarms_sent, 1);
	assert_int_equal(dev_stage.timers_set, 1);
	become_cpu(0);
	interrupt(IRQ_ALARM);
	assert_int_equal(dev_stage.timers_set, 2);
	assert_int_equal(dev_stage.eois, 1);
	for (int i = 0; i < 4; i++)
		alarm_cancel(&alarm[i]);
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, twin_teardown)
static const struct CMUnitTest tests[] = {
	TEST(test_by_time_and_by_turn),
	TEST(test_when_the_next_is),
	TEST(test_armed_anew),
	TEST(test_cancelled),
	TEST(test_an_alarm_arms_itself),
	TEST(test_the_first_cpu_s_timer),
};
TEST_GROUP(alarm)
