/*
 * How fast the twin is: machines live through random operations (fuzz/play.h), with every check of
 * theirs, in an optimised build without sanitizers. Prints requests and frees a second.
 * HOST_SEED draws other ones, HOST_BENCH says how many million.
 */
#include <time.h>

#include "../fuzz/play.h"
#include "kernel/core/rand.h"

#define LIFE_BYTES 65536

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static unsigned long number(const char *name, unsigned long otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoul(text, NULL, 0) : otherwise;
}

int main(void)
{
	static uint8_t life[LIFE_BYTES];
	unsigned long wanted = number("HOST_BENCH", 10) * 1000000;
	struct rand r;
	double start = now(), seconds;

	setenv("CMOCKA_TEST_ABORT", "1", 1);
	rand_seed(&r, number("HOST_SEED", 1));
	while (play_stats.operations < wanted) {
		for (size_t i = 0; i < sizeof(life); i++)
			life[i] = rand_next(&r) >> 56;
		play(life, sizeof(life));
	}
	seconds = now() - start;
	printf("host-bench: %lu operations (%lu refused) of %lu machines in %.1f s: "
	       "%.2f million a second, validated every %u\n",
		play_stats.operations, play_stats.refused, play_stats.machines, seconds,
		play_stats.operations / seconds / 1e6, PLAY_CHECK_EVERY);
	return 0;
}
