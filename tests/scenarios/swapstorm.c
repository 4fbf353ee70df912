/*
 * swapstorm: apps with threads use more memory than there is, each thread its own pages of it, by writes, looks, and
 * unmapping, at random; every fourth chunk is shared memory. One app is killed in the middle. What a page holds is known to whoever has written it last:
 * nothing may be lost, whatever goes to swap and comes back, from a card and from a disk. Made for many schedules:
 * `make sweep SCENARIO=swapstorm SCHEDS=1..200`.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/scenarios/app_test.h"

#define PAGE    4096l
#define APPS    3
#define THREADS 2
#define CHUNK   16 /* pages that are mapped and unmapped together */
#define SHARED  4  /* of so many chunks one is shared memory */
#define KILLED  (-9)

static long mib KERNEL_DATA = 54;
static long rounds KERNEL_DATA = 4;
static volatile long killed_early KERNEL_DATA;
static long shared_out KERNEL_DATA; /* pages of shared memory that were seen to be in swap */

/* One thread's part: a stamp for each page, 0 where nothing has been written since it was mapped. */
struct part {
	unsigned char **chunk;
	unsigned long *stamp;
	unsigned long rand;
	long pages;
	volatile int done;
};

static struct part parts[THREADS];

static unsigned long draw(struct part *p)
{
	p->rand = p->rand * 6364136223846793005ul + 1442695040888963407ul;
	return p->rand >> 33;
}

static unsigned long *at(const struct part *p, long i)
{
	return (unsigned long *)(p->chunk[i / CHUNK] + i % CHUNK * PAGE);
}

static void fail(const char *what)
{
	printf("%s\n", what);
	exit(1);
}

static void write_page(struct part *p, long i)
{
	unsigned long stamp = draw(p) << 20 | i | 1ul << 62;

	at(p, i)[0] = at(p, i)[PAGE / 8 - 1] = stamp;
	p->stamp[i] = stamp;
}

static void look(const struct part *p, long i)
{
	if (at(p, i)[0] != p->stamp[i] || at(p, i)[PAGE / 8 - 1] != p->stamp[i])
		fail("a page is not what was written to it");
}

static void map_chunk(struct part *p, long c)
{
	p->chunk[c] = c % SHARED ? lw_map(CHUNK * PAGE) : lw_map_shared(CHUNK * PAGE);
	if (!p->chunk[c])
		exit(LW_NO_MEMORY);
	memset(p->stamp + c * CHUNK, 0, CHUNK * sizeof(*p->stamp));
}

static void map_anew(struct part *p, long c)
{
	if (lw_unmap(p->chunk[c], CHUNK * PAGE))
		fail("a chunk could not be unmapped");
	map_chunk(p, c);
}

static void use(struct part *p)
{
	for (long n = 0; n < p->pages; n++) {
		long i = draw(p) % p->pages;

		switch (draw(p) % 8) {
		case 0:
			if (draw(p) % CHUNK == 0)
				map_anew(p, i / CHUNK);
			break;
		case 1:
		case 2:
		case 3:
			write_page(p, i);
			break;
		default:
			look(p, i);
		}
	}
}

static void look_for_shared(struct part *p)
{
	for (long c = 0; c < p->pages / CHUNK; c += SHARED)
		if (lw_swap_slot(p->chunk[c]) > 0)
			__atomic_add_fetch(&shared_out, 1, __ATOMIC_RELAXED);
}

static void life(long which)
{
	struct part *p = &parts[which];

	for (long i = 0; i < p->pages; i++)
		write_page(p, i);
	for (long r = 0; r < rounds; r++) {
		look_for_shared(p);
		use(p);
	}
	for (long i = 0; i < p->pages; i++)
		look(p, i);
	p->done = 1;
	lw_wake();
}

static void set_up(long index, long which)
{
	struct part *p = &parts[which];

	p->pages = (mib << 8) / APPS / THREADS / CHUNK * CHUNK;
	p->chunk = calloc(p->pages / CHUNK, sizeof(*p->chunk));
	p->stamp = calloc(p->pages, sizeof(*p->stamp));
	if (!p->chunk || !p->stamp)
		exit(LW_NO_MEMORY);
	p->rand = index * THREADS + which + 1;
	for (long c = 0; c < p->pages / CHUNK; c++)
		map_chunk(p, c);
}

static void app(long index)
{
	for (long i = 0; i < THREADS; i++)
		set_up(index, i);
	for (long i = 1; i < THREADS; i++)
		if (lw_clone("thread", LW_THREAD, life, i) < 0)
			exit(LW_NO_MEMORY);
	life(0);
	for (long i = 1; i < THREADS; i++)
		wait_until(parts[i].done);
}

static void killer(long pid)
{
	lw_sleep_ms(20);
	killed_early = lw_alive(pid);
	lw_kill(pid);
}

static void swapstorm(long unused)
{
	int pid[APPS], code, well = 0, killed = 0;

	(void)unused;
	for (long i = 0; i < APPS; i++)
		pid[i] = lw_spawn("app", app, i);
	lw_spawn("killer", killer, pid[0]);
	for (int left = APPS + 1; left; left--) {
		lw_wait(&code);
		well += code == 0;
		killed += code == KILLED;
	}
	report(well + killed == APPS + 1 && killed <= 1, "every_page_is_what_was_written");
	report(killed_early, "one_app_was_killed_in_the_middle");
	report(shared_out > 0, "shared_memory_was_in_swap");
	report_end();
}

static const struct param knobs[] = {
	{"mib", "memory that the apps use, in MiB", 1, 1024, &mib, NULL},
	{"rounds", "how often each page is used, about", 0, 100, &rounds, NULL},
};

static const struct scenario_arm arms[] = {
	{.patch = "none",
		.outcome = "completed",
		.checks = {"ktap_failed == 0", "oom_kills == 0", "pswpout > 3000", "pswpin > 1000"},
		.showed = "{pswpout} pages out, {pswpin} back, none lost"},
};

SCENARIO(swapstorm_scenario) = {
	.name = "swapstorm",
	.help = "apps whose pages go to swap and back at random",
	.group = "test",
	.app = swapstorm,
	.knobs = knobs,
	.nr_knobs = ARRAY_SIZE(knobs),
	.arms = arms,
	.nr_arms = ARRAY_SIZE(arms),
	.args = "swap=card:16380:5,vda:16380:5",
	.mem_mib = 32,
	.devices = "disk=32 card=32",
};
