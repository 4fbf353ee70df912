"""All of /proc/vmstat: its names and their order are Linux 4.8's, its figures those of the counters.

From the repository's root, with the kernel built.
"""
import re
import unittest

import system

# reclaim.md §22.5, of a kernel without zsmalloc and compaction.
NAMES = """
nr_free_pages nr_zone_inactive_anon nr_zone_active_anon nr_zone_inactive_file
nr_zone_active_file nr_zone_unevictable nr_zone_write_pending nr_mlock nr_slab_reclaimable
nr_slab_unreclaimable nr_page_table_pages nr_kernel_stack nr_bounce nr_free_cma nr_inactive_anon
nr_active_anon nr_inactive_file nr_active_file nr_unevictable nr_isolated_anon nr_isolated_file
nr_pages_scanned workingset_refault workingset_activate workingset_nodereclaim nr_anon_pages
nr_mapped nr_file_pages nr_dirty nr_writeback nr_writeback_temp nr_shmem nr_shmem_hugepages
nr_shmem_pmdmapped nr_anon_transparent_hugepages nr_unstable nr_vmscan_write
nr_vmscan_immediate_reclaim nr_dirtied nr_written nr_dirty_threshold
nr_dirty_background_threshold pgpgin pgpgout pswpin pswpout pgalloc_dma pgalloc_dma32
pgalloc_normal pgalloc_movable allocstall_dma allocstall_dma32 allocstall_normal
allocstall_movable pgskip_dma pgskip_dma32 pgskip_normal pgskip_movable pgfree pgactivate
pgdeactivate pgfault pgmajfault pglazyfreed pgrefill pgsteal_kswapd pgsteal_direct pgscan_kswapd
pgscan_direct pgscan_direct_throttle pginodesteal slabs_scanned kswapd_inodesteal
kswapd_low_wmark_hit_quickly kswapd_high_wmark_hit_quickly pageoutrun pgrotated drop_pagecache
drop_slab pgmigrate_success pgmigrate_fail unevictable_pgs_culled unevictable_pgs_scanned
unevictable_pgs_rescued unevictable_pgs_mlocked unevictable_pgs_munlocked
unevictable_pgs_cleared unevictable_pgs_stranded balloon_inflate balloon_deflate
""".split()
LINE = re.compile(r"(?m)^(?:\[ *\d+\.\d+\] )?([a-z][a-z0-9_]+) (\d+)$")


def printed(run):
    """Return the (name, value)s of the console's lines, in their order."""
    return [(name, int(value)) for name, value in LINE.findall(run.console)]


class Vmstat(unittest.TestCase):
    def test_info_prints_all_of_it(self):
        run = system.boot(scenario="info")
        self.assertEqual([name for name, _ in printed(run)], NAMES)

    def test_at_a_scenario_s_end_it_is_what_the_counters_are(self):
        run = system.boot(scenario="swaptest", mem="128", devices="disk=16 card=8", args="swap=card:4092:5,disk:4092 vmstat=1")
        self.assertEqual(run.status, system.STATUS["finished"], run.console[-600:])
        lines = printed(run)
        self.assertEqual([name for name, _ in lines], NAMES)
        counted = {event["name"]: event["value"] for event in run.events if event.get("event") == "counter"}
        self.assertEqual(lines, [(name, counted[name]) for name in NAMES])
        # A page that goes to swap, or comes from there, is 4 KiB on its way; the scenario reads its disk besides.
        self.assertGreaterEqual(counted["pgpgin"], 4 * counted["pswpin"])
        self.assertGreater(counted["pswpin"], 0)

    def test_after_a_panic_as_well(self):
        run = system.boot(scenario="spike", mem="128", args="panic_on_oom=2 vmstat=1")
        self.assertEqual(run.status, system.STATUS["panic"])
        self.assertEqual([name for name, _ in printed(run)], NAMES)

    def test_unasked_it_is_not_there(self):
        run = system.boot(scenario="swaptest", mem="128", devices="disk=16 card=8", args="swap=card:4092:5,disk:4092")
        self.assertEqual(printed(run), [])


if __name__ == "__main__":
    unittest.main()
