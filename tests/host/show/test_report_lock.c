/*
 * Memory reports while another CPU holds a zone's lock (mm/show/show_mem.h): they wait for it, but not
 * for ever, because a machine that is ending may never give it back.
 */
#include "fibers.h"
#include "host_machine.h"

#include "kernel/core/lock/lock.h"
#include "mm/show/show_mem.h"

#define HOLD_BRIEFLY 50

static struct memory *m;
static bool reported;
static unsigned long holds; /* turns; 0: until the report is out */

static void hold_the_lock(void *unused)
{
	unsigned long flags = spin_lock_irqsave(&dma32(m)->lock);
	unsigned long turns = 0;

	(void)unused;
	while (holds ? turns++ < holds : !reported)
		sched_point();
	spin_unlock_irqrestore(&dma32(m)->lock, flags);
}

static void report(void *unused)
{
	(void)unused;
	sched_point();
	show_mem(m);
	assert_int_equal(
		zone_free_of_type(dma32(m), MIGRATE_MOVABLE), dma32(m)->stat[NR_FREE_PAGES]);
	reported = true;
}

static unsigned int the_other(unsigned int self)
{
	return 1 - self;
}

static void run(unsigned long turns)
{
	nr_cpus = 2;
	m = machine_default();
	become_cpu(1);
	become(task_new("holder", 11, NULL));
	become_cpu(0);
	become(task_new("reporter", 10, NULL));
	reported = false;
	holds = turns;
	run_on_cpus(2, (void (*const[])(void *)){report, hold_the_lock}, NULL, the_other);
	assert_printed("DMA32: ");
	assert_printed("0 pages hwpoisoned");
	assert_int_equal(dma32(m)->lock.locked, 0);
}

static void test_10_3_waits_for_a_lock_that_is_given_back(void **state)
{
	(void)state;
	run(HOLD_BRIEFLY);
}

static void test_10_3_goes_on_without_a_lock_that_is_not(void **state)
{
	(void)state;
	run(0);
}

static const struct CMUnitTest tests[] = {
	TEST(test_10_3_waits_for_a_lock_that_is_given_back),
	TEST(test_10_3_goes_on_without_a_lock_that_is_not),
};
TEST_GROUP(report_lock)
