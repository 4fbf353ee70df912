/*
 * Segments, what fits, what merges, and the list of pieces that a driver gets (§34.2 with §41.2).
 */
#include "dev/block_case.h"

#define FOUR_GIB (1ul << 20) /* pages */

static struct request rq;
static struct disk plain;

static int setup(void **state)
{
	int err = twin_setup(state);

	m = machine_default();
	plain = (struct disk){.memory = m, .max_segments = 254};
	memset(&rq, 0, sizeof(rq));
	return err;
}

/* Nobody looks into these pages: only where they lie counts. */
static struct bio *bio_at(uint64_t sector)
{
	static struct bio bio[4];
	static struct bio_vec vecs[4][BIO_MAX_VECS];
	static unsigned int next;
	struct bio *b = &bio[next++ % 4];

	*b = (struct bio){
		.disk = &plain, .sector = sector, .op = BIO_READ, .max_vecs = BIO_MAX_VECS};
	b->vecs = vecs[b - bio];
	return b;
}

static void add(struct bio *bio, unsigned long pfn, unsigned int len, unsigned int offset)
{
	assert_true(bio_add_page(bio, m->mem_map + pfn, len, offset));
}

static struct bio *pages_at(uint64_t sector, unsigned long pfn, unsigned int n, int step)
{
	struct bio *bio = bio_at(sector);

	for (unsigned int i = 0; i < n; i++)
		add(bio, pfn + (long)i * step, PAGE_SIZE, 0);
	return bio;
}

static unsigned int segments(struct bio *bio)
{
	assert_int_equal(blk_fitting_vecs(bio), bio->nr_vecs);
	return bio->segments;
}

static void request_of(struct bio *bio)
{
	segments(bio);
	rq = (struct request){.disk = &plain,
		.bio = bio,
		.last_bio = bio,
		.sector = bio->sector,
		.sectors = bio_sectors(bio),
		.segments = bio->segments,
		.op = bio->op,
		.no_merge = bio->no_merge};
}

/* Cold pages ascend from a fresh list, and descend from a drained one. */
static void test_segments_by_the_order_of_pages(void **state)
{
	(void)state;
	assert_int_equal(segments(pages_at(0, 5000, 32, 1)), 1);
	assert_int_equal(segments(pages_at(0, 5000, 32, -1)), 32);
	assert_int_equal(segments(pages_at(0, 5000, 32, 2)), 32);
	assert_int_equal(segments(pages_at(0, 5000, 256, 1)), 1);
}

static void test_parts_of_pages(void **state)
{
	struct bio *bio = bio_at(0);

	(void)state;
	add(bio, 5000, 512, 3584);
	add(bio, 5001, 1024, 0); /* one with it */
	add(bio, 5001, 512, 1024);
	add(bio, 5001, 512, 2048); /* 512 bytes are left out */
	add(bio, 5002, 512, 0);
	assert_int_equal(segments(bio), 3);
	assert_int_equal(bio_sectors(bio), 6);
}

static void test_no_segment_crosses_4_gib(void **state)
{
	struct scatterlist sg[8];

	(void)state;
	request_of(pages_at(0, FOUR_GIB - 2, 4, 1));
	assert_int_equal(rq.segments, 2);
	assert_int_equal(blk_rq_map_sg(&rq, sg), 2);
	assert_int_equal(sg[0].phys, 0xffffe000);
	assert_int_equal(sg[0].len, 8192);
	assert_int_equal(sg[1].phys, 0x100000000);
	assert_int_equal(segments(pages_at(0, 2 * FOUR_GIB - 1, 2, 1)), 2);
	assert_int_equal(segments(pages_at(0, FOUR_GIB, 2, 1)), 1);
}

static void test_what_fits(void **state)
{
	struct bio *bio = pages_at(0, 5000, 10, -1);

	(void)state;
	plain.max_segments = 4;
	assert_int_equal(blk_fitting_vecs(bio), 4);
	assert_int_equal(bio->segments, 4);
	bio = bio_at(0);
	add(bio, 5000, PAGE_SIZE, 0);
	add(bio, 6000, PAGE_SIZE, 0);
	add(bio, 7000, PAGE_SIZE, 0);
	add(bio, 8000, PAGE_SIZE, 0);
	add(bio, 8001, PAGE_SIZE, 0);
	assert_int_equal(blk_fitting_vecs(bio), 5); /* the last belongs to the fourth */
	add(bio, 9000, PAGE_SIZE, 0);
	assert_int_equal(blk_fitting_vecs(bio), 5);
	bio->first_vec = 1;
	bio->nr_vecs = 5;
	assert_int_equal(blk_fitting_vecs(bio), 5);
	assert_int_equal(bio->segments, 4);
}

static enum blk_merge tried(struct bio *bio)
{
	segments(bio);
	return blk_attempt_merge(&rq, bio);
}

static void test_behind_and_before(void **state)
{
	struct bio *bio = pages_at(80, 5000, 2, 1), *behind, *before;

	(void)state;
	request_of(bio);
	behind = pages_at(96, 5002, 1, 1);
	assert_int_equal(tried(behind), BLK_MERGED);
	before = pages_at(64, 4998, 2, 1);
	assert_int_equal(tried(before), BLK_MERGED);
	assert_ptr_equal(rq.bio, before);
	assert_ptr_equal(before->next, bio);
	assert_ptr_equal(bio->next, behind);
	assert_ptr_equal(rq.last_bio, behind);
	assert_int_equal(rq.sector, 64);
	assert_int_equal(rq.sectors, 40);
	assert_int_equal(plain.counts.merges, 2);
}

/* Counted for each bio, one in the list for the device (§41.2 item 10). */
static void test_bios_that_are_neighbours_in_memory(void **state)
{
	struct scatterlist sg[3];

	(void)state;
	request_of(pages_at(0, 5000, 2, 1));
	tried(pages_at(16, 5002, 2, 1));
	tried(pages_at(32, 6000, 1, 1));
	assert_int_equal(rq.segments, 3);
	assert_int_equal(blk_rq_map_sg(&rq, sg), 2);
	assert_int_equal(sg[0].phys, 5000ul << PAGE_SHIFT);
	assert_int_equal(sg[0].len, 4 * PAGE_SIZE);
	assert_int_equal(sg[1].phys, 6000ul << PAGE_SHIFT);
}

static void test_what_does_not_merge(void **state)
{
	struct disk other = plain;
	struct bio *bio;

	(void)state;
	request_of(pages_at(0, 5000, 2, 1));
	assert_int_equal(tried(pages_at(24, 5002, 1, 1)), BLK_APART);
	assert_int_equal(tried(pages_at(8, 5002, 1, 1)), BLK_APART);
	bio = pages_at(16, 5002, 1, 1);
	bio->op = BIO_WRITE;
	assert_int_equal(tried(bio), BLK_APART);
	bio = pages_at(16, 5002, 1, 1);
	bio->no_merge = true; /* a part of another one (§41.2 item 10) */
	assert_int_equal(tried(bio), BLK_APART);
	bio = pages_at(16, 5002, 1, 1);
	bio->disk = &other;
	assert_int_equal(tried(bio), BLK_APART);
	rq.no_merge = true;
	assert_int_equal(tried(pages_at(16, 5002, 1, 1)), BLK_APART);
	rq.no_merge = false;
	assert_int_equal(tried(pages_at(16, 5002, 1, 1)), BLK_MERGED);
}

/* 254 segments, 2560 sectors; a neighbour that was too much leaves the request closed for others. */
static void test_limits_of_a_request(void **state)
{
	(void)state;
	request_of(pages_at(1000, 9000, 250, -1));
	assert_int_equal(tried(pages_at(3000, 5000, 4, -1)), BLK_MERGED);
	assert_int_equal(rq.segments, 254);
	assert_int_equal(tried(pages_at(3032, 6000, 1, -1)), BLK_FULL);
	assert_true(rq.no_merge);
	request_of(pages_at(0, 5000, 256, 1));
	assert_int_equal(tried(pages_at(2048, 7000, 65, 1)), BLK_FULL);
	assert_int_equal(tried(pages_at(2048, 7000, 1, 1)), BLK_APART);
	request_of(pages_at(0, 5000, 256, 1));
	assert_int_equal(tried(pages_at(2048, 7000, 64, 1)), BLK_MERGED);
	assert_int_equal(rq.sectors, BLK_MAX_SECTORS);
	assert_int_equal(tried(pages_at(2560, 7000, 1, 1)), BLK_FULL);
}

static void test_a_flush_is_nobody_s_neighbour(void **state)
{
	struct bio *flush = bio_at(0);

	(void)state;
	flush->op = BIO_FLUSH;
	request_of(flush);
	assert_int_equal(rq.segments, 0);
	assert_int_equal(tried(pages_at(0, 5000, 1, 1)), BLK_APART);
	assert_int_equal(blk_rq_map_sg(&rq, NULL), 0);
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, twin_teardown)
static const struct CMUnitTest tests[] = {
	TEST(test_segments_by_the_order_of_pages),
	TEST(test_parts_of_pages),
	TEST(test_no_segment_crosses_4_gib),
	TEST(test_what_fits),
	TEST(test_behind_and_before),
	TEST(test_bios_that_are_neighbours_in_memory),
	TEST(test_what_does_not_merge),
	TEST(test_limits_of_a_request),
	TEST(test_a_flush_is_nobody_s_neighbour),
};
TEST_GROUP(block_merge)
