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
	TEST(test_10_4_table_can_be_left_out),
	TEST(test_event_tells_the_reserve),
};
TEST_GROUP(oom_report)
