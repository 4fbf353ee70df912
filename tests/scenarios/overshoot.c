/*
 * overshoot: the second report of the highatomic seeds (reference §12.6, §4.9 E): "another example
 * exceeded the limit by the race". First the drift: pageblocks are counted off that are not counted
 * (stray_reserve.h), so that the ring makes more reserve than there may be, and the watermarks hold by
 * pages that nobody can have. Then pressure, until nothing but reserve is free. A task then takes a
 * page fault on its mapped text: there are movable pages on the per-CPU list, or reclaim brings some;
 * the request's indirect table is GFP_ATOMIC, and there is no page for its slab. The read is sent
 * without a table, and the text is right.
 *
 * Who holds the small objects (slabhold.h) holds what is free in their slabs, otherwise no page would
 * be asked for, and what kswapd freed while the app still grew. The read itself wakes kswapd before it
 * comes to its table; on a CPU of its own kswapd is sometimes faster, and there is a page. So it runs
 * where everybody does.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "kernel/dev/swap_disk.h"
#include "kernel/task/app.h"
#include "kernel/task/scenario.h"
#include "tests/scenarios/stray_reserve.h"
#include "tests/workloads/dropcache.h"
#include "tests/workloads/filework.h"
#include "tests/workloads/quiet.h"
#include "tests/workloads/rxring.h"
#include "tests/workloads/slabhold.h"

#define PAGE  4096l
#define WORDS (PAGE / 8)
#define TEXT  "bin/imklog"
#define PAGES 1536
/*
 * Around the first are pages 1496 to 1527, and around the last 1519 and on: eight are missing then.
 * Their table has ten descriptors at most: an object of 192 bytes or less, whose slab is a page.
 */
#define FIRST 1512
#define LAST  (PAGES - 1)

static long rounds KERNEL_DATA = 6;
static long first KERNEL_DATA = 16;
static long over KERNEL_DATA = 2;
static long keep_percent KERNEL_DATA = 70;
static long swapped KERNEL_DATA = 512;
static long swap_kib KERNEL_DATA = 255996;
static long dma_pages KERNEL_DATA = 20;

static volatile long ready KERNEL_DATA, wrong KERNEL_DATA;

static const struct param knobs[] = {
	STRAY_KNOBS,
	{"first", "pages of the cache that go before buffers are wanted; 4 more each round", 0,
		1024, &first, NULL},
	{"rounds", "how often the cache is dropped and the reserve filled again", 0, 16, &rounds,
		NULL},
	{"over", "pageblocks of reserve above the limit that are enough", 1, 16, &over, NULL},
	{"keep", "percent of the cache that a round leaves", 0, 100, &keep_percent, NULL},
	{"swapped", "pages that the app wants beyond what is free", 0, 65536, &swapped, NULL},
	{"swap_kib", "the swap on the card, in KiB", 1, 255996, &swap_kib, NULL},
	{"dma", "pages that ZONE_DMA has less than its lowmem_reserve", 0, 1000, &dma_pages, NULL},
};

static struct lw_zone last_zone(void)
{
	struct lw_meminfo m;

	lw_meminfo(&m);
	return m.zone[m.nr_zones - 1];
}

static int is_right(const uint64_t *text, uint64_t page)
{
	const uint64_t *word = text + page * WORDS;
	uint64_t first = page << 32 ^ filework_key(TEXT);

	for (unsigned long i = 0; i < WORDS; i++)
		if (word[i] != (first ^ i))
			return 0;
	return 1;
}

static void imklog(long unused)
{
	int error = 0;
	const uint64_t *text = lw_map_file(TEXT, 0, PAGES * PAGE, 1, &error);

	(void)unused;
	lw_bind(0);
	if (!text) {
		printf("%s: error %d\n", TEXT, error);
		exit(1);
	}
	wrong += !is_right(text, FIRST);
	ready = 1;
	lw_wake();
	while (ready == 1) {
		long seen = lw_event_count();

		if (ready == 1)
			lw_wait_event(seen);
	}
	wrong += !is_right(text, LAST);
	ready = 3;
	lw_wake();
}

static void until_ready(long is, int pid)
{
	while (ready != is && lw_alive(pid)) {
		long seen = lw_event_count();

		if (ready != is)
			lw_wait_event(seen);
	}
}

/* Only now: before, reclaim should take the cache and nothing else. */
static void swap_on_the_card(void)
{
	kernel_enter();
	swap_disk_on("card", swap_kib);
	kernel_leave();
}

/*
 * Pageblocks above the limit that are enough. On more than two CPUs fewer pages become strays, and a
 * round may lose what others have made: from half of them on, any.
 */
static long enough(long round)
{
	return lw_nr_cpus() > 2 && 2 * round >= rounds ? 1 : over;
}

/*
 * Rounds, until so many pageblocks are above the limit, or for as often as is said. In each the per-CPU
 * list stands elsewhere when reclaim begins: whether pages become strays goes with that.
 */
static void drift(void)
{
	struct lw_meminfo m;

	lw_meminfo(&m);
	for (long i = 0; i < rounds; i++) {
		struct lw_zone z = preferred();

		if (z.highatomic_blocks >= z.reserve_max + enough(i) * m.pageblock_pages)
			break;
		dropcache_drop(first + 4 * i);
		need_buffers(keep_percent);
		fill_reserve("reserve filled again");
	}
	drop_cache();
}

/* A device has what is free of the lowest zone, down to some pages less than others leave it. */
static void take_dma(void)
{
	struct lw_zone z = last_zone();

	if (z.free > z.protection - dma_pages)
		slabhold_dma(z.free - z.protection + dma_pages);
}

/*
 * The app grows into swap, and when kswapd sleeps again, by pages, until nothing but reserve is free.
 * Nobody wakes kswapd then: on free pages that are all reserve the fast watermark test passes
 * (reference §2.7).
 */
static void press(void)
{
	struct lw_zone z = preferred();

	app_grows_by(z.free - z.free_highatomic + below() + swapped);
	quiet_kswapd();
	for (z = preferred(); z.free > z.free_highatomic && app_lives(); z = preferred())
		app_grows_by(1);
}

/* As small objects, until kswapd sleeps and has left nothing. How many: none if a killed app left it all. */
static long hold_what_is_free(void)
{
	long n, sum = 0;

	if (!app_lives())
		return 0;
	do {
		quiet_kswapd();
		n = slabhold_objects();
		sum += n;
	} while (n);
	return sum;
}

static void overshoot(long unused)
{
	struct lw_zone z = preferred();
	struct lw_meminfo m;
	int pid;

	(void)unused;
	lw_meminfo(&m);
	lw_bind(0);
	quiet_kswapd_on(0);
	pid = lw_spawn("in:imklog", imklog, 0);
	until_ready(1, pid);
	stray_start(2 * z.reserve_max / m.pageblock_pages);
	take_dma();
	rxring_start(stray_burst);
	fill_reserve("reserve filled");
	drift();
	rxring_stop();
	z = preferred();
	lw_counter(COUNTER("overshoot_pages"),
		z.highatomic_blocks > z.reserve_max ? z.highatomic_blocks - z.reserve_max : 0);
	lw_counter(COUNTER("uncounted_pages"), z.highatomic_blocks - z.reserved_highatomic);
	swap_on_the_card();
	press();
	take_dma();
	say("under pressure");
	printf("%ld small objects held\n", hold_what_is_free());
	ready = 2;
	lw_wake();
	until_ready(3, pid);
	say("text read");
	lw_counter(COUNTER("overshoot_text_wrong"), wrong + (ready != 3));
	slabhold_free();
	app_ends();
}

/* The read is sent without its table, and the text is right. */
#define A_TABLE_REFUSED                                                                            \
	"kind == 'alloc-failure' and comm == 'in:imklog'",                                         \
		"order == 0 and gfp_mask == '0x2280020'", "preferred.free > preferred.min",        \
		"preferred.all_free_H", "overshoot_text_wrong == 0", "oom_kills == 0"

#define THE_LIMIT_HELD "overshoot_pages == 0", "uncounted_pages == 0"
#define ALL_COUNTED    "all counted, {preferred.free} free, all (H): refused"

/* None of the patches is about a request that cannot wait; what they are about here is the limit. */
static const struct scenario_arm arms[] = {
	{.patch = "none",
		.outcome = "completed",
		.checks = {A_TABLE_REFUSED, "overshoot_pages > 0"},
		.showed = "{overshoot_pages} above the limit, {preferred.free} free, all (H): "
			  "refused"},
	{.patch = "series",
		.outcome = "completed",
		.checks = {A_TABLE_REFUSED, THE_LIMIT_HELD},
		.showed = ALL_COUNTED},
	{.patch = "highatomic-nosteal,highatomic-account",
		.outcome = "completed",
		.checks = {A_TABLE_REFUSED, THE_LIMIT_HELD},
		.showed = ALL_COUNTED},
	{.patch = "all",
		.outcome = "completed",
		.checks = {A_TABLE_REFUSED, THE_LIMIT_HELD},
		.showed = ALL_COUNTED},
};

SCENARIO(overshoot_scenario) = {
	.name = "overshoot",
	.source = "highatomic",
	.help = "a reserve above its limit, and a page fault that reads a file",
	.mem = {2048, 2048},
	.cpus = {1, 4},
	.shift = 4,
	.fills_memory = true,
	.group = "study",
	.app = overshoot,
	.knobs = knobs,
	.nr_knobs = ARRAY_SIZE(knobs),
	.arms = arms,
	.nr_arms = ARRAY_SIZE(arms),
	.args = "root=vda",
	.devices = "disk=48:ext4:ro card=256",
};
