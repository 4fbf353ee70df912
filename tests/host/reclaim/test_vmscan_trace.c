/*
 * Trace points of reclaim (mm/page/mm_trace.h): names, fields and figures, and that those which come often are
 * there with trace=on alone. kswapd's own are seen on the real machine.
 */
#include "../space/unmap_case.h"

#include "kernel/core/param.h"
#include "mm/page/mm_trace.h"
#include "mm/reclaim/scan.h"
#include "shrink.h"

#define BOTH "\"flags\":\"RECLAIM_WB_ANON|RECLAIM_WB_ASYNC\"}}\n"

static struct scan_control sc;

static void trace_is(const char *on_or_off)
{
	char text[16];

	snprintf(text, sizeof(text), "trace=%s", on_or_off);
	params_parse(text);
}

/* 40 pages of an app, which were not used of late, on the active list as all new ones. */
static void start(void)
{
	map(0, 40, VM_WRITE);
	for (unsigned int page = 0; page < 40; page++)
		old_page(page);
	sc = (struct scan_control){.memory = m,
		.gfp = GFP_KERNEL,
		.order = 3,
		.highest = ZONE_DMA32,
		.priority = 7,
		.may_writepage = true};
	memset(&trace_ring, 0, sizeof(trace_ring));
	console_clear();
}

/* The whole line of the n-th event of this name, counted from 0, from its name on. */
static const char *traced(const char *name, unsigned int n)
{
	static char line[512];
	const char *at = events();
	char want[64];

	snprintf(want, sizeof(want), "\"name\":\"%s\"", name);
	while ((at = strstr(at, want)) && n--)
		at++;
	if (!at)
		return "no such event";
	snprintf(line, sizeof(line), "%.*s", (int)(strcspn(at, "\n") + 1), at);
	return line;
}

static void test_a_batch_on_its_way_out(void **state)
{
	unsigned long pfn;

	(void)state;
	start();
	pfn = page_to_pfn(m, page_at(0));
	trace_is("on");
	shrink_active_list(&sc, 40, LRU_ANON);
	assert_int_equal(shrink_inactive_list(&sc, SWAP_CLUSTER_MAX, LRU_ANON), SWAP_CLUSTER_MAX);
	trace_is("off");
	assert_string_equal(traced("mm_vmscan_lru_isolate", 0),
		"\"name\":\"mm_vmscan_lru_isolate\",\"args\":{\"isolate_mode\":0,"
		"\"classzone_idx\":1,\"order\":3,\"nr_requested\":40,\"nr_scanned\":40,"
		"\"nr_skipped\":0,\"nr_taken\":40,\"file\":0}}\n");
	assert_string_equal(traced("mm_vmscan_lru_isolate", 1),
		"\"name\":\"mm_vmscan_lru_isolate\",\"args\":{\"isolate_mode\":0,"
		"\"classzone_idx\":1,\"order\":3,\"nr_requested\":32,\"nr_scanned\":32,"
		"\"nr_skipped\":0,\"nr_taken\":32,\"file\":0}}\n");
	assert_string_equal(traced("mm_vmscan_lru_shrink_inactive", 0),
		"\"name\":\"mm_vmscan_lru_shrink_inactive\",\"args\":{\"nid\":0,"
		"\"nr_scanned\":32,\"nr_reclaimed\":32,\"priority\":7," BOTH);
	assert_non_null(strstr(traced("mm_vmscan_writepage", 0), "\"args\":{\"pfn\":"));
	assert_non_null(strstr(traced("mm_vmscan_writepage", 31), BOTH));
	assert_string_equal(traced("mm_vmscan_writepage", 32), "no such event");
	assert_int_equal(
		strtoul(strstr(traced("mm_vmscan_writepage", 0), "pfn\":") + 5, NULL, 10), pfn);
}

/* A request for DMA finds nothing but pages of DMA32: all are passed over, and count as looked at. */
static void test_what_is_passed_over(void **state)
{
	(void)state;
	start();
	sc.highest = ZONE_DMA;
	trace_is("on");
	shrink_active_list(&sc, SWAP_CLUSTER_MAX, LRU_ANON);
	trace_is("off");
	assert_non_null(strstr(traced("mm_vmscan_lru_isolate", 0),
		"\"classzone_idx\":0,\"order\":3,\"nr_requested\":32,\"nr_scanned\":40,"
		"\"nr_skipped\":40,\"nr_taken\":0,"));
}

/* Is there a record of this kind in the ring? */
static bool in_ring(const struct trace_event *event)
{
	for (size_t i = 0; i < TRACE_RECORDS; i++)
		if (trace_ring.record[i].event == event)
			return true;
	return false;
}

static void test_unasked_they_are_not_in_the_ring_either(void **state)
{
	struct fake_shrinker fake;

	(void)state;
	start();
	fake_shrinker_add(m, &fake);
	shrink_active_list(&sc, 40, LRU_ANON);
	assert_int_equal(shrink_inactive_list(&sc, SWAP_CLUSTER_MAX, LRU_ANON), SWAP_CLUSTER_MAX);
	shrink_slab(m, GFP_KERNEL, 32, 1000);
	unregister_shrinker(m, &fake.shrinker);
	assert_false(in_ring(&mm_vmscan_lru_isolate));
	assert_false(in_ring(&mm_vmscan_lru_shrink_inactive));
	assert_false(in_ring(&mm_vmscan_writepage));
	assert_false(in_ring(&mm_shrink_slab_start));
	assert_false(in_ring(&mm_shrink_slab_end));
	assert_string_equal(events(), "");
}

/* §30.4's second vector, with 7 that were put off before: 7 + 639 is 5 batches, and 6. */
static void test_a_shrinker(void **state)
{
	struct fake_shrinker fake;

	(void)state;
	start();
	fake_shrinker_add(m, &fake);
	fake.has = 10000;
	fake.gives = 2;
	fake.shrinker.deferred = 7;
	trace_is("on");
	shrink_slab(m, GFP_NOFS, 0, 1000);
	trace_is("off");
	assert_string_equal(traced("mm_shrink_slab_start", 0),
		"\"name\":\"mm_shrink_slab_start\",\"args\":{\"shrink\":\"fake\","
		"\"nr_objects_to_shrink\":7,\"gfp_flags\":37748800,\"pgs_scanned\":32,"
		"\"lru_pgs\":1000,\"cache_items\":10000,\"delta\":639,\"total_scan\":646}}\n");
	assert_string_equal(traced("mm_shrink_slab_end", 0),
		"\"name\":\"mm_shrink_slab_end\",\"args\":{\"shrink\":\"fake\",\"nid\":0,"
		"\"unused_scan\":7,\"new_scan\":6,\"total_scan\":6,\"retval\":10}}\n");
	unregister_shrinker(m, &fake.shrinker);
}

static const struct CMUnitTest tests[] = {
	TEST(test_a_batch_on_its_way_out),
	TEST(test_what_is_passed_over),
	TEST(test_unasked_they_are_not_in_the_ring_either),
	TEST(test_a_shrinker),
};

TEST_GROUP(vmscan_trace)
