/*
 * /proc/vmstat (mm/show/vmstat_show.h; §22.5).
 */
#include "twin.h"

#include "host_machine.h"
#include "mm/show/vmstat_show.h"

static struct memory *m;

static int setup(void **state)
{
	int err = twin_setup(state);

	m = machine_default();
	memory_empty(m);
	memory_no_marks(m);
	return err;
}

/* Each another figure. */
static void count_everything(void)
{
	for (int i = 0; i < NR_ZONE_STATS; i++) {
		dma(m)->stat[i] = 100 + i;
		dma32(m)->stat[i] = 1000 + i;
	}
	for (int i = 0; i < NR_NODE_STATS; i++)
		m->node.stat[i] = 201 + i;
	for (int i = 0; i < NR_MM_EVENTS; i++)
		m->event[i] = 1000 + i;
	for (int i = 0; i < MAX_NR_ZONES; i++)
		m->zone[i].allocated = 40 + i;
}

/* The thresholds: (1100 free + 407 of files + 1) * 819, or 409, / 4096 (§23.5). Disks' events: half, in KiB. */
static void test_22_5_to_the_letter(void **state)
{
	static const char want[] = "nr_free_pages 1100\n"
				   "nr_zone_inactive_anon 1102\n"
				   "nr_zone_active_anon 1104\n"
				   "nr_zone_inactive_file 1106\n"
				   "nr_zone_active_file 1108\n"
				   "nr_zone_unevictable 1110\n"
				   "nr_zone_write_pending 1112\n"
				   "nr_mlock 1114\n"
				   "nr_slab_reclaimable 1116\n"
				   "nr_slab_unreclaimable 1118\n"
				   "nr_page_table_pages 1120\n"
				   "nr_kernel_stack 1122\n"
				   "nr_bounce 1124\n"
				   "nr_free_cma 1126\n"
				   "nr_inactive_anon 201\n"
				   "nr_active_anon 202\n"
				   "nr_inactive_file 203\n"
				   "nr_active_file 204\n"
				   "nr_unevictable 205\n"
				   "nr_isolated_anon 206\n"
				   "nr_isolated_file 207\n"
				   "nr_pages_scanned 208\n"
				   "workingset_refault 209\n"
				   "workingset_activate 210\n"
				   "workingset_nodereclaim 211\n"
				   "nr_anon_pages 212\n"
				   "nr_mapped 213\n"
				   "nr_file_pages 214\n"
				   "nr_dirty 215\n"
				   "nr_writeback 216\n"
				   "nr_writeback_temp 217\n"
				   "nr_shmem 218\n"
				   "nr_shmem_hugepages 219\n"
				   "nr_shmem_pmdmapped 220\n"
				   "nr_anon_transparent_hugepages 221\n"
				   "nr_unstable 222\n"
				   "nr_vmscan_write 223\n"
				   "nr_vmscan_immediate_reclaim 224\n"
				   "nr_dirtied 225\n"
				   "nr_written 226\n"
				   "nr_dirty_threshold 301\n"
				   "nr_dirty_background_threshold 150\n"
				   "pgpgin 500\n"
				   "pgpgout 500\n"
				   "pswpin 1002\n"
				   "pswpout 1003\n"
				   "pgalloc_dma 40\n"
				   "pgalloc_dma32 41\n"
				   "pgalloc_normal 42\n"
				   "pgalloc_movable 43\n"
				   "allocstall_dma 1008\n"
				   "allocstall_dma32 1009\n"
				   "allocstall_normal 1010\n"
				   "allocstall_movable 1011\n"
				   "pgskip_dma 1012\n"
				   "pgskip_dma32 1013\n"
				   "pgskip_normal 1014\n"
				   "pgskip_movable 1015\n"
				   "pgfree 1016\n"
				   "pgactivate 1017\n"
				   "pgdeactivate 1018\n"
				   "pgfault 1019\n"
				   "pgmajfault 1020\n"
				   "pglazyfreed 1021\n"
				   "pgrefill 1022\n"
				   "pgsteal_kswapd 1023\n"
				   "pgsteal_direct 1024\n"
				   "pgscan_kswapd 1025\n"
				   "pgscan_direct 1026\n"
				   "pgscan_direct_throttle 1027\n"
				   "pginodesteal 1028\n"
				   "slabs_scanned 1029\n"
				   "kswapd_inodesteal 1030\n"
				   "kswapd_low_wmark_hit_quickly 1031\n"
				   "kswapd_high_wmark_hit_quickly 1032\n"
				   "pageoutrun 1033\n"
				   "pgrotated 1034\n"
				   "drop_pagecache 1035\n"
				   "drop_slab 1036\n"
				   "pgmigrate_success 1037\n"
				   "pgmigrate_fail 1038\n"
				   "unevictable_pgs_culled 1039\n"
				   "unevictable_pgs_scanned 1040\n"
				   "unevictable_pgs_rescued 1041\n"
				   "unevictable_pgs_mlocked 1042\n"
				   "unevictable_pgs_munlocked 1043\n"
				   "unevictable_pgs_cleared 1044\n"
				   "unevictable_pgs_stranded 1045\n"
				   "balloon_inflate 1046\n"
				   "balloon_deflate 1047\n";

	(void)state;
	count_everything();
	print_vmstat(m);
	assert_string_equal(console(), want);
}

/* 4.8's reader does not ask the CPUs, and what they owe a counter is not below 0 (§22.1). */
static void test_22_1_what_cpus_have_gathered_is_not_seen(void **state)
{
	(void)state;
	nr_cpus = 2;
	m->node.stat[NR_ANON_MAPPED] = 5;
	m->node.cpu[1].stat_diff[NR_ANON_MAPPED] = 3;
	m->node.stat[NR_SHMEM] = -4;
	print_vmstat(m);
	assert_line("nr_anon_pages 5");
	assert_line("nr_shmem 0");
}

static unsigned int told;

static void listen(const char *name, unsigned long value, void *unused)
{
	(void)unused;
	assert_non_null(name);
	told += value;
}

static void test_whoever_asks_is_told_the_same(void **state)
{
	(void)state;
	told = 0;
	m->event[PGPGIN] = 9;
	m->event[PGFAULT] = 7;
	vmstat_tell(m, listen, NULL);
	assert_int_equal(told, 4 + 7);
	assert_string_equal(console(), "");
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, twin_teardown)
static const struct CMUnitTest tests[] = {
	TEST(test_22_5_to_the_letter),
	TEST(test_22_1_what_cpus_have_gathered_is_not_seen),
	TEST(test_whoever_asks_is_told_the_same),
};

TEST_GROUP(vmstat_show)
