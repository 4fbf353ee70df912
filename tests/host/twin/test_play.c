/*
 * Lives of small machines, drawn with a seed (HOST_SEED): what `make fuzz` searches, sampled here.
 */
#include "fuzz/play.h"
#include "kernel/core/rand.h"

/* Poison and lock checks take their time. */
#ifdef LW_DEBUG
#define LIVES 48
#else
#define LIVES 400
#endif
#define BYTES 400

static void live(struct rand *r, unsigned int lives, unsigned int bytes)
{
	static uint8_t life[16 * BYTES];

	assert_true(bytes <= sizeof(life));
	while (lives--) {
		for (unsigned int i = 0; i < bytes; i++)
			life[i] = rand_next(r) >> 56;
		play(life, bytes);
	}
}

/* Pages went to swap and came back, by reclaim as well as by name. */
static void assert_has_swapped(void)
{
	assert_true(play_stats.out > play_stats.machines);
	assert_true(play_stats.in > play_stats.machines);
	assert_true(play_stats.stolen > play_stats.machines);
}

/* Pages of files were reclaimed, dropped, and asked for where there are none. */
static void assert_has_read_files(void)
{
	assert_true(play_stats.evicted > play_stats.machines);
	assert_true(play_stats.dropped > play_stats.machines);
	assert_true(play_stats.sigbus > play_stats.machines);
}

/* play() sets up and tears down itself. */
static void test_random_lives(void **state)
{
	const char *seed = getenv("HOST_SEED");
	struct rand r;

	(void)state;
	rand_seed(&r, seed && *seed ? strtoull(seed, NULL, 0) : 1);
	live(&r, LIVES, BYTES);
	live(&r, LIVES / 16, 16 * BYTES);
	assert_has_swapped();
	assert_has_read_files();
}

static void test_a_life_may_be_short(void **state)
{
	static const uint8_t zeroes[PLAY_HEADER];

	(void)state;
	for (size_t size = 0; size <= PLAY_HEADER; size++)
		play(zeroes, size);
}

static const struct CMUnitTest tests[] = {
	TEST(test_random_lives),
	TEST(test_a_life_may_be_short),
};
TEST_GROUP(play)
