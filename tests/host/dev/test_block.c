/*
 * The block layer step by step: plugs, software queues, dispatch (§34.2, §34.3, §34.5).
 */
#include "dev/block_steps.h"

/* Without a plug */

static void test_a_read_goes_at_once_and_a_write_by_a_worker(void **state)
{
	struct bio *sync = a_bio(BIO_WRITE, 80, 1);

	(void)state;
	submit(BIO_READ, 8);
	assert_log("R8+8 ");
	submit(BIO_WRITE, 40);
	assert_log("");
	assert_true(workers_run());
	assert_log("W40+8 ");
	assert_int_equal(counts()->dispatched_by_worker, 1);
	sync->sync = true;
	submit_bio(sync);
	assert_log("W80+8 ");
	assert_int_equal(counts()->dispatched_by_task, 2);
	assert_int_equal(sched_answers_owed, 3);
	assert_int_equal(fake_interrupt(&disk[0], 5), 3);
	assert_int_equal(ends, 3);
	assert_int_equal(sched_answers_owed, 0);
}

/* 4.8 has it go by a worker, whoever waits. */
static void test_a_flush_goes_by_a_worker_and_with_nobody(void **state)
{
	struct bio *flush = a_bio(BIO_FLUSH, 0, 0);
	struct blk_plug plug;

	(void)state;
	flush->sync = true;
	blk_start_plug(&plug);
	submit_bio(flush);
	assert_true(list_empty(&plug.mq_list));
	assert_log("");
	blk_finish_plug(&plug);
	assert_true(workers_run());
	assert_log("F ");
}

/* What waits in the software queue is met by the next ones: eight of them. */
static void test_a_bio_joins_one_of_the_last_eight_that_wait(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 9; i++)
		submit(BIO_WRITE, 800 + 32 * i);
	submit(BIO_WRITE,
		832 + 8); /* the eighth from behind, and the ninth, which is not looked at */
	submit(BIO_WRITE, 800 + 8);
	assert_int_equal(counts()->requests, 10);
	assert_int_equal(counts()->merges, 1);
	assert_int_equal(disk[0].disk.tags.in_use, 10); /* who merged has none */
	workers_run();
	assert_log("W800+8 W832+16 W864+8 W896+8 W928+8 W960+8 W992+8 W1024+8 W1056+8 W808+8 ");
	assert_int_equal(disk[0].notifies, 1);
}

/* It is met first, it is too full: the look ends there, though an older one would have room. */
static void test_a_full_neighbour_ends_the_look(void **state)
{
	struct bio *full = pool_bio(0, BIO_WRITE, 808, 600, 16, -1);

	(void)state;
	submit(BIO_WRITE, 936 + 8);
	full->end = ended;
	full->private = &job;
	submit_bio(full);
	submit(BIO_WRITE, 936);
	assert_int_equal(counts()->merges, 0);
	assert_int_equal(counts()->requests, 3);
}

static void test_an_order_of_cpus(void **state)
{
	(void)state;
	become_cpu(1);
	submit(BIO_WRITE, 8);
	become_cpu(0);
	submit(BIO_WRITE, 80);
	submit(BIO_WRITE, 40);
	assert_true(worker_runs_on(1)); /* whoever runs it takes all: CPU by CPU, as they came */
	assert_log("W80+8 W40+8 W8+8 ");
	assert_int_equal(disk[0].notifies, 1);
}

/* Plugs */

static void test_a_plug_holds_back_and_merges(void **state)
{
	struct blk_plug plug, inner;

	(void)state;
	blk_start_plug(&plug);
	submit(BIO_READ, 80);
	submit(BIO_READ, 8);
	submit(BIO_READ, 88);   /* behind the first */
	submit(BIO_READ, 72);   /* before it */
	submit(BIO_WRITE, 96);  /* another direction */
	blk_start_plug(&inner); /* they do not nest */
	submit(BIO_READ, 200);
	blk_finish_plug(&inner);
	assert_log("");
	assert_int_equal(counts()->requests, 4);
	assert_int_equal(counts()->merges, 2);
	blk_finish_plug(&plug);
	assert_null(current->plug);
	assert_log("R8+8 R72+24 W96+8 R200+8 "); /* by sector */
	assert_int_equal(counts()->flush_finish, 1);
	assert_int_equal(disk[0].notifies, 1);
}

static void test_sixteen_are_held_back(void **state)
{
	struct blk_plug plug;

	(void)state;
	blk_start_plug(&plug);
	for (unsigned int i = 0; i < 16; i++)
		submit(BIO_READ, 16 * i);
	assert_int_equal(disk[0].requests, 0);
	submit(BIO_READ, 8); /* joins one of them: none more */
	assert_int_equal(disk[0].requests, 0);
	submit(BIO_READ, 400);
	assert_int_equal(disk[0].requests, 16);
	assert_int_equal(counts()->flush_full, 1);
	assert_int_equal(list_length(&plug.mq_list), 1);
	blk_finish_plug(&plug);
	assert_int_equal(disk[0].requests, 17);
}

static void nobody(void)
{
}

static void test_who_sleeps_gives_its_requests_to_a_worker(void **state)
{
	struct blk_plug plug;

	(void)state;
	twin.on_sleep = nobody;
	blk_start_plug(&plug);
	submit(BIO_READ, 8);
	cond_resched(); /* whoever stays runnable keeps them */
	schedule();
	assert_int_equal(list_length(&plug.mq_list), 1);
	schedule_timeout(TASK_UNINTERRUPTIBLE, 1);
	assert_true(list_empty(&plug.mq_list));
	assert_log("");
	assert_int_equal(counts()->flush_sleep, 1);
	assert_true(worker_runs_on(0));
	assert_log("R8+8 ");
	blk_finish_plug(&plug);
	assert_int_equal(counts()->flush_finish, 0);
}

/* A run, and a notification, for each software queue (§41.3): CPU by CPU, then disk by disk. */
static void test_a_plug_of_two_cpus(void **state)
{
	struct blk_plug plug;

	(void)state;
	blk_start_plug(&plug);
	become_cpu(1);
	submit(BIO_READ, 8);
	become_cpu(0);
	submit(BIO_READ, 80);
	submit(BIO_READ, 40);
	blk_finish_plug(&plug);
	assert_log("R40+8 R80+8 R8+8 ");
	assert_int_equal(disk[0].notifies, 2);
}

static void test_a_plug_of_two_disks(void **state)
{
	struct blk_plug plug;
	struct bio *bio;

	(void)state;
	add_disk(1, 64, 16);
	disk[1].rand = &rng;
	blk_start_plug(&plug);
	for (unsigned int i = 0; i < 17; i++) {
		submit(BIO_READ, 16 * i);
		if (i >= 8)
			continue;
		bio = pool_bio(1, BIO_READ, 16 * i, 700 + i, 1, 1);
		bio->end = ended;
		bio->private = &job;
		submit_bio(bio);
	}
	assert_int_equal(disk[0].requests, 16); /* of this disk there were 16: all are sent */
	assert_int_equal(disk[1].requests, 8);
	blk_finish_plug(&plug);
	assert_int_equal(fake_interrupt(&disk[1], 8), 8);
	fake_disk_remove(&disk[1]);
}

static unsigned long sent_before;

static void note_sent(struct bio *bio)
{
	sent_before = disk[0].requests;
	ended(bio);
}

/* A CPU's software queues lie together: those of all disks come before the next CPU's. */
static void test_a_plug_of_two_disks_and_two_cpus(void **state)
{
	struct blk_plug plug;
	struct bio *bio;

	(void)state;
	add_disk(1, 64, 16);
	disk[1].at_once = true;
	disk[1].rand = &rng;
	blk_start_plug(&plug);
	become_cpu(1);
	submit(BIO_READ, 8);
	become_cpu(0);
	bio = pool_bio(1, BIO_READ, 8, 700, 1, 1);
	bio->end = note_sent;
	bio->private = &job;
	submit_bio(bio);
	sent_before = 1;
	blk_finish_plug(&plug);
	assert_int_equal(disk[0].requests, 1);
	assert_int_equal(sent_before, 0);
	fake_disk_remove(&disk[1]);
}

/* A busy driver */

static void test_busy_keeps_the_order(void **state)
{
	(void)state;
	disk[0].room = 2;
	for (unsigned int i = 0; i < 4; i++)
		submit(BIO_WRITE, 100 * i);
	workers_run();
	assert_log("W0+8 W100+8 ");
	assert_true(disk[0].disk.stopped);
	assert_int_equal(counts()->busy, 1);
	assert_int_equal(disk[0].disk.tags.in_use, 4);
	assert_false(workers_run()); /* nobody runs a stopped queue */
	submit(BIO_READ, 900);
	assert_log("");
	assert_int_equal(fake_interrupt(&disk[0], 1), 1);
	assert_false(disk[0].disk.stopped);
	assert_log(""); /* by the worker of the interrupt's CPU */
	assert_true(worker_runs_on(0));
	assert_log("W200+8 ");
	fake_interrupt(&disk[0], 2);
	workers_run();
	assert_log("W300+8 R900+8 ");
	assert_int_equal(disk[0].notifies, 3);
}

static void test_an_error_of_the_driver_ends_its_request_alone(void **state)
{
	(void)state;
	disk[0].refuse_in = 1;
	submit(BIO_READ, 8);
	assert_int_equal(ends, 1);
	assert_int_equal(last_error, -EIO);
	assert_int_equal(counts()->errors, 1);
	assert_int_equal(disk[0].disk.tags.in_use, 0);
	assert_int_equal(sched_answers_owed, 0);
	disk[0].refuse_in = 0;
}

static unsigned int owed_at_end;

static void note_owed(struct bio *bio)
{
	owed_at_end = sched_answers_owed;
	ended(bio);
}

/* Until who waits was woken, nobody may find that nothing will ever happen. */
static void test_an_answer_is_owed_until_its_end_is_over(void **state)
{
	struct bio *bio = a_bio(BIO_READ, 8, 1);

	(void)state;
	bio->end = note_owed;
	submit_bio(bio);
	fake_interrupt(&disk[0], 1);
	assert_int_equal(owed_at_end, 1);
	assert_int_equal(sched_answers_owed, 0);
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
static const struct CMUnitTest tests[] = {
	TEST(test_a_read_goes_at_once_and_a_write_by_a_worker),
	TEST(test_a_flush_goes_by_a_worker_and_with_nobody),
	TEST(test_a_bio_joins_one_of_the_last_eight_that_wait),
	TEST(test_a_full_neighbour_ends_the_look),
	TEST(test_an_order_of_cpus),
	TEST(test_a_plug_holds_back_and_merges),
	TEST(test_sixteen_are_held_back),
	TEST(test_who_sleeps_gives_its_requests_to_a_worker),
	TEST(test_a_plug_of_two_cpus),
	TEST(test_a_plug_of_two_disks),
	TEST(test_a_plug_of_two_disks_and_two_cpus),
	TEST(test_busy_keeps_the_order),
	TEST(test_an_error_of_the_driver_ends_its_request_alone),
	TEST(test_an_answer_is_owed_until_its_end_is_over),
};
TEST_GROUP(block)
