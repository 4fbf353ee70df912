/*
 * The block layer step by step: plugs, software queues, dispatch, splits, ends (§34.2 to §34.7).
 */
#include <errno.h>

#include "dev/block_case.h"

static struct rand rng;
static struct fake_job job;
static unsigned int ends;
static int last_error;

static int setup(void **state)
{
	int err = twin_setup(state);

	block_machine(2);
	add_disk(0, 64, 16);
	rand_seed(&rng, 1);
	disk[0].rand = &rng;
	ends = 0;
	last_error = 1;
	job.expected = 0;
	return err;
}

static int teardown(void **state)
{
	while (fake_interrupt(&disk[0], 1) || workers_run())
		;
	fake_disk_remove(&disk[0]);
	return twin_teardown(state);
}

static struct blk_counts *counts(void)
{
	return &disk[0].disk.counts;
}

static void ended(struct bio *bio)
{
	ends++;
	last_error = bio->error;
	bio_put(bio);
}

static struct bio *a_bio(enum bio_op op, uint64_t sector, unsigned int pages)
{
	struct bio *bio = pool_bio(0, op, sector, sector % 512, pages, 1);

	bio->end = ended;
	bio->private = &job;
	return bio;
}

static void submit(enum bio_op op, uint64_t sector)
{
	submit_bio(a_bio(op, sector, 1));
}

static void assert_log(const char *expected)
{
	assert_string_equal(disk[0].log, expected);
	disk[0].log[0] = '\0';
}

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

/* Splits */

static struct bio seen;

static void look(struct bio *bio)
{
	seen = *bio;
	ended(bio);
}

static struct bio *scattered(unsigned int pages)
{
	struct bio *bio = pool_bio(0, BIO_READ, 80, 900, pages, -1);

	bio->end = look;
	bio->private = &job;
	return bio;
}

/* By 16 segments; each part a request of its own, and the end sees all of it. */
static void test_a_bio_of_too_many_segments(void **state)
{
	(void)state;
	submit_bio(scattered(40));
	assert_log("R80+128 R208+128 R336+64 ");
	assert_int_equal(counts()->splits, 2);
	assert_int_equal(counts()->bios, 1);
	fake_interrupt(&disk[0], 2);
	assert_int_equal(ends, 0);
	fake_interrupt(&disk[0], 1);
	assert_int_equal(ends, 1);
	assert_int_equal(seen.error, 0);
	assert_int_equal(seen.first_vec, 0);
	assert_int_equal(seen.nr_vecs, 40);
	assert_int_equal(seen.sector, 80);
	assert_int_equal(seen.size, 40 * PAGE_SIZE);
}

static void test_of_several_errors_the_first_stays(void **state)
{
	(void)state;
	submit_bio(scattered(40));
	fake_interrupt(&disk[0], 1);
	fake_fail_next(&disk[0], -ENOSPC);
	fake_fail_next(&disk[0], -EIO);
	assert_int_equal(ends, 1);
	assert_int_equal(last_error, -ENOSPC);
}

/* §41.2 item 10: of the part that was split off; the rest may. */
static void test_a_part_never_merges(void **state)
{
	struct blk_plug plug;

	(void)state;
	blk_start_plug(&plug);
	submit(BIO_READ, 80 - 8);
	submit_bio(scattered(20));
	submit(BIO_READ, 80 + 160);
	assert_int_equal(counts()->merges, 1);
	blk_finish_plug(&plug);
	assert_log("R72+8 R80+128 R208+40 ");
}

/* The parts go on while the whole is not yet submitted: a driver that answers at once. */
static void test_parts_that_end_at_once(void **state)
{
	(void)state;
	disk[0].at_once = true;
	submit_bio(scattered(100));
	assert_int_equal(ends, 1);
	assert_int_equal(seen.nr_vecs, 100);
	disk[0].at_once = false;
}

/* Bad bios */

static void test_what_is_refused(void **state)
{
	struct bio *far = a_bio(BIO_READ, FAKE_SECTORS - 8, 2);
	unsigned long in = m->event[PGPGIN];

	(void)state;
	submit_bio(far);
	assert_int_equal(last_error, -EIO);
	submit(BIO_READ, ~0ull - 7);
	assert_int_equal(last_error, -EIO);
	disk[0].disk.read_only = true;
	submit(BIO_WRITE, 0);
	assert_int_equal(last_error, -EROFS);
	assert_int_equal(ends, 3);
	assert_int_equal(counts()->bios, 3); /* counted as they were submitted (§34.2) */
	assert_int_equal(m->event[PGPGIN] - in, 24);
	assert_int_equal(m->event[PGPGOUT], 8);
	assert_int_equal(counts()->requests, 0);
	submit(BIO_READ, FAKE_SECTORS - 8);
	assert_log("R8184+8 ");
}

/* Tags */

static void the_device_answers_once(void)
{
	static unsigned int turn;

	assert_true(workers_run() || fake_interrupt(&disk[0], 8) || turn++ < 100);
}

/* A task's own plugged requests have all the tags: they go out when it sleeps for one (§41.2 item 12). */
static void test_all_tags_are_in_the_plug(void **state)
{
	struct blk_plug plug;

	(void)state;
	fake_disk_remove(&disk[0]);
	add_disk(0, 4, 16);
	disk[0].rand = &rng;
	twin.on_sleep = the_device_answers_once;
	blk_start_plug(&plug);
	for (unsigned int i = 0; i < 5; i++)
		submit(BIO_READ, 16 * i);
	assert_int_equal(counts()->tag_waits, 1);
	assert_int_equal(counts()->flush_sleep, 1);
	assert_int_equal(counts()->dispatched_by_worker, 4);
	assert_log("R0+8 R16+8 R32+8 R48+8 ");
	blk_finish_plug(&plug);
	assert_log("R64+8 ");
}

/* None is free, but the run of the hardware queue frees one: nobody waits. */
static void test_a_miss_runs_the_queue_first(void **state)
{
	(void)state;
	fake_disk_remove(&disk[0]);
	add_disk(0, 2, 16);
	disk[0].rand = &rng;
	submit(BIO_WRITE, 0);
	submit(BIO_WRITE, 100);
	disk[0].at_once = true;
	submit(BIO_WRITE, 200);
	assert_log("W0+8 W100+8 ");
	assert_int_equal(counts()->tag_waits, 0);
	disk[0].at_once = false;
}

/* Synchronous disks */

static char order[64];
static struct disk card;

static int transfer(struct disk *d, struct bio *bio)
{
	(void)d;
	snprintf(order + strlen(order), sizeof(order) - strlen(order), "%lu ",
		(unsigned long)bio->sector);
	return bio->sector == 3 ? -EIO : 0;
}

static const struct disk_ops card_ops = {.transfer = transfer};

static struct bio *card_bio(uint64_t sector, void (*end)(struct bio *bio))
{
	struct bio *bio = a_bio(BIO_READ, sector, 1);

	bio->disk = &card;
	bio->end = end;
	return bio;
}

static void submits_two_more(struct bio *bio)
{
	ended(bio);
	submit_bio(card_bio(2, ended));
	strcat(order, "- ");
	submit_bio(card_bio(3, ended));
}

/* What is submitted while a bio is, waits for its turn. */
static void test_bios_in_bios(void **state)
{
	(void)state;
	card = (struct disk){.memory = m, .ops = &card_ops, .name = "card", .capacity = 1000};
	assert_null(disk_add(&card, 0));
	assert_ptr_equal(disk_find("card"), &card);
	assert_ptr_equal(disk_find("vda"), &disk[0].disk);
	assert_null(disk_find("vdb"));
	assert_ptr_equal(disk_nth(1), &card);
	assert_null(disk_nth(2));
	order[0] = '\0';
	submit_bio(card_bio(1, submits_two_more));
	assert_string_equal(order, "1 - 2 3 ");
	assert_int_equal(ends, 3);
	assert_int_equal(last_error, -EIO);
	disk_remove(&card);
}

static void the_world(void)
{
	workers_run();
	fake_interrupt(&disk[0], 1);
}

static void test_waiting_for_a_bio(void **state)
{
	struct bio *bio = pool_bio(0, BIO_WRITE, 8, 0, 1, 1);

	(void)state;
	twin.on_sleep = the_world;
	*(uint64_t *)page_address(m, pool) = 77;
	assert_int_equal(submit_bio_wait(bio), 0);
	assert_int_equal(disk[0].media[8], 77);
	assert_int_equal(counts()->dispatched_by_task, 1); /* somebody waits */
	bio_put(bio);
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
	TEST(test_a_bio_of_too_many_segments),
	TEST(test_of_several_errors_the_first_stays),
	TEST(test_a_part_never_merges),
	TEST(test_parts_that_end_at_once),
	TEST(test_what_is_refused),
	TEST(test_all_tags_are_in_the_plug),
	TEST(test_a_miss_runs_the_queue_first),
	TEST(test_bios_in_bios),
	TEST(test_waiting_for_a_bio),
};
TEST_GROUP(block)
