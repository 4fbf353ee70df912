/*
 * Mem-Info, the allocation-failure report and /proc's views (reference §10.3, §10.7, §10.8), and
 * the identities of a report (§11.1).
 */
#include "twin.h"

#include "host_machine.h"
#include "mm/page/pageblock.h"
#include "mm/show/proc.h"
#include "mm/reclaim/scan.h"
#include "mm/show/show_mem.h"

#define M MIGRATE_MOVABLE
#define U MIGRATE_UNMOVABLE
#define H MIGRATE_HIGHATOMIC

static struct memory *m;

static int setup(void **state)
{
	int err = twin_setup(state);

	m = machine_default();
	memory_empty(m);
	return err;
}

static void test_10_3_global_lines(void **state)
{
	(void)state;
	m->node.stat[NR_ACTIVE_ANON] = 111;
	m->node.stat[NR_INACTIVE_ANON] = 12;
	m->node.stat[NR_ISOLATED_ANON] = 5;
	m->node.stat[NR_ACTIVE_FILE] = 13;
	m->node.stat[NR_INACTIVE_FILE] = 14;
	m->node.stat[NR_ISOLATED_FILE] = 6;
	m->node.stat[NR_UNEVICTABLE] = 15;
	m->node.stat[NR_FILE_DIRTY] = 7;
	m->node.stat[NR_WRITEBACK] = 8;
	m->node.stat[NR_FILE_MAPPED] = 9;
	m->node.stat[NR_SHMEM] = 10;
	dma32(m)->stat[NR_SLAB_RECLAIMABLE] = 16;
	dma32(m)->stat[NR_SLAB_UNRECLAIMABLE] = 17;
	dma32(m)->stat[NR_PAGETABLE] = 18;
	dma32(m)->pcp[0].count = 19;
	zone_put(dma32(m), 4096, 3, M);
	show_mem(m);
	assert_line("Mem-Info:");
	assert_line("active_anon:111 inactive_anon:12 isolated_anon:5");
	assert_line(" active_file:13 inactive_file:14 isolated_file:6");
	assert_printed(" unevictable:15 dirty:7 writeback:8 unstable:0\n");
	assert_line(" slab_reclaimable:16 slab_unreclaimable:17");
	assert_line(" mapped:9 shmem:10 pagetables:18 bounce:0");
	assert_line(" free:8 free_pcp:19 free_cma:0");
}

static void test_10_3_lines_come_in_this_order(void **state)
{
	(void)state;
	show_mem(m);
	assert_printed_in_order("Mem-Info:\n", "active_anon:", "\n active_file:", "\n unevictable:",
		"\n slab_reclaimable:", "\n mapped:", "\n free:", "\nNode 0 ",
		"\nDMA free:", "\nlowmem_reserve[]:", "\nDMA32 free:", "\nlowmem_reserve[]:",
		"\nDMA: ", "\nDMA32: ", " total pagecache pages\n", " pages in swap cache\n",
		"Swap cache stats:", "\nFree swap", "\nTotal swap", " pages RAM\n",
		"HighMem/MovableOnly\n", " pages reserved\n", " pages cma reserved\n",
		" pages hwpoisoned\n", NULL);
}

static void test_10_3_node_line(void **state)
{
	(void)state;
	m->node.stat[NR_ACTIVE_ANON] = 11;
	m->node.stat[NR_INACTIVE_FILE] = 2;
	m->node.stat[NR_PAGES_SCANNED] = 11;
	show_mem(m);
	assert_line("Node 0 active_anon:44kB inactive_anon:0kB active_file:0kB inactive_file:8kB "
		    "unevictable:0kB isolated(anon):0kB isolated(file):0kB mapped:0kB dirty:0kB "
		    "writeback:0kB shmem:0kB writeback_tmp:0kB unstable:0kB pages_scanned:11 "
		    "all_unreclaimable? no");
}

static void test_6_7_all_unreclaimable(void **state)
{
	(void)state;
	m->node.stat[NR_INACTIVE_FILE] = 2;
	m->node.stat[NR_PAGES_SCANNED] = 12;
	show_mem(m);
	assert_printed("pages_scanned:12 all_unreclaimable? yes");
}

/* Anonymous pages count while there is a slot for one (§17.10b); those that are isolated count as well. */
static void test_17_10b_anonymous_pages_count_with_swap_alone(void **state)
{
	(void)state;
	m->node.stat[NR_ACTIVE_ANON] = 3;
	m->node.stat[NR_INACTIVE_ANON] = 4;
	m->node.stat[NR_ISOLATED_ANON] = 5;
	m->node.stat[NR_ISOLATED_FILE] = 1;
	m->node.stat[NR_PAGES_SCANNED] = 6 * 13 - 1;
	assert_false(node_reclaimable(m));
	m->swap.nr_swap_pages = 1;
	assert_true(node_reclaimable(m));
	m->node.stat[NR_PAGES_SCANNED]++;
	assert_false(node_reclaimable(m));
}

static void test_10_3_zone_lines(void **state)
{
	struct zone *z = dma32(m);

	(void)state;
	zone_marks(z, 1407, 1906, 2405);
	z->stat[NR_FREE_PAGES] = 4851;
	z->stat[NR_ZONE_ACTIVE_ANON] = 382037;
	z->stat[NR_KERNEL_STACK_KB] = 3536;
	z->stat[NR_PAGETABLE] = 1906;
	z->pcp[0].count = 225;
	dma(m)->lowmem_reserve[1] = dma(m)->lowmem_reserve[2] = dma(m)->lowmem_reserve[3] = 1952;
	show_mem(m);
	assert_line("DMA32 free:19404kB min:5628kB low:7624kB high:9620kB active_anon:1528148kB "
		    "inactive_anon:0kB active_file:0kB inactive_file:0kB unevictable:0kB "
		    "writepending:0kB present:%lukB managed:%lukB mlocked:0kB slab_reclaimable:0kB "
		    "slab_unreclaimable:0kB kernel_stack:3536kB pagetables:7624kB bounce:0kB "
		    "free_pcp:900kB local_pcp:900kB free_cma:0kB",
		z->present * 4, z->managed * 4);
	assert_line("lowmem_reserve[]: 0 1952 1952 1952");
	assert_line("lowmem_reserve[]: 0 0 0 0");
	assert_not_printed("Normal");
}

static void test_10_3_free_pcp_of_all_cpus_and_local(void **state)
{
	(void)state;
	nr_cpus = 2;
	dma32(m)->pcp[0].count = 10;
	dma32(m)->pcp[1].count = 5;
	show_mem(m);
	assert_printed("free_pcp:60kB local_pcp:40kB");
	assert_printed(" free_pcp:15 ");
}

static void test_10_3_buddy_lines(void **state)
{
	struct zone *z = dma32(m);

	(void)state;
	zone_put(z, 4096, 0, U);
	zone_put(z, 4098, 0, H);
	zone_put(z, 4100, 0, MIGRATE_RECLAIMABLE);
	zone_put(z, 4102, 0, M);
	zone_put(z, 4112, 3, H);
	zone_put(z, 5120, 10, H);
	zone_put(z, 6144, 10, MIGRATE_ISOLATE);
	zone_put(z, 7168, 10, MIGRATE_CMA);
	show_mem(m);
	assert_line("DMA: 0*4kB 0*8kB 0*16kB 0*32kB 0*64kB 0*128kB 0*256kB 0*512kB 0*1024kB "
		    "0*2048kB 0*4096kB = 0kB");
	assert_line("DMA32: 4*4kB (UMEH) 0*8kB 0*16kB 1*32kB (H) 0*64kB 0*128kB 0*256kB 0*512kB "
		    "0*1024kB 0*2048kB 3*4096kB (HCI) = 12336kB");
}

static void test_10_3_trailer(void **state)
{
	unsigned long present = dma(m)->present + dma32(m)->present;

	(void)state;
	m->total_swap_pages = 63999;
	show_mem(m);
	assert_line("0 total pagecache pages");
	assert_line("0 pages in swap cache");
	assert_line("Swap cache stats: add 0, delete 0, find 0/0");
	assert_printed("Free swap  = ");
	assert_line("Total swap = 255996kB");
	assert_line("%lu pages RAM", present);
	assert_line("0 pages HighMem/MovableOnly");
	assert_line("%lu pages reserved", present - m->totalram_pages);
	assert_line("0 pages cma reserved");
	assert_line("0 pages hwpoisoned");
}

/* The number after `name` in the line that begins with `line`. */
static long number(const char *line, const char *name)
{
	char start[64];
	const char *p;

	snprintf(start, sizeof(start), "\n%s", line);
	p = strstr(console(), start);
	assert_non_null(p);
	p = strstr(p + 1, name);
	assert_non_null(p);
	return strtol(p + strlen(name), NULL, 10);
}

static void test_11_1_identities_of_a_report(void **state)
{
	long buddy_dma, buddy_dma32;

	(void)state;
	m = machine_default();
	for (int i = 0; i < 2500; i++)
		alloc_pages(m, i & 1 ? GFP_KERNEL : GFP_HIGHUSER_MOVABLE, i % 3);
	show_mem(m);
	buddy_dma = number("DMA: ", "= ");
	buddy_dma32 = number("DMA32: ", "= ");
	assert_int_equal(number("DMA free:", "free:"), buddy_dma);
	assert_int_equal(number("DMA32 free:", "free:"), buddy_dma32);
	assert_int_equal(number(" free:", "free:") * 4, buddy_dma + buddy_dma32);
	assert_int_equal(number("DMA free:", "present:") + number("DMA32 free:", "present:"),
		4 * (dma(m)->present + dma32(m)->present));
}

static void test_10_7_failure_report(void **state)
{
	(void)state;
	warn_alloc_failed(m, 0x2280020, 0);
	assert_line("test: page allocation failure: order:0, "
		    "mode:0x2280020(GFP_ATOMIC|__GFP_NOTRACK)");
	assert_printed_in_order(
		"page allocation failure", "<stack>", "Mem-Info:", "pages hwpoisoned", NULL);
	assert_not_printed("[ pid ]");
	assert_non_null(strstr(events(), "\"kind\":\"alloc-failure\""));
}

static void test_10_7_failure_report_is_ratelimited(void **state)
{
	(void)state;
	for (int i = 0; i < 25; i++)
		warn_alloc_failed(m, GFP_ATOMIC, 1);
	assert_int_equal(console_count("page allocation failure"), 10);
	jiffies += 5 * hz;
	warn_alloc_failed(m, GFP_ATOMIC, 1);
	assert_int_equal(console_count("page allocation failure"), 10);
	jiffies += 1;
	for (int i = 0; i < 25; i++)
		warn_alloc_failed(m, GFP_ATOMIC, 1);
	assert_int_equal(console_count("page allocation failure"), 20);
}

static void test_0_4_ratelimit_states_are_separate(void **state)
{
	(void)state;
	for (int i = 0; i < 10; i++)
		assert_true(ratelimit(&m->failure_ratelimit, "a"));
	assert_false(ratelimit(&m->failure_ratelimit, "a"));
	assert_true(ratelimit(&m->oom_ratelimit, "b"));
}

/* The first one that is printed again tells first how many were not. */
static void test_0_4_what_was_not_printed_is_counted(void **state)
{
	(void)state;
	for (int i = 0; i < 12; i++)
		warn_alloc_failed(m, GFP_ATOMIC, 1);
	assert_not_printed("suppressed");
	jiffies += 5 * hz + 1;
	console_clear();
	warn_alloc_failed(m, GFP_ATOMIC, 1);
	assert_line("warn_alloc_failed: 2 callbacks suppressed");
	assert_printed_in_order("callbacks suppressed", "page allocation failure", NULL);
	jiffies += 5 * hz + 1;
	console_clear();
	warn_alloc_failed(m, GFP_ATOMIC, 1);
	assert_not_printed("suppressed");
}

static void test_10_8_buddyinfo(void **state)
{
	(void)state;
	zone_put(dma32(m), 4096, 10, M);
	zone_put(dma32(m), 5120, 10, M);
	zone_put(dma32(m), 6144, 0, U);
	print_buddyinfo(m);
	assert_line("Node 0, zone      DMA      0      0      0      0      0      0      0      0 "
		    "     0      0      0 ");
	assert_line("Node 0, zone    DMA32      1      0      0      0      0      0      0      0 "
		    "     0      0      2 ");
}

static void test_10_8_pagetypeinfo(void **state)
{
	(void)state;
	zone_put(dma32(m), 4096, 10, H);
	set_pageblock_type(dma32(m), 4096, H);
	print_pagetypeinfo(m);
	assert_line("Page block order: 10");
	assert_line("Pages per block:  1024");
	assert_line("Free pages count per migrate type at order       0      1      2      3 "
		    "     4      5      6      7      8      9     10 ");
	assert_line("Node    0, zone    DMA32, type   HighAtomic      0      0      0      0 "
		    "     0      0      0      0      0      0      1 ");
	assert_line("Node    0, zone    DMA32, type    Unmovable      0      0      0      0 "
		    "     0      0      0      0      0      0      0 ");
	assert_line("Number of blocks type     Unmovable      Movable  Reclaimable   HighAtomic "
		    "         CMA      Isolate ");
	/* Sampled from the zone's first pfn on: the DMA zone's first block counts as well. */
	assert_line("Node 0, zone      DMA            0            4            0            0 "
		    "           0            0 ");
	assert_line("Node 0, zone    DMA32            0            5            0            1 "
		    "           0            0 ");
}

static void test_10_8_pagetypeinfo_in_this_order(void **state)
{
	(void)state;
	print_pagetypeinfo(m);
	assert_printed_in_order("Page block order: ", "\nPages per block: ",
		"\n \nFree pages count per migrate type", "zone      DMA, type    Unmovable",
		"zone      DMA, type      Movable", "zone      DMA, type  Reclaimable",
		"zone      DMA, type   HighAtomic", "zone      DMA, type          CMA",
		"zone      DMA, type      Isolate", "zone    DMA32, type    Unmovable",
		"zone    DMA32, type      Isolate", "\n \nNumber of blocks type ",
		"\nNode 0, zone      DMA ", "\nNode 0, zone    DMA32 ", NULL);
}

static void test_10_8_zoneinfo_s_protection(void **state)
{
	(void)state;
	for (int i = 0; i < MAX_NR_ZONES; i++)
		dma(m)->lowmem_reserve[i] = 10 * i + 1;
	print_zoneinfo(m);
	assert_line("        protection: (1, 11, 21, 31)");
}

/* Before the first zone, and of all zones together; the names and their order are the oracle's. */
static void test_10_8_zoneinfo_s_node(void **state)
{
	(void)state;
	for (int i = 0; i < NR_NODE_STATS; i++)
		m->node.stat[i] = 101 + i;
	print_zoneinfo(m);
	assert_printed_in_order("zone      DMA\n", "  per-node stats\n",
		"      nr_inactive_anon 101\n", "      nr_active_anon 102\n",
		"      nr_inactive_file 103\n", "      nr_active_file 104\n",
		"      nr_unevictable 105\n", "      nr_isolated_anon 106\n",
		"      nr_isolated_file 107\n", "      nr_pages_scanned 108\n",
		"      workingset_refault 109\n", "      workingset_activate 110\n",
		"      workingset_nodereclaim 111\n", "      nr_anon_pages 112\n",
		"      nr_mapped    113\n", "      nr_file_pages 114\n", "      nr_dirty     115\n",
		"      nr_writeback 116\n", "      nr_writeback_temp 117\n",
		"      nr_shmem     118\n", "      nr_shmem_hugepages 119\n",
		"      nr_shmem_pmdmapped 120\n", "      nr_anon_transparent_hugepages 121\n",
		"      nr_unstable  122\n", "      nr_vmscan_write 123\n",
		"      nr_vmscan_immediate_reclaim 124\n", "      nr_dirtied   125\n",
		"      nr_written   126\n", "  pages free ", NULL);
}

static void test_10_8_zoneinfo_of_all_cpus(void **state)
{
	(void)state;
	nr_cpus = 3;
	dma32(m)->pcp[2].count = 7;
	print_zoneinfo(m);
	assert_printed_in_order("Node 0, zone    DMA32\n", "    cpu: 0\n", "    cpu: 1\n",
		"    cpu: 2\n", "              count: 7\n", NULL);
	assert_not_printed("cpu: 3");
	assert_int_equal(console_count("cpu: "), 6);
}

static void test_10_8_zoneinfo(void **state)
{
	(void)state;
	zone_marks(dma32(m), 10, 12, 14);
	zone_put(dma32(m), 4096, 3, U);
	print_zoneinfo(m);
	assert_printed_in_order("Node 0, zone      DMA\n", "  per-node stats\n",
		"Node 0, zone    DMA32\n", "  pages free     8\n", "        min      10\n",
		"        low      12\n", "        high     14\n", "   node_scanned  0\n",
		"        spanned  6144\n", "        present  6144\n", "        managed  6142\n",
		"      nr_free_pages 8\n", "        protection: (0, 0, 0, 0)\n", "  pagesets\n",
		"    cpu: 0\n", "              count: 0\n", "              high:  0\n",
		"              batch: 1\n", "  start_pfn:           4096\n", NULL);
	assert_int_equal(console_count("per-node stats"), 1);
}

/* All of a zone, in the order that tools rely on; each figure is another one. */
static void test_10_8_zoneinfo_to_the_letter(void **state)
{
	static const char want[] = "Node 0, zone      DMA\n"
				   "  per-node stats\n"
				   "      nr_inactive_anon 101\n"
				   "      nr_active_anon 102\n"
				   "      nr_inactive_file 103\n"
				   "      nr_active_file 104\n"
				   "      nr_unevictable 105\n"
				   "      nr_isolated_anon 0\n"
				   "      nr_isolated_file 0\n"
				   "      nr_pages_scanned 77\n"
				   "      workingset_refault 0\n"
				   "      workingset_activate 0\n"
				   "      workingset_nodereclaim 0\n"
				   "      nr_anon_pages 0\n"
				   "      nr_mapped    0\n"
				   "      nr_file_pages 0\n"
				   "      nr_dirty     0\n"
				   "      nr_writeback 0\n"
				   "      nr_writeback_temp 0\n"
				   "      nr_shmem     0\n"
				   "      nr_shmem_hugepages 0\n"
				   "      nr_shmem_pmdmapped 0\n"
				   "      nr_anon_transparent_hugepages 0\n"
				   "      nr_unstable  0\n"
				   "      nr_vmscan_write 0\n"
				   "      nr_vmscan_immediate_reclaim 0\n"
				   "      nr_dirtied   0\n"
				   "      nr_written   0\n"
				   "  pages free     100\n"
				   "        min      31\n"
				   "        low      32\n"
				   "        high     33\n"
				   "   node_scanned  77\n"
				   "        spanned  4095\n"
				   "        present  3998\n"
				   "        managed  3998\n"
				   "      nr_free_pages 100\n"
				   "      nr_zone_inactive_anon 101\n"
				   "      nr_zone_active_anon 102\n"
				   "      nr_zone_inactive_file 103\n"
				   "      nr_zone_active_file 104\n"
				   "      nr_zone_unevictable 105\n"
				   "      nr_zone_write_pending 106\n"
				   "      nr_mlock     107\n"
				   "      nr_slab_reclaimable 108\n"
				   "      nr_slab_unreclaimable 109\n"
				   "      nr_page_table_pages 110\n"
				   "      nr_kernel_stack 111\n"
				   "      nr_bounce    112\n"
				   "      nr_free_cma  113\n"
				   "        protection: (1, 2, 3, 4)\n"
				   "  pagesets\n"
				   "    cpu: 0\n"
				   "              count: 5\n"
				   "              high:  60\n"
				   "              batch: 7\n"
				   "  vm stats threshold: 9\n"
				   "    cpu: 1\n"
				   "              count: 6\n"
				   "              high:  61\n"
				   "              batch: 8\n"
				   "  vm stats threshold: 9\n"
				   "  node_unreclaimable:  0\n"
				   "  start_pfn:           1\n"
				   "  node_inactive_ratio: 0\n"
				   "Node 0, zone    DMA32\n";
	struct zone *first = dma(m);

	(void)state;
	nr_cpus = 2;
	zone_marks(first, 31, 32, 33);
	for (int i = 0; i <= NR_UNEVICTABLE; i++)
		m->node.stat[i] = 101 + i;
	m->node.stat[NR_PAGES_SCANNED] = 77;
	first->stat_threshold = 9;
	for (int i = 0; i < NR_ZONE_STATS; i++)
		first->stat[i] = 100 + i;
	for (int i = 0; i < MAX_NR_ZONES; i++)
		first->lowmem_reserve[i] = 1 + i;
	for (int cpu = 0; cpu < 2; cpu++) {
		first->pcp[cpu].count = 5 + cpu;
		first->pcp[cpu].high = 60 + cpu;
		first->pcp[cpu].batch = 7 + cpu;
	}
	print_zoneinfo(m);
	if (strncmp(console(), want, strlen(want)))
		fail_msg("not\n%s\nbut\n%s", want, console());
}

/* After each CPU's list; the oracle's zones of 2048 MiB on two CPUs have 20 and 4. */
static void test_10_8_zoneinfo_tells_the_thresholds(void **state)
{
	(void)state;
	dma32(m)->stat_threshold = 20;
	print_zoneinfo(m);
	assert_printed_in_order("    cpu: 0\n", "              batch: 1\n",
		"  vm stats threshold: 0\n", "  node_unreclaimable:  1\n",
		"Node 0, zone    DMA32\n", "    cpu: 0\n", "              batch: 1\n",
		"  vm stats threshold: 20\n", "  node_unreclaimable:  1\n", NULL);
	console_clear();
	m->node.stat[NR_ACTIVE_FILE] = 1;
	print_zoneinfo(m);
	assert_int_equal(console_count("  node_unreclaimable:  0\n"), 2);
}

static void test_free_of_type_walks_the_lists(void **state)
{
	(void)state;
	zone_put(dma32(m), 4096, 3, H);
	zone_put(dma32(m), 5120, 0, H);
	zone_put(dma32(m), 6144, 5, U);
	assert_int_equal(zone_free_of_type(dma32(m), H), 9);
	assert_int_equal(zone_free_of_type(dma32(m), U), 32);
	assert_int_equal(zone_free_of_type(dma32(m), M), 0);
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, twin_teardown)
static const struct CMUnitTest tests[] = {
	TEST(test_10_3_global_lines),
	TEST(test_10_3_lines_come_in_this_order),
	TEST(test_10_3_node_line),
	TEST(test_6_7_all_unreclaimable),
	TEST(test_17_10b_anonymous_pages_count_with_swap_alone),
	TEST(test_10_3_zone_lines),
	TEST(test_10_3_free_pcp_of_all_cpus_and_local),
	TEST(test_10_3_buddy_lines),
	TEST(test_10_3_trailer),
	TEST(test_11_1_identities_of_a_report),
	TEST(test_10_7_failure_report),
	TEST(test_10_7_failure_report_is_ratelimited),
	TEST(test_0_4_ratelimit_states_are_separate),
	TEST(test_0_4_what_was_not_printed_is_counted),
	TEST(test_10_8_buddyinfo),
	TEST(test_10_8_pagetypeinfo),
	TEST(test_10_8_pagetypeinfo_in_this_order),
	TEST(test_10_8_zoneinfo_s_protection),
	TEST(test_10_8_zoneinfo_s_node),
	TEST(test_10_8_zoneinfo_of_all_cpus),
	TEST(test_10_8_zoneinfo),
	TEST(test_10_8_zoneinfo_to_the_letter),
	TEST(test_10_8_zoneinfo_tells_the_thresholds),
	TEST(test_free_of_type_walks_the_lists),
};
TEST_GROUP(show_mem)
