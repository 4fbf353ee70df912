/*
 * Bios on their way: splits, what is refused, waits for a tag, disks without a queue (§34.2, §34.4, §34.10).
 */
#include "dev/block_steps.h"

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
	assert_int_equal(mm_event_told(m, PGPGIN), (in + 24) / 2); /* KiB (§22.5) */
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
	assert_int_equal(disk[0].media[8][0], 77);
	assert_int_equal(counts()->dispatched_by_task, 1); /* somebody waits */
	bio_put(bio);
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
static const struct CMUnitTest tests[] = {
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
TEST_GROUP(block_bio)
