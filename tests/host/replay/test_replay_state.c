/*
 * State files (mm/replay/state.h): what each line says, and each way in which one is wrong.
 */
#include "replay_case.h"

#include "kernel/core/rand.h"

static void test_every_item(void **test)
{
	const struct state_zone *z;

	(void)test;
	read_good("# of a person\n"
		  "\n"
		  "  lowwater-state 1 # the first\r\n"
		  "source any \"text = at all # even\n"
		  "choice a b c\n"
		  "pageblock_order 9\n"
		  "lru DMA32 inactive_anon=1 active_anon=2 inactive_file=3 active_file=4 "
		  "unevictable=5\n"
		  "zone DMA32 high=30 low=20 min=10 managed=20000 present=20001 "
		  "protection=1,2,3,4 highatomic=512\n"
		  "free DMA32 M=5 order=3 U=1 E=6 H=7 C=0\n"
		  "pcp DMA32 cpu=2 U=1 M=2 E=3\n"
		  "swap total=100 free=99\n"
		  "task pid=7 comm=\"Web Content\" rss=10 swapents=11 adj=-1000\n"
		  "task pid=8 rss=1 comm=a#b\n"
		  "request order=2 gfp=0x24280ca comm=\"Web Content\" pid=7 memalloc=1");
	z = &state.zone[ZONE_DMA32];
	assert_int_equal(state.pageblock_order, 9);
	assert_int_equal(z->present, 20001);
	assert_int_equal(z->managed, 20000);
	assert_int_equal(z->mark[WMARK_MIN], 10);
	assert_int_equal(z->mark[WMARK_LOW], 20);
	assert_int_equal(z->mark[WMARK_HIGH], 30);
	for (int i = 0; i < MAX_NR_ZONES; i++)
		assert_int_equal(z->protection[i], i + 1);
	assert_int_equal(z->highatomic, 512);
	assert_int_equal(z->free[3][MIGRATE_UNMOVABLE], 1);
	assert_int_equal(z->free[3][MIGRATE_MOVABLE], 5);
	assert_int_equal(z->free[3][MIGRATE_RECLAIMABLE], 6);
	assert_int_equal(z->free[3][MIGRATE_HIGHATOMIC], 7);
	assert_int_equal(state_free_pages(z), 8 * 19);
	for (int t = 0; t < STATE_LISTS; t++)
		assert_int_equal(z->pcp[2][t],
			t == MIGRATE_UNMOVABLE       ? 1 :
				t == MIGRATE_MOVABLE ? 2 :
						       3);
	assert_int_equal(state_pcp_pages(z), 6);
	assert_int_equal(state_cpus(&state), 3);
	for (int i = 0; i < NR_LRU_LISTS; i++)
		assert_int_equal(z->lru[i], i + 1);
	assert_int_equal(state.swap_total, 100);
	assert_int_equal(state.swap_free, 99);
	assert_int_equal(state.nr_tasks, 2);
	assert_string_equal(state.task[0].comm, "Web Content");
	assert_int_equal(state.task[0].pid, 7);
	assert_int_equal(state.task[0].rss, 10);
	assert_int_equal(state.task[0].swapents, 11);
	assert_int_equal(state.task[0].adj, -1000);
	assert_string_equal(state.task[1].comm, "a");
	assert_int_equal(state.request.order, 2);
	assert_int_equal(state.request.gfp, 0x24280ca);
	assert_int_equal(state.request.pid, 7);
	assert_int_equal(state.request.memalloc, 1);
	assert_string_equal(state.request.comm, "Web Content");
	assert_int_equal(state_first_zone(&state), ZONE_DMA32);
}

static void test_what_is_not_said(void **test)
{
	(void)test;
	read_good(HEAD ASKED ZONE);
	assert_int_equal(state.pageblock_order, 10);
	assert_int_equal(state.zone[ZONE_DMA32].present, 20000);
	assert_int_equal(state.zone[ZONE_DMA32].highatomic, 0);
	assert_int_equal(state.zone[ZONE_DMA].managed, 0);
	assert_int_equal(state_cpus(&state), 1);
	assert_int_equal(state.nr_tasks, 0);
	assert_int_equal(state.swap_total, 0);
	assert_int_equal(state.request.pid, 0);
}

/* One bad line, as the fourth, after what is good. */
static const struct {
	const char *line, *says;
} wrong_lines[] = {
	{"zones",
		"zones, expected one of lowwater-state, source, choice, pageblock_order, request, "
		"zone, free, pcp, lru, swap, task"},
	{"lowwater-state 1", "lowwater-state a second time, expected it once"},
	{"a\1b", "byte 0x01, expected text"},
	{"swap total", "'total' after swap, expected name=value"},
	{"swap total=1 free", "'free', expected name=value"},
	{"swap total=1 =2", "'=2', expected name=value"},
	{"swap total=1 size=2", "size=, expected total=, free="},
	{"swap total=1 total=1", "total= twice, expected it once"},
	{"swap total=1", "swap without free=, expected it"},
	{"swap total=x free=1", "total=x, expected 0 to 268435456"},
	{"swap total= free=1", "total=, expected 0 to 268435456"},
	{"swap total=-1 free=1", "total=-1, expected 0 to 268435456"},
	{"swap total=268435457 free=1", "total=268435457, expected 0 to 268435456"},
	{"swap total=99999999999999999999 free=1",
		"total=99999999999999999999, expected 0 to 268435456"},
	{"swap total=1 free=2", "free=2, expected at most total=1"},
	{"swap total=1 free=0 a=1 a=1 a=1 a=1 a=1 a=1 a=1 a=1 a=1 a=1 a=1 a=1 a=1 a=1 a=1",
		"more than 16 values, expected fewer"},
	{"pageblock_order", "pageblock_order , expected 9 to 10"},
	{"pageblock_order 11", "pageblock_order 11, expected 9 to 10"},
	{"pageblock_order 10 a=1", "a=, expected no values"},
	{"request order=0 gfp=0x24280ca comm=app", "request a second time, expected it once"},
	{"zone DMA64 managed=1", "zone DMA64, expected DMA, DMA32, Normal or Movable"},
	{"zone managed=1", "zone , expected DMA, DMA32, Normal or Movable"},
	{"zone DMA32 managed=1 min=0 low=0 high=0", "zone DMA32 a second time, expected it once"},
	{"zone DMA managed=1 min=0 low=0", "zone without high=, expected it"},
	{"zone DMA managed=1 min=0 low=0 high=0 protection=1,2,3",
		"protection=1,2,3, expected 4 numbers with commas"},
	{"zone DMA managed=1 min=0 low=0 high=0 protection=1,2,3,4,5",
		"protection=1,2,3,4,5, expected 4 numbers with commas"},
	{"zone DMA managed=1 min=0 low=0 high=0 protection=1,2,,4",
		"protection=, expected 0 to "
		"268435456"},
	{"zone DMA managed=1 min=2 low=1 high=3",
		"zone DMA: min=2 low=1 high=3, expected them to rise"},
	{"zone DMA managed=1 min=2 low=3 high=2",
		"zone DMA: min=2 low=3 high=2, expected them to rise"},
	{"zone DMA present=1 managed=2 min=0 low=0 high=0",
		"zone DMA: managed=2, expected at most present=1"},
	{"zone DMA managed=2000 min=0 low=0 high=0 highatomic=512",
		"zone DMA: highatomic=512, expected whole pageblocks of 1024"},
	{"zone DMA managed=2000 min=0 low=0 high=0 highatomic=3072",
		"zone DMA: highatomic=3072, expected no more than managed=2000"},
	{"free DMA32 M=1", "free without order=, expected it"},
	{"free DMA32 order=11", "order=11, expected 0 to 10"},
	{"free DMA32 order=1 C=3",
		"C=3, expected 0: there is no CMA here, so nobody could have these blocks"},
	{"free DMA32 order=1 X=3", "X=, expected order=, U=, M=, E=, H=, C="},
	{"free Normal order=1", "zone Normal, expected a line that names it"},
	{"pcp DMA32 cpu=8", "cpu=8, expected 0 to 7"},
	{"pcp DMA32 U=1", "pcp without cpu=, expected it"},
	{"pcp DMA32 cpu=1 H=1", "H=, expected cpu=, U=, M=, E="},
	{"pcp Movable cpu=1", "zone Movable, expected a line that names it"},
	{"lru DMA32 anon=1",
		"anon=, expected inactive_anon=, active_anon=, inactive_file=, "
		"active_file=, unevictable="},
	{"task comm=a rss=1", "task without pid=, expected it"},
	{"task pid=0 comm=a rss=1", "pid=0, expected 1 to 4194304"},
	{"task pid=1 comm= rss=1", "comm=, expected 1 to 15 characters"},
	{"task pid=1 comm=\"\" rss=1", "comm=\"\", expected 1 to 15 characters"},
	{"task pid=1 comm=0123456789abcdef rss=1",
		"comm=0123456789abcdef, expected 1 to 15 characters"},
	{"task pid=1 comm=\"a b rss=1", "'comm=\"a b rss=1', expected a closing quote"},
	{"task pid=1 comm=\"a\"b rss=1", "comm=\"a\"b, expected a name"},
	{"task pid=1 comm=a\\ rss=1", "comm=a\\, expected ASCII without \" and \\"},
	{"task pid=1 comm=\xc3\xa4 rss=1", "comm=\xc3\xa4, expected ASCII without \" and \\"},
	{"task pid=1 comm=a rss=1 adj=1001", "adj=1001, expected -1000 to 1000"},
};

static void test_each_kind_of_bad_line(void **test)
{
	char text[1024], says[STATE_ERROR_LEN];

	(void)test;
	for (size_t i = 0; i < ARRAY_SIZE(wrong_lines); i++) {
		snprintf(text, sizeof(text), HEAD ASKED ZONE "%s\n\n", wrong_lines[i].line);
		snprintf(says, sizeof(says), "state: line 4: %s", wrong_lines[i].says);
		read_bad(text, says);
	}
}

static void test_lines_that_come_twice(void **test)
{
	(void)test;
	read_bad(HEAD ASKED ZONE "swap total=1 free=1\nswap total=1 free=1\n",
		"state: line 5: swap a second time, expected it once");
	read_bad(HEAD "pageblock_order 10\npageblock_order 10\n",
		"state: line 3: pageblock_order 10 a second time, expected it once");
	read_bad(HEAD ASKED ZONE "free DMA32 order=3 M=1\nfree DMA32 M=1 order=3\n",
		"state: line 5: free DMA32 order=3 a second time, expected it once");
	read_bad(HEAD ASKED ZONE "pcp DMA32 cpu=0\npcp DMA32 cpu=0\n",
		"state: line 5: pcp DMA32 cpu=0 a second time, expected it once");
	read_bad(HEAD ASKED ZONE "lru DMA32\nlru DMA32\n",
		"state: line 5: lru DMA32 a second time, expected it once");
	read_bad(HEAD ASKED ZONE "task pid=3 comm=a rss=1\ntask pid=3 comm=b rss=1\n",
		"state: line 5: pid=3 a second time, expected it once");
}

static void test_the_first_line(void **test)
{
	(void)test;
	read_bad("", "state: line 0: nothing, expected lowwater-state 1 first");
	read_bad("\n# a\n", "state: line 2: nothing, expected lowwater-state 1 first");
	read_bad("\n" ASKED, "state: line 2: request, expected lowwater-state 1 first");
	read_bad("lowwater-state 2\n", "state: line 1: lowwater-state 2, expected 1 to 1");
	read_bad("lowwater-state\n", "state: line 1: lowwater-state , expected 1 to 1");
	read_bad("lowwater-state 1 a=1\n", "state: line 1: a=, expected no values");
}

static void test_the_request(void **test)
{
	(void)test;
	read_bad(HEAD ZONE, "state: line 2: no request, expected one");
	read_bad(HEAD ZONE "request order=11 gfp=0 comm=a\n",
		"state: line 3: order=11, expected 0 to 10");
	read_bad(HEAD ZONE "request order=0 gfp=0x4000000 comm=a\n",
		"state: line 3: gfp=0x4000000, expected 0 to 67108863");
	read_bad(HEAD ZONE "request order=0 gfp=0 comm=a memalloc=2\n",
		"state: line 3: memalloc=2, expected 0 to 1");
	read_bad(HEAD ZONE "request order=0 gfp=0x3 comm=a\n",
		"state: line 3: gfp=0x3, expected zone bits that go together");
	read_bad(HEAD ZONE "request order=0 gfp=0x1 comm=a\n",
		"state: line 3: gfp=0x1, expected a zone with managed pages that it may use");
	read_good(HEAD "zone DMA managed=1 min=0 low=0 high=0\nrequest order=0 gfp=0x1 comm=a\n");
	read_bad(HEAD ASKED,
		"state: line 2: gfp=0x24280ca, expected a zone with managed pages that "
		"it may use");
}

static void test_more_than_there_is(void **test)
{
	(void)test;
	read_good(HEAD ASKED ZONE "free DMA32 order=0 M=19990\npcp DMA32 cpu=7 U=10\n");
	read_bad(HEAD ASKED ZONE "free DMA32 order=0 M=19990\npcp DMA32 cpu=7 U=11\n",
		"state: line 3: zone DMA32: 20001 pages free and on per-CPU lists, expected at "
		"most "
		"managed=20000");
	read_bad(HEAD ASKED "zone Normal managed=20000000 min=0 low=0 high=0\n"
			    "free Normal order=10 M=16385\n",
		"state: line 4: 16778240 pages free and on per-CPU lists, expected at most "
		"16777216");
	read_bad(HEAD ASKED "zone Normal managed=20000000 min=0 low=0 high=0\n"
			    "free Normal order=10 M=16384\npcp Normal cpu=0 M=1\n",
		"state: line 5: 16777217 pages free and on per-CPU lists, expected at most "
		"16777216");
}

static void test_too_long(void **test)
{
	static char text[STATE_BYTES_MAX + 1];

	(void)test;
	memset(text, 'a', sizeof(text));
	assert_false(state_read(&state, text, sizeof(text), error));
	assert_string_equal(error, "state: line 0: 1048577 bytes, expected at most 1048576");
	assert_false(state_read(&state, text, sizeof(text) - 1, error));
	assert_string_equal(error, "state: line 1: 1048576 bytes, expected at most 1023");
	memset(text, '#', 1023);
	text[1023] = '\n';
	memcpy(text + 1024, HEAD ZONE ASKED, sizeof(HEAD ZONE ASKED) - 1);
	assert_true(state_read(&state, text, 1024 + sizeof(HEAD ZONE ASKED) - 1, error));
	assert_false(state_read(&state, HEAD "\0", sizeof(HEAD), error));
	assert_string_equal(error, "state: line 2: byte 0x00, expected text");
}

static void test_too_many_tasks(void **test)
{
	static char text[64 * (STATE_TASKS + 8)];
	size_t n = snprintf(text, sizeof(text), HEAD ASKED ZONE);

	(void)test;
	for (int i = 1; i <= STATE_TASKS; i++)
		n += snprintf(text + n, sizeof(text) - n, "task pid=%d comm=a rss=1\n", i);
	read_good(text);
	assert_int_equal(state.nr_tasks, STATE_TASKS);
	snprintf(text + n, sizeof(text) - n, "task pid=5000 comm=a rss=1\n");
	read_bad(text, "state: line 1028: task 1025, expected at most 1024");
}

/* Damaged bytes: read, or refused with one line; never anything else. */
static void test_any_bytes(void **test)
{
	static const char good[] = HEAD ASKED ZONE
		"free DMA32 order=3 M=1 H=2\npcp DMA32 cpu=0 U=1\ntask pid=3 comm=\"a b\" rss=1\n"
		"swap total=1 free=1\nzone DMA managed=10 min=1 low=2 high=3 protection=1,2,3,4\n";
	unsigned int refused = 0;
	struct rand r;

	(void)test;
	rand_seed(&r, 1);
	for (int i = 0; i < 20000; i++) {
		char *text = malloc(sizeof(good)); /* so that a sanitizer sees its end */
		size_t len = rand_next(&r) % sizeof(good);

		memcpy(text, good, sizeof(good));
		for (int n = rand_next(&r) % 4; n >= 0; n--)
			text[rand_next(&r) % sizeof(good)] = rand_next(&r) >> 40;
		if (i % 2)
			len = sizeof(good) - 1;
		if (!state_read(&state, text, len, error)) {
			refused++;
			assert_memory_equal(error, "state: line ", 12);
			assert_non_null(strstr(error, ", expected "));
			assert_null(strchr(error, '\n'));
		}
		free(text);
	}
	assert_in_range(refused, 10000, 19999);
}

static const struct CMUnitTest tests[] = {
	TEST(test_every_item),
	TEST(test_what_is_not_said),
	TEST(test_each_kind_of_bad_line),
	TEST(test_lines_that_come_twice),
	TEST(test_the_first_line),
	TEST(test_the_request),
	TEST(test_more_than_there_is),
	TEST(test_too_long),
	TEST(test_too_many_tasks),
	TEST(test_any_bytes),
};

TEST_GROUP(replay_state)
