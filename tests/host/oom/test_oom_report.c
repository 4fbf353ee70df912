/*
 * The OOM report's own lines (reference §10.1, §10.2, §10.4).
 */
#include "twin.h"

#include "apps.h"
#include "host_machine.h"
#include "mm/oom/oom.h"

static struct memory *m;

static int setup(void **state)
{
	int err = twin_setup(state);

	m = machine_default();
	return err;
}

static void report(gfp_t gfp, unsigned int order)
{
	struct oom_control oc = {.memory = m, .gfp = gfp, .order = order};

	dump_header(&oc);
}

static void test_10_2_header(void **state)
{
	(void)state;
	become(app_new("java", 77, 10, -17));
	report(GFP_KERNEL | __GFP_NOTRACK, 2);
	assert_line("java invoked oom-killer: gfp_mask=0x26000c0(GFP_KERNEL|__GFP_NOTRACK), "
		    "order=2, oom_score_adj=-17");
	assert_line("java cpuset=/ mems_allowed=0");
}

static void test_10_1_sequence(void **state)
{
	(void)state;
	app_new("a", 10, 10, 0);
	report(GFP_KERNEL, 0);
	assert_printed_in_order("invoked oom-killer", "cpuset=", "<stack>",
		"Mem-Info:", "active_anon:", "Node 0 ", "DMA free:", "lowmem_reserve[]:",
		"DMA32 free:", "DMA: ", "DMA32: ", "total pagecache pages", "pages hwpoisoned",
		"[ pid ]", "] ", NULL);
	assert_true(host_arch.irqs);
}

static void test_10_4_task_table(void **state)
{
	struct task *a = app_new("bash", 123, 456, 0), *b = app_new("sshd", 99999, 7, -1000);

	(void)state;
	a->mm->file_rss = 44;
	a->mm->nr_ptes = 8;
	a->mm->nr_pmds = 3;
	a->mm->swapents = 21;
	b->mm->total_vm = 123456789;
	report(GFP_KERNEL, 0);
	assert_line("[ pid ]   uid  tgid total_vm      rss nr_ptes nr_pmds swapents oom_score_adj "
		    "name");
	assert_line("[  123]     0   123      912      500       8       3       21             0 "
		    "bash");
	assert_line("[99999]     0 99999 123456789        7       0       0        0         -1000 "
		    "sshd");
}

static void test_10_4_who_is_not_in_the_table(void **state)
{
	struct task *kthread = app_new("kthread", 20, 9, 0), *gone = app_new("gone", 21, 9, 0);

	(void)state;
	app_new("init2", 1, 9, 0);
	kthread->flags |= PF_KTHREAD;
	gone->mm = NULL;
	report(GFP_KERNEL, 0);
	assert_not_printed(" init2");
	assert_not_printed(" kthread");
	assert_not_printed(" gone");
}

/* However many there are, each has its row, in order. */
static void test_10_4_no_process_is_left_out(void **state)
{
	static const unsigned int many[] = {
		OOM_ROWS - 1, OOM_ROWS, OOM_ROWS + 1, 2 * OOM_ROWS, 2 * OOM_ROWS + 44};
	struct task *first = app_new("first", 1000, 10, 0);
	unsigned int n = 1;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(many); i++) {
		const char *at = NULL;

		for (; n < many[i]; n++)
			app_sharing(first, "more", 1000 + n);
		console_clear();
		report(GFP_KERNEL, 0);
		assert_int_equal(console_count("            0 first\n"), 1);
		assert_int_equal(console_count("            0 more\n"), n - 1);
		for (unsigned int row = 0; row < n; row++) {
			char text[16];
			const char *here;

			snprintf(text, sizeof(text), "[%5u] ", 1000 + row);
			here = strstr(console(), text);
			assert_true(here > at);
			at = here;
		}
	}
	assert_true(host_arch.irqs);
}

/* Two that enter the list at once may do so in the other order. */
static void test_10_4_rows_are_in_the_order_of_their_numbers(void **state)
{
	struct task *first = app_new("late", 900, 10, 0);
	struct ratelimit behind = {.begin = 7, .printed = 3, .started = true};

	(void)state;
	m->oom_ratelimit = behind;
	app_sharing(first, "early", 899);
	for (unsigned int n = 0; n < OOM_ROWS; n++)
		app_sharing(first, "more", 1000 + n);
	app_sharing(first, "between", 950);
	report(GFP_KERNEL, 0);
	assert_printed_in_order("[  899] ", "[  900] ", "[  950] ", "[ 1000] ", "[ 1255] ", NULL);
	assert_int_equal(console_count("            0 more\n"), OOM_ROWS);
	/* Nothing is written beyond the room for rows. */
	assert_memory_equal(&m->oom_ratelimit, &behind, sizeof(behind));
}

static void test_10_4_table_can_be_left_out(void **state)
{
	(void)state;
	app_new("bash", 123, 456, 0);
	m->tunables.oom_dump_tasks = 0;
	report(GFP_KERNEL, 0);
	assert_not_printed("[ pid ]");
	assert_not_printed(" bash");
	assert_printed("pages hwpoisoned");
}

static void test_event_tells_the_reserve(void **state)
{
	(void)state;
	dma32(m)->nr_reserved_highatomic = 2048;
	report(GFP_KERNEL, 0);
	assert_non_null(strstr(events(), "\"event\":\"report\",\"kind\":\"oom\""));
	assert_non_null(strstr(events(), "\"reserved_highatomic\":2048"));
	assert_non_null(strstr(events(), "\"free_by_type\":{\"U\":0,\"M\":"));
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, twin_teardown)
static const struct CMUnitTest tests[] = {
	TEST(test_10_2_header),
	TEST(test_10_1_sequence),
	TEST(test_10_4_task_table),
	TEST(test_10_4_who_is_not_in_the_table),
	TEST(test_10_4_no_process_is_left_out),
	TEST(test_10_4_rows_are_in_the_order_of_their_numbers),
	TEST(test_10_4_table_can_be_left_out),
	TEST(test_event_tells_the_reserve),
};
TEST_GROUP(oom_report)
