/*
 * Trace points (kernel/core/log/trace.h, mm/page/mm_trace.h): what each says, and that the ring keeps the
 * last ones.
 */
#include "twin.h"

#include "host_machine.h"
#include "kernel/core/param.h"
#include "mm/alloc/fallback.h"
#include "mm/alloc/highatomic.h"
#include "mm/page/mm_trace.h"
#include "mm/page/pageblock.h"
#include "mm/alloc/pcp.h"
#include "mm/reclaim/kswapd.h"
#include "mm/reclaim/reclaim.h"
#include "request.h"
#include "rounds.h"
#include "shrink.h"

#define U MIGRATE_UNMOVABLE
#define M MIGRATE_MOVABLE
#define H MIGRATE_HIGHATOMIC

static struct memory *m;
static struct zone *z;

static int setup(void **state)
{
	int err = twin_setup(state);

	m = machine_default();
	memory_empty(m);
	memory_no_marks(m);
	z = dma32(m);
	put_kswapd_to_sleep(m);
	memset(&trace_ring, 0, sizeof(trace_ring));
	return err;
}

/* The n-th last record, which must be of this kind. */
static const struct trace_record *last(unsigned int n, const struct trace_event *event)
{
	const struct trace_record *r;

	assert_true(trace_ring.total > n);
	r = &trace_ring.record[(trace_ring.total - 1 - n) % TRACE_RECORDS];
	assert_ptr_equal(r->event, event);
	return r;
}

static void assert_args(const struct trace_record *r, const long *want, int n)
{
	assert_string_equal((const char *)r->arg[0], "DMA32");
	for (int i = 0; i < n; i++)
		assert_int_equal(r->arg[i + 1], want[i]);
}

static void test_who_and_when(void **state)
{
	const struct trace_record *r;

	(void)state;
	jiffies = 250;
	become(task_new("somebody", 42, NULL));
	become_cpu(3);
	become(current);
	trace(mark_victim, 7);
	become_cpu(0);
	r = last(0, &mark_victim);
	assert_int_equal(r->ns, 1000000000);
	assert_int_equal(r->cpu, 3);
	assert_int_equal(r->pid, 42);
	assert_string_equal(r->comm, "somebody");
	assert_int_equal(r->arg[0], 7);
	assert_int_equal(r->arg[1], 0);
}

static void test_reserve_and_unreserve(void **state)
{
	struct alloc_context ac = request(m, GFP_KERNEL, 0);

	(void)state;
	zone_put(z, 5120, 9, M);
	reserve_highatomic_pageblock(z, pfn_to_page(m, 5120 + 700));
	assert_args(last(0, &mm_highatomic_reserve), (long[]){5820, M, 512, 0, 1024}, 5);
	unreserve_highatomic_pageblock(&ac, true);
	assert_args(last(0, &mm_highatomic_unreserve), (long[]){5120, H, U, 512, 1024, 0}, 6);
}

static void test_fallback_and_steal(void **state)
{
	(void)state;
	zone_put(z, 5120, 10, M);
	fallback_take(z, 0, U);
	assert_args(last(0, &mm_page_alloc_extfrag), (long[]){5120, 0, 10, U, M, 1, 1024}, 7);
	memory_empty(m);
	zone_put(z, 6144, 3, MIGRATE_RECLAIMABLE);
	fallback_take(z, 3, M); /* too small to steal */
	assert_args(last(0, &mm_page_alloc_extfrag),
		(long[]){6144, 3, 3, M, MIGRATE_RECLAIMABLE, 0, 0}, 7);
}

static void test_drain(void **state)
{
	(void)state;
	z->pcp[0].high = 10;
	free_single(z, pfn_to_page(m, 5120), false);
	free_single(z, pfn_to_page(m, 5122), false);
	pcp_drain_local(m);
	assert_args(last(0, &mm_page_pcpu_drain), (long[]){2, 0, 2}, 3);
}

static void test_slow_path(void **state)
{
	(void)state;
	zone_marks(z, 10, 20, 30);
	z->nr_reserved_highatomic = 1024;
	assert_null(alloc_pages(m, GFP_ATOMIC | __GFP_NOWARN, 2));
	assert_args(last(2, &mm_page_alloc_slowpath),
		(long[]){2, GFP_ATOMIC | __GFP_NOWARN, U, 0, 10, 1024}, 6);
	/* At the entry and at the one round. */
	assert_args(last(1, &mm_vmscan_wakeup_kswapd), (long[]){2, 0, 30}, 3);
	assert_args(last(0, &mm_vmscan_wakeup_kswapd), (long[]){2, 0, 30}, 3);
	assert_int_equal(m->event[KSWAPD_WAKEUPS], 2);
}

static void free_a_page(unsigned int unused)
{
	(void)unused;
	zone_put(z, 5120, 0, U);
}

/* The one round of a request that may reclaim: every record, in this order. */
static void assert_traced_round(gfp_t gfp, unsigned int order, unsigned long reclaimed)
{
	static const struct trace_event *const want[] = {&mm_page_alloc_slowpath,
		&mm_vmscan_wakeup_kswapd, &mm_vmscan_wakeup_kswapd, &mm_vmscan_direct_reclaim_begin,
		&mm_vmscan_direct_reclaim_end};
	const struct trace_record *r = trace_ring.record;

	assert_int_equal(trace_ring.total, ARRAY_SIZE(want));
	for (size_t i = 0; i < ARRAY_SIZE(want); i++)
		assert_ptr_equal(r[i].event, want[i]);
	assert_int_equal(r[3].arg[0], order);
	assert_int_equal(r[3].arg[1], gfp);
	assert_int_equal(r[4].arg[0], reclaimed);
}

static void test_slow_path_with_reclaim(void **state)
{
	struct fake_shrinker shrinker;

	(void)state;
	fake_shrinker_add(m, &shrinker);
	shrinker.gives = 5;
	shrinker.act = free_a_page;
	assert_non_null(alloc_pages(m, GFP_KERNEL, 0));
	assert_traced_round(GFP_KERNEL, 0, 5);
}

static void test_slow_path_with_reclaim_in_vain(void **state)
{
	const gfp_t gfp = GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN;

	(void)state;
	assert_null(alloc_pages(m, gfp, 3));
	assert_traced_round(gfp, 3, 0);
}

static void test_6_6_a_balanced_zone_lets_kswapd_sleep(void **state)
{
	(void)state;
	zone_marks(z, 10, 20, 30);
	zone_put(z, 5120, 5, M);
	wakeup_kswapd(&(struct alloc_context){.memory = m, .high_zoneidx = ZONE_DMA32});
	assert_int_equal(m->event[KSWAPD_WAKEUPS], 0);
	z->nr_reserved_highatomic = 1024; /* discounted: not balanced any more (§2.8) */
	wakeup_kswapd(&(struct alloc_context){.memory = m, .high_zoneidx = ZONE_DMA32});
	zone_marks(dma(m), 1, 2, 3);
	assert_int_equal(m->event[KSWAPD_WAKEUPS], 1);
}

static void test_the_ring_keeps_the_last_ones(void **state)
{
	(void)state;
	for (long i = 0; i < 3 * TRACE_RECORDS + 5; i++)
		trace(mark_victim, i);
	assert_int_equal(trace_ring.total, 3 * TRACE_RECORDS + 5);
	assert_int_equal(last(0, &mark_victim)->arg[0], 3 * TRACE_RECORDS + 4);
	assert_int_equal(last(TRACE_RECORDS - 1, &mark_victim)->arg[0], 2 * TRACE_RECORDS + 5);
}

static void test_all_leave_when_asked(void **state)
{
	char off[] = "trace=off", on[] = "trace=on";

	(void)state;
	trace(mark_victim, 1);
	assert_string_equal(events(), "");
	params_parse(on);
	zone_put(z, 5120, 10, M);
	reserve_highatomic_pageblock(z, pfn_to_page(m, 5120));
	params_parse(off);
	trace(mark_victim, 2);
	assert_non_null(strstr(events(),
		"\"name\":\"mm_highatomic_reserve\",\"args\":{\"zone\":\"DMA32\",\"pfn\":5120,"
		"\"migratetype\":1,\"moved\":1024,\"reserved_before\":0,\"reserved_after\":1024}"
		"}"));
	assert_null(strstr(events(), "mark_victim"));
}

/* The line that the runner reads, to the letter. */
static void test_a_record_is_one_line(void **state)
{
	static const struct trace_event event = {
		"kinds", {"zone:s", "mm:x", "none:x", "n", "zero", "min"}};
	char off[] = "trace=off", on[] = "trace=on";

	(void)state;
	jiffies = 250;
	become(task_new("somebody", 42, NULL));
	params_parse(on);
	trace(event, (long)"DMA32", (long)0xffff880007829000ul, 0, -17, 0, (long)(1ul << 63));
	params_parse(off);
	assert_string_equal(events(),
		"{\"event\":\"trace\",\"ns\":1000000000,\"cpu\":0,\"pid\":42,\"comm\":\"somebody\","
		"\"name\":\"kinds\",\"args\":{\"zone\":\"DMA32\",\"mm\":\"0xffff880007829000\","
		"\"none\":\"0x0\",\"n\":-17,\"zero\":0,\"min\":-9223372036854775808}}\n");
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, twin_teardown)
static const struct CMUnitTest tests[] = {
	TEST(test_who_and_when),
	TEST(test_reserve_and_unreserve),
	TEST(test_fallback_and_steal),
	TEST(test_drain),
	TEST(test_slow_path),
	TEST(test_slow_path_with_reclaim),
	TEST(test_slow_path_with_reclaim_in_vain),
	TEST(test_6_6_a_balanced_zone_lets_kswapd_sleep),
	TEST(test_the_ring_keeps_the_last_ones),
	TEST(test_all_leave_when_asked),
	TEST(test_a_record_is_one_line),
};

TEST_GROUP(trace)
