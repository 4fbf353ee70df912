/*
 * Requests made again (mm/replay/ask.h, replay.h): the seeds' two, and each way in which one can end.
 */
#include "replay_case.h"
#include "replay_draw.h"

#include "mm/page/patch.h"

#define ALL                                                                                        \
	(PATCH_SERIES | PATCH_HIGHATOMIC_EARLY | PATCH_OOM_REAPER | PATCH_OOM_REAPER_SKIP |        \
		PATCH_OOM_NOTIFIER_OUTSIDE)

static struct outcome r;

static void replay(unsigned int patches, enum remedy_kind remedy)
{
	replay_ask(replay_machine(&state, patches), &state, remedy, &r);
}

static void assert_served(const char *zone, enum ask_step step)
{
	assert_string_equal(ask_end_name[r.end], "served");
	assert_string_equal(r.zone, zone);
	assert_string_equal(ask_step_name[r.answer.step], ask_step_name[step]);
}

static void assert_killed(const char *victim, int pid, unsigned long rounds)
{
	assert_string_equal(ask_end_name[r.end], "oom-kill");
	assert_string_equal(r.victim, victim);
	assert_int_equal(r.victim_pid, pid);
	assert_null(r.zone);
	assert_int_equal(r.answer.rounds, rounds);
	assert_int_equal(r.answer.oom_steps, 1);
}

/* §11.3: with two slots free it takes 16 rounds; no patch but "all" helps (§4.8). */
static void test_first_seed(void **test)
{
	static const unsigned int in_vain[] = {0, PATCH_HIGHATOMIC_EXHAUST, PATCH_SERIES};

	(void)test;
	read_file("seed_oom");
	for (size_t i = 0; i < ARRAY_SIZE(in_vain); i++) {
		replay(in_vain[i], REMEDY_NONE);
		assert_killed("balloon", 8473, 16);
		assert_int_equal(r.answer.released, 0);
		assert_printed("balloon invoked oom-killer: gfp_mask=0x24280ca"
			       "(GFP_HIGHUSER_MOVABLE|__GFP_ZERO), order=0, oom_score_adj=0\n");
		assert_printed("\nAVOIDABLE: 4871 pages of DMA32 held as highatomic;");
		assert_printed("\nKilled process 8473 (balloon) ");
	}
	replay(ALL, REMEDY_NONE);
	assert_served("DMA32", STEP_RELEASE);
	assert_int_equal(r.answer.rounds, 16);
	assert_in_range(r.answer.released, 1, 1024);
	assert_not_printed("invoked oom-killer");
}

static void test_first_seed_with_remedies(void **test)
{
	(void)test;
	read_file("seed_oom");
	replay(0, REMEDY_RESERVE_RELEASED);
	assert_served("DMA32", STEP_FAST);
	assert_int_equal(r.answer.released, 4871 + 2048);
	replay(0, REMEDY_LISTS_DRAINED);
	assert_served("DMA32", STEP_FAST);
	replay(0, REMEDY_LOWMEM_WAIVED);
	assert_killed("balloon", 8473, 16);
}

/* Without a slot the first round is the last one. */
static void test_first_seed_without_swap(void **test)
{
	(void)test;
	read_file("seed_oom");
	state.swap_free = 0;
	replay(0, REMEDY_NONE);
	assert_killed("balloon", 8473, 1);
}

/* §4.9: where the counter is too low the retries last longer, and the patch's line is reached. */
static void test_first_seed_with_too_low_a_counter(void **test)
{
	(void)test;
	read_file("seed_oom");
	state.zone[ZONE_DMA32].highatomic = 2048;
	replay(0, REMEDY_NONE);
	assert_killed("balloon", 8473, 17);
	replay(PATCH_HIGHATOMIC_EXHAUST, REMEDY_NONE);
	assert_served("DMA32", STEP_RELEASE);
	assert_int_equal(r.answer.rounds, 17);
}

static void test_second_seed(void **test)
{
	(void)test;
	read_file("seed_failure");
	replay(0, REMEDY_NONE);
	assert_string_equal(ask_end_name[r.end], "failed");
	assert_int_equal(r.answer.rounds, 0);
	assert_printed("in:imklog: page allocation failure: order:0, "
		       "mode:0x2280020(GFP_ATOMIC|__GFP_NOTRACK)\n");
	replay(ALL, REMEDY_NONE);
	assert_string_equal(ask_end_name[r.end], "failed");
	replay(0, REMEDY_RESERVE_RELEASED);
	assert_served("DMA32", STEP_FAST);
	/* §11.3: it lacks 20 pages above lowmem_reserve there. */
	replay(0, REMEDY_LOWMEM_WAIVED);
	assert_served("DMA", STEP_FAST);
}

#define STARVED HEAD "zone DMA32 managed=20000 min=10 low=20 high=30\n"

static void test_served_below_low(void **test)
{
	(void)test;
	read_good(STARVED ASKED "free DMA32 order=0 M=15\n");
	replay(0, REMEDY_NONE);
	assert_served("DMA32", STEP_SLOW);
}

static void test_served_from_a_zone_movable(void **test)
{
	(void)test;
	read_good(STARVED ASKED
		"zone Movable managed=2000 min=1 low=2 high=3\n"
		"free Movable order=0 M=15\nzone Normal managed=9 min=1 low=2 high=3\n");
	replay(0, REMEDY_NONE);
	assert_served("Movable", STEP_FAST);
	read_good(STARVED "request order=0 gfp=0x24000c0 comm=a\n"
			  "zone Movable managed=2000 min=1 low=2 high=3\n"
			  "free Movable order=0 M=15\nzone Normal managed=9 min=1 low=2 high=3\n");
	replay(0, REMEDY_NONE);
	assert_killed("a", 3, 1);
}

#define TASKS                                                                                      \
	"task pid=1 comm=init rss=9000\ntask pid=70 comm=app rss=1\ntask pid=71 comm=large "       \
	"rss=900\n"                                                                                \
	"task pid=72 comm=spared rss=5000 adj=-1000\ntask pid=73 comm=swapped rss=1 "              \
	"swapents=899\n"

static void test_the_worst_is_killed(void **test)
{
	(void)test;
	read_good(STARVED ASKED TASKS);
	replay(0, REMEDY_NONE);
	assert_killed("swapped", 73, 1); /* as bad as `large`, and later */
	assert_printed("app invoked oom-killer:");
	state.task[4].swapents--;
	replay(0, REMEDY_NONE);
	assert_killed("large", 71, 1);
}

/* Tasks are listed, and it is none of them. */
static void test_a_kernel_task_asks(void **test)
{
	(void)test;
	read_good(STARVED "request order=0 gfp=0x24000c0 comm=kworker pid=9\n" TASKS);
	replay(0, REMEDY_NONE);
	assert_killed("swapped", 73, 1);
	assert_int_equal(current->mm == NULL, 1);
}

static void test_nobody_may_be_killed(void **test)
{
	(void)test;
	read_good(STARVED ASKED "task pid=70 comm=app rss=1 adj=-1000\n");
	replay(0, REMEDY_NONE);
	assert_string_equal(ask_end_name[r.end], "panic");
	assert_string_equal(r.why, "Out of memory and no killable processes...");
}

/* Without __GFP_FS nobody is killed, and it asks for ever (§5.3). */
static void test_it_is_never_over(void **test)
{
	(void)test;
	read_good(STARVED "request order=0 gfp=0x2400040 comm=app\n");
	replay(0, REMEDY_NONE);
	assert_string_equal(ask_end_name[r.end], "stuck");
	assert_string_equal(r.why, "the OOM killer is asked again and again, and kills nobody");
}

/* Half of min is not free, and something could be reclaimed: 4.8 waits for kswapd (§6.2). */
static void test_it_waits_for_kswapd(void **test)
{
	(void)test;
	read_good(STARVED ASKED "lru DMA32 inactive_file=100\n");
	replay(0, REMEDY_NONE);
	assert_string_equal(ask_end_name[r.end], "stuck");
	assert_string_equal(r.why, "it waits for kswapd, which finds nothing");
	read_good(STARVED "request order=0 gfp=0x2400040 comm=app\nlru DMA32 inactive_file=100\n");
	replay(0, REMEDY_NONE);
	assert_string_equal(r.why, "the OOM killer is asked again and again, and kills nobody");
}

/* §7.8: it has no mark to pass, but free pages of the reserve only are none for it. */
static void test_a_victim_asks(void **test)
{
	(void)test;
	read_good(STARVED "request order=0 gfp=0x24280ca comm=app memdie=1\n"
			  "free DMA32 order=0 H=9\n" TASKS);
	replay(0, REMEDY_NONE);
	assert_string_equal(ask_end_name[r.end], "failed");
	state.zone[ZONE_DMA32].free[0][MIGRATE_MOVABLE] = 1;
	replay(0, REMEDY_NONE);
	assert_served("DMA32", STEP_SLOW);
}

/* kswapd's own requests look at no watermark (§5.1), and never reclaim. */
static void test_a_reclaimer_asks(void **test)
{
	(void)test;
	read_good(STARVED "request order=0 gfp=0x24000c0 comm=kswapd0 memalloc=1\n" TASKS
			  "free DMA32 order=0 U=5\n");
	replay(0, REMEDY_NONE);
	assert_served("DMA32", STEP_SLOW);
	read_good(STARVED "request order=0 gfp=0x24000c0 comm=kswapd0 memalloc=1\n" TASKS
			  "free DMA32 order=0 H=5\n");
	replay(0, REMEDY_NONE);
	assert_string_equal(ask_end_name[r.end], "failed");
	assert_int_equal(r.answer.rounds, 0);
}

static void test_a_reclaimer_that_must_not_fail(void **test)
{
	(void)test;
	read_good(STARVED "request order=0 gfp=0x24008c0 comm=kswapd0 memalloc=1\n" TASKS);
	replay(0, REMEDY_NONE);
	assert_string_equal(ask_end_name[r.end], "stuck");
	assert_string_equal(r.why, "it tries again and again, and must not fail");
}

static void test_a_costly_order_fails(void **test)
{
	(void)test;
	read_good(STARVED "request order=4 gfp=0x24040c0 comm=app\nfree DMA32 order=3 U=100\n");
	replay(0, REMEDY_NONE);
	assert_string_equal(ask_end_name[r.end], "failed");
	assert_int_equal(r.answer.rounds, 1);
	assert_int_equal(r.answer.oom_steps, 0);
}

/*
 * 61 GiB, of which 57 are on LRU lists by the counters: how large a zone is costs nothing, and nor do lists that
 * are not there, since all of them have been looked at already.
 */
static void test_a_large_zone(void **test)
{
	(void)test;
	read_good(HEAD ASKED "zone Normal managed=16000000 min=20000 low=25000 high=30000\n"
			     "free Normal order=0 U=12000\n"
			     "lru Normal inactive_anon=7000000 active_anon=8000000\n"
			     "swap total=100 free=1\n");
	replay(0, REMEDY_NONE);
	assert_killed("app", 3, 16);
	assert_printed(" all_unreclaimable? yes\n");
}

#define MASKS 12

/* Any request in any state has an end, and leaves free lists that agree. */
static void test_any_request(void **test)
{
	static const long mask[MASKS] = {GFP_NOWAIT, GFP_ATOMIC, GFP_NOIO, GFP_NOFS, GFP_KERNEL,
		GFP_HIGHUSER_MOVABLE, GFP_KERNEL | __GFP_NOFAIL, GFP_KERNEL | __GFP_NORETRY,
		GFP_KERNEL | __GFP_REPEAT, GFP_ATOMIC | __GFP_NOMEMALLOC, GFP_KERNEL | GFP_DMA,
		GFP_TEMPORARY};
	unsigned int ends[NR_ASK_ENDS] = {0};

	(void)test;
	rand_seed(&rng, 1);
	for (int i = 0; i < 100; i++) {
		draw_state(9 + below(2));
		state.request.gfp = mask[below(MASKS)];
		state.request.order = below(2) ? 0 : below(MAX_ORDER);
		state.request.memalloc = below(8) == 0;
		if (state_first_zone(&state) < 0)
			continue;
		replay(below(2) ? ALL : 0, below(NR_REMEDIES));
		ends[r.end]++;
		if (r.end == END_PANIC)
			fail_msg("panic: %s", r.why);
		if (r.end == END_SERVED)
			assert_non_null(r.zone);
	}
	for (int end = 0; end < END_PANIC; end++)
		assert_true(ends[end] > 0);
}

/* An end is a line of JSON; what is not known is null. */
static void test_the_line_of_an_outcome(void **test)
{
	struct outcome o = {.end = END_SERVED, .zone = "DMA", .answer = {STEP_RELEASE, 1, 2, 3, 4}};
	struct line l;

	(void)test;
	assert_string_equal(ask_json(&l, "all", &o),
		"{\"arm\":\"all\",\"outcome\":\"served\",\"victim\":null,\"victim_pid\":null,"
		"\"zone\":\"DMA\",\"step\":\"release\",\"released_pages\":1,\"loops\":2,"
		"\"oom_steps\":3,\"why\":null}");
	o = (struct outcome){.end = END_KILLED, .victim = "a b", .victim_pid = 7, .why = "a\"\\\n"};
	assert_string_equal(ask_json(&l, "none", &o),
		"{\"arm\":\"none\",\"outcome\":\"oom-kill\",\"victim\":\"a b\",\"victim_pid\":7,"
		"\"zone\":null,\"step\":null,\"released_pages\":0,\"loops\":0,\"oom_steps\":0,"
		"\"why\":\"a   \"}");
}

static const struct CMUnitTest tests[] = {
	TEST(test_first_seed),
	TEST(test_first_seed_with_remedies),
	TEST(test_first_seed_without_swap),
	TEST(test_first_seed_with_too_low_a_counter),
	TEST(test_second_seed),
	TEST(test_served_below_low),
	TEST(test_served_from_a_zone_movable),
	TEST(test_the_worst_is_killed),
	TEST(test_a_kernel_task_asks),
	TEST(test_nobody_may_be_killed),
	TEST(test_it_is_never_over),
	TEST(test_it_waits_for_kswapd),
	TEST(test_a_victim_asks),
	TEST(test_a_reclaimer_asks),
	TEST(test_a_reclaimer_that_must_not_fail),
	TEST(test_a_costly_order_fails),
	TEST(test_any_request),
	TEST(test_the_line_of_an_outcome),
	TEST(test_a_large_zone),
};

TEST_GROUP(replay)
