/*
 * The block layer under random work: every bio ends once, with the right error, and what is on the disks
 * is what was written, whatever drivers do. HOST_SEED draws others.
 */
#include <errno.h>

#include "dev/block_case.h"

#include "fibers.h"

#define MOST_JOBS 40
#define IDLE      1000 /* turns of the world that lead to nothing */

#ifdef LW_DEBUG
#define LIVES(n) ((n) / 4) /* each writes all that it frees */
#else
#define LIVES(n) (n)
#endif

struct job {
	struct fake_job fake; /* first: bio->private */
	struct bio *bio;
	unsigned int disk, pages[BIO_MAX_VECS];
	uint64_t sector, sectors;
	enum bio_op op;
	uint64_t version;
	unsigned int ended; /* how often */
	bool refused;
};

static struct rand rng;
static struct job job[MOST_JOBS];
static unsigned int nr_jobs;
static uint64_t shadow[2][FAKE_SECTORS];
static bool page_taken[POOL_PAGES];
static unsigned int pages_left;
static uint64_t versions;
static unsigned int idle;

static unsigned int draw(unsigned int n)
{
	return rand_below(&rng, n);
}

static uint64_t stamp(uint64_t sector, uint64_t version)
{
	return (sector + 1) * 0x9e3779b97f4a7c15ull ^ version;
}

static void ended(struct bio *bio)
{
	struct job *j = bio->private;

	__atomic_add_fetch(&j->ended, 1, __ATOMIC_RELEASE);
}

/* What is under way and overlaps may be read at once, and nothing else: no driver keeps an order. */
static bool collides(unsigned int d, enum bio_op op, uint64_t sector, uint64_t sectors)
{
	for (unsigned int i = 0; i < nr_jobs; i++) {
		const struct job *j = &job[i];

		if (j->disk == d && !(op == BIO_READ && j->op == BIO_READ) &&
			sector < j->sector + j->sectors && j->sector < sector + sectors)
			return true;
	}
	return false;
}

/* A page that no bio has; `near` and `step` say which is tried first. */
static unsigned int take_page(unsigned int near, int step)
{
	for (;; near += step) {
		near %= POOL_PAGES;
		if (page_taken[near])
			continue;
		page_taken[near] = true;
		pages_left--;
		return near;
	}
}

static uint64_t *words_of(const struct bio_vec *v)
{
	return (uint64_t *)((char *)page_address(m, v->page) + v->offset);
}

/* fn() of each sector of a bio, with the first word of its data. */
static void for_each_sector(
	struct job *j, void (*fn)(struct job *j, uint64_t sector, uint64_t *word))
{
	uint64_t sector = j->sector;

	for (unsigned int i = 0; i < j->bio->nr_vecs; i++)
		for (unsigned int at = 0; at < j->bio->vecs[i].len; at += 512)
			fn(j, sector++, words_of(&j->bio->vecs[i]) + at / 8);
}

static void prepare(struct job *j, uint64_t sector, uint64_t *word)
{
	*word = j->op == BIO_WRITE ? stamp(sector, j->version) : ~0ull;
}

static void compare(struct job *j, uint64_t sector, uint64_t *word)
{
	uint64_t *was = &shadow[j->disk][sector], is = disk[j->disk].media[sector][0];

	if (j->op == BIO_WRITE)
		*was = j->bio->error ? is : stamp(sector, j->version);
	else if (!j->bio->error)
		assert_int_equal(*word, *was);
	assert_int_equal(is, *was);
}

static unsigned int some_pages(void)
{
	switch (draw(16)) {
	case 0:
		return 1 + draw(BIO_MAX_VECS);
	case 1 ... 4:
		return 1 + draw(40);
	default:
		return 1 + draw(5);
	}
}

static void add_vecs(struct job *j, unsigned int pages)
{
	int step = draw(3) ? 1 : draw(2) ? -1 : 7;
	unsigned int near = draw(POOL_PAGES);
	bool parts = draw(4) == 0;

	for (unsigned int i = 0; i < pages; i++) {
		unsigned int offset = parts ? 512 * draw(8) : 0;
		unsigned int len = parts ? 512 * (1 + draw(8 - offset / 512)) : PAGE_SIZE;

		j->pages[i] = near = take_page(near + step, step);
		assert_true(bio_add_page(j->bio, pool + near, len, offset));
	}
	j->sectors = bio_sectors(j->bio);
}

/* Often next to another one that is under way, so that there is something to merge. */
static uint64_t some_sector(uint64_t sectors)
{
	uint64_t sector = draw(FAKE_SECTORS - sectors);

	if (nr_jobs && draw(2)) {
		const struct job *other = &job[draw(nr_jobs)];

		sector = draw(2) ? other->sector + other->sectors : other->sector - sectors;
	}
	return draw(200) ? sector % (FAKE_SECTORS - sectors + 1) : FAKE_SECTORS - draw(sectors + 1);
}

static bool choose_place(struct job *j)
{
	for (int tries = 0; tries < 10; tries++) {
		j->sector = some_sector(j->sectors);
		if (!collides(j->disk, j->op, j->sector, j->sectors))
			return true;
	}
	return false;
}

static void give_pages_back(struct job *j)
{
	for (unsigned int i = 0; i < j->bio->nr_vecs; i++)
		page_taken[j->pages[i]] = false;
	pages_left += j->bio->nr_vecs;
}

static void expect_refusal(struct job *j)
{
	const struct disk *d = &disk[j->disk].disk;

	if (j->op == BIO_WRITE && d->read_only)
		j->fake.expected = -EROFS;
	else if (j->sector + j->sectors > d->capacity)
		j->fake.expected = -EIO;
	j->refused = j->fake.expected;
}

/* Not submitted yet; false: there was no place for it. */
static bool make_job(struct job *j, unsigned int disks)
{
	memset(j, 0, sizeof(*j));
	j->disk = draw(disks);
	j->op = draw(20) ? draw(2) : BIO_FLUSH;
	j->bio = bio_alloc(draw(2) ? GFP_KERNEL : GFP_NOIO, j->op == BIO_FLUSH ? 0 : some_pages());
	j->bio->disk = &disk[j->disk].disk;
	j->bio->op = j->op;
	j->bio->sync = draw(2);
	j->bio->end = ended;
	j->bio->private = j;
	j->version = ++versions;
	if (j->op == BIO_FLUSH)
		return true;
	add_vecs(j, 1 + draw(MIN((unsigned int)j->bio->max_vecs, pages_left)));
	if (!choose_place(j)) {
		give_pages_back(j);
		bio_put(j->bio);
		return false;
	}
	j->bio->sector = j->sector;
	expect_refusal(j);
	if (!j->refused)
		for_each_sector(j, prepare);
	return true;
}

static void finish_job(struct job *j)
{
	assert_int_equal(j->ended, 1);
	assert_int_equal(j->bio->error, j->fake.expected);
	assert_int_equal(bio_sectors(j->bio), j->sectors);
	if (!j->refused)
		for_each_sector(j, compare);
	give_pages_back(j);
	bio_put(j->bio);
}

/* The world */

static bool devices_go_on(unsigned int disks)
{
	bool did = false;

	for (unsigned int i = 0; i < disks; i++)
		if (draw(2))
			did = fake_interrupt(&disk[i], 1 + draw(draw(2) ? 3 : 40)) || did;
	return did;
}

static unsigned int disks_now;

static void world(void)
{
	unsigned int cpu = this_cpu_id();
	bool did = draw(3) && workers_run();

	become_cpu(0);
	did = devices_go_on(disks_now) || did;
	become_cpu(cpu);
	idle = did ? 0 : idle + 1;
	if (idle > IDLE)
		fail_msg("nothing goes on any more: %u of vda fly, %u are known to it, stopped %d",
			disk[0].nr, disk[0].visible, disk[0].disk.stopped);
}

static bool all_ended(void)
{
	for (unsigned int i = 0; i < nr_jobs; i++)
		if (!job[i].ended)
			return false;
	return true;
}

static unsigned int rarely(unsigned int n)
{
	return draw(3) ? 0 : n;
}

static void new_habits(struct fake_disk *f)
{
	f->rand = &rng;
	f->room = draw(3) ? FAKE_ROOM : 1 + draw(6);
	f->at_once = draw(6) == 0;
	f->any_order = draw(2);
	f->busy_in = rarely(5);
	f->refuse_in = rarely(20);
	f->fail_in = rarely(8);
	f->disk.read_only = draw(12) == 0;
	f->log[0] = '\0';
}

/* Of each disk 16 at most, of which a flush waits no longer. */
static void check_plug(const struct blk_plug *plug)
{
	const struct request *rq;
	unsigned int held[2] = {0, 0};

	list_for_each_entry(rq, &plug->mq_list, node)
		assert_true(++held[rq->disk == &disk[1].disk] <= BLK_MAX_REQUEST_COUNT);
}

static void check_rest(unsigned int disks)
{
	for (unsigned int i = 0; i < disks; i++) {
		assert_int_equal(disk[i].disk.tags.in_use, 0);
		assert_int_equal(disk[i].nr, 0);
		assert_true(list_empty(&disk[i].disk.dispatch));
	}
	assert_int_equal(sched_answers_owed, 0);
	assert_null(current->plug);
	assert_null(current->bios);
}

static void one_round(unsigned int disks)
{
	struct blk_plug plug;
	bool plugged = draw(2);

	nr_jobs = 0;
	disks_now = disks;
	for (unsigned int i = 0; i < disks; i++)
		new_habits(&disk[i]);
	if (plugged)
		blk_start_plug(&plug);
	for (unsigned int wanted = 1 + draw(MOST_JOBS); wanted && pages_left; wanted--) {
		if (!make_job(&job[nr_jobs], disks))
			continue;
		submit_bio(job[nr_jobs++].bio);
		if (plugged)
			check_plug(&plug);
		if (draw(8) == 0)
			world();
		if (draw(8) == 0)
			become_cpu(draw(nr_cpus));
	}
	if (plugged)
		blk_finish_plug(&plug);
	while (!all_ended())
		world();
	become_cpu(0);
	for (unsigned int i = 0; i < nr_jobs; i++)
		finish_job(&job[i]);
	while (workers_run())
		;
	check_rest(disks);
}

static void lives(unsigned int cpus, unsigned int disks, unsigned int rounds)
{
	static const unsigned int depths[] = {1, 2, 4, 16, 128, 256};
	static const unsigned int segments[] = {1, 3, 16, 126, 254};
	long before;

	memset(shadow, 0, sizeof(shadow));
	block_machine(cpus);
	before = all_free(m);
	for (unsigned int i = 0; i < disks; i++)
		add_disk(i, depths[draw(6)], segments[draw(5)]);
	twin.on_sleep = world;
	while (rounds--) {
		twin.sleeps = 0;
		idle = 0;
		one_round(disks);
	}
	twin.on_sleep = NULL;
	for (unsigned int i = 0; i < disks; i++)
		fake_disk_remove(&disk[i]);
	slab_shrink_all(m);
	assert_int_equal(all_free(m), before);
	assert_valid(m);
}

static int setup(void **state)
{
	const char *text = getenv("HOST_SEED");
	int err = twin_setup(state);

	rand_seed(&rng, text && *text ? strtoull(text, NULL, 0) : 1);
	memset(page_taken, 0, sizeof(page_taken));
	pages_left = POOL_PAGES;
	return err;
}

static void again(unsigned int cpus, unsigned int disks, unsigned int machines)
{
	void *unused = NULL;

	while (machines--) {
		lives(cpus, disks, 20);
		twin_teardown(&unused);
		twin_setup(&unused);
	}
}

static void test_random_bios_on_one_cpu(void **state)
{
	(void)state;
	again(1, 1, LIVES(50));
}

static void test_random_bios_on_several_cpus_and_two_disks(void **state)
{
	(void)state;
	again(4, 2, LIVES(70));
}

/* CPUs as fibers: two submit, one has the workers' turns, one takes the interrupts. */

#define RACERS 2

static unsigned int racing;

static void race_submit(void *unused)
{
	unsigned int me = this_cpu_id() - 2;
	struct blk_plug plug;
	struct bio *bio[6];
	struct job *j = &job[me];

	(void)unused;
	for (unsigned int round = 0; round < 2; round++) {
		if (round)
			blk_start_plug(&plug);
		for (unsigned int i = 0; i < 6; i++) {
			bio[i] = pool_bio(0, i % 2 ? BIO_READ : BIO_WRITE, 1000 * me + 8 * i,
				100 * me + 2 * i, 1, 1);
			bio[i]->end = ended;
			bio[i]->private = j;
			submit_bio(bio[i]);
		}
		if (round)
			blk_finish_plug(&plug);
		while (READ_ONCE(j->ended) < 6 * (round + 1))
			schedule_timeout(TASK_UNINTERRUPTIBLE, 1);
		for (unsigned int i = 0; i < 6; i++)
			bio_put(bio[i]);
	}
	racing--;
}

static void race_interrupts(void *unused)
{
	(void)unused;
	while (racing) {
		fake_interrupt(&disk[0], 1 + draw(3));
		fiber_yield();
	}
}

static void race_work(void *unused)
{
	(void)unused;
	current->flags |= PF_WQ_WORKER;
	while (racing) {
		for (unsigned int cpu = 0; cpu < nr_cpus; cpu++)
			process_one_work(cpu);
		fiber_yield();
	}
}

static void one_race(uint64_t seed)
{
	void (*const fn[])(void *) = {race_interrupts, race_work, race_submit, race_submit};

	block_machine(4);
	for (unsigned int id = 4; id-- > 0;) {
		become_cpu(id);
		become(task_new("racer", 40 + id, NULL));
	}
	add_disk(0, 1 + draw(4), 1 + draw(4));
	disk[0].rand = &rng;
	disk[0].room = 1 + draw(3);
	disk[0].any_order = draw(2);
	disk[0].busy_in = rarely(3);
	memset(job, 0, sizeof(job));
	racing = RACERS;
	run_on_cpus(4, fn, NULL, turns_drawn(seed, 1 + draw(20)));
	for (unsigned int i = 0; i < RACERS; i++)
		assert_int_equal(job[i].ended, 12);
	while (workers_run())
		;
	check_rest(1);
	fake_disk_remove(&disk[0]);
}

static void test_submitters_workers_and_interrupts_race(void **state)
{
	for (unsigned int i = 0; i < LIVES(60); i++) {
		one_race(rand_next(&rng));
		twin_teardown(state);
		twin_setup(state);
	}
}

/* The last bio has ended, its tag is not back yet, and the disk goes. */
static bool gone;

static struct completion over;

static void wake_remover(struct bio *bio)
{
	complete(&over);
	sched_point(); /* it may be all the faster */
	bio_put(bio);
}

static void remove_disk(void *unused)
{
	struct bio *bio = pool_bio(0, BIO_READ, 0, 0, 1, 1);

	(void)unused;
	completion_init(&over, "bio");
	bio->end = wake_remover;
	submit_bio(bio);
	wait_for_completion(&over);
	fake_disk_remove(&disk[0]);
	gone = true;
}

static void interrupt_once(void *unused)
{
	(void)unused;
	while (!disk[0].nr)
		fiber_yield();
	fake_interrupt(&disk[0], 1);
}

static void test_a_disk_goes_while_an_interrupt_ends_its_last_bio(void **state)
{
	unsigned long alone = 1;

	for (unsigned long k = 0; k <= alone; k++) {
		block_machine(2);
		for (unsigned int id = 2; id-- > 0;) {
			become_cpu(id);
			become(task_new("racer", 40 + id, NULL));
		}
		add_disk(0, 4, 4);
		add_disk(1, 4, 4); /* so that the workers stay */
		disk[0].rand = &rng;
		gone = false;
		run_on_cpus(2, (void (*const[])(void *)){interrupt_once, remove_disk}, NULL,
			turns_switch_once(k));
		assert_true(gone);
		alone = points_passed(0);
		fake_disk_remove(&disk[1]);
		twin_teardown(state);
		twin_setup(state);
	}
	assert_true(alone > 2);
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, twin_teardown)
static const struct CMUnitTest tests[] = {
	TEST(test_random_bios_on_one_cpu),
	TEST(test_random_bios_on_several_cpus_and_two_disks),
	TEST(test_submitters_workers_and_interrupts_race),
	TEST(test_a_disk_goes_while_an_interrupt_ends_its_last_bio),
};
TEST_GROUP(block_random)
