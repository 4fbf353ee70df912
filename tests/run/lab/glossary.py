"""What the names in a report mean, in a few words each."""

FIELDS = {
    "free": "pages on the buddy lists, those of the high-order reserve among them",
    "min": "the mark below which only requests with special rights are served",
    "low": "the mark at which kswapd is woken",
    "high": "the mark up to which kswapd reclaims",
    "active_anon": "anonymous memory that was used lately",
    "inactive_anon": "anonymous memory that may be swapped out next",
    "isolated_anon": "anonymous memory that reclaim has in its hands just now",
    "active_file": "page cache that was used lately",
    "inactive_file": "page cache that may be dropped next",
    "isolated_file": "page cache that reclaim has in its hands just now",
    "unevictable": "memory that reclaim must not touch, such as mlocked",
    "dirty": "page cache that must be written before it can be dropped",
    "writeback": "memory that is being written just now",
    "writeback_tmp": "memory that FUSE writes by copies",
    "writepending": "dirty, or being written",
    "unstable": "sent to an NFS server, which has not said that it is on its disk",
    "slab_reclaimable": "slabs whose objects may be given up on demand, such as dentries",
    "slab_unreclaimable": "slabs whose objects stay until their owner frees them",
    "mapped": "page cache that processes have mapped",
    "shmem": "shared memory and tmpfs",
    "pagetables": "page tables",
    "bounce": "copies for devices that do not reach all memory",
    "free_pcp": "free pages on the lists of CPUs, which no watermark counts",
    "local_pcp": "the same, on the list of the CPU that printed this",
    "free_cma": "free pages of contiguous areas, which only movable requests get",
    "present": "all memory of the zone",
    "managed": "what of it the allocator has, without what was reserved at boot",
    "mlocked": "memory that processes have locked",
    "kernel_stack": "stacks of the kernel, one for each thread",
    "pages_scanned": "pages that were scanned since one was freed",
    "reserved_highatomic": "the high-order reserve: what the watermark test takes off for other requests",
    "free_highatomic": "what of the high-order reserve is free",
    "total-vm": "address space, whether memory is behind it or not",
    "anon-rss": "anonymous memory that it had",
    "file-rss": "page cache that it had mapped",
    "shmem-rss": "shared memory that it had mapped",
}
OF_VICTIMS = ("total-vm", "-rss")
TYPES = {"U": "unmovable", "M": "movable", "E": "reclaimable", "H": "high-order atomic reserve",
         "C": "contiguous areas (CMA)", "I": "isolated", "R": "reserve"}
TRAILER = {
    "total pagecache pages": "the page cache of all files, swap cache and shared memory among it",
    "pages in swap cache": "memory that has a slot of swap as well",
    "pages RAM": "all memory of the machine",
    "pages HighMem/MovableOnly": "memory that the kernel itself cannot use for everything",
    "pages reserved": "memory that the allocator never had, such as the kernel's own image",
    "pages cma reserved": "memory set aside for contiguous areas",
    "pages hwpoisoned": "memory that was found to be faulty",
}
SWAP = {"Free swap": "slots of swap that are free", "Total swap": "slots of swap in all"}
COLUMNS = {
    "pid": "the thread", "uid": "whose process it is", "tgid": "the process",
    "total_vm": "address space, in pages",
    "rss": "memory that it has now, in pages", "nr_ptes": "page tables of the lowest level, in pages",
    "nr_pmds": "page tables of the second level, in pages", "swapents": "slots of swap that it has",
    "oom_score_adj": "what is added to its score: -1000 is never killed, 1000 first",
    "pgtables_bytes": "its page tables, in bytes", "cpu": "the CPU it was on last",
    "oom_adj": "the same, in older units",
}
IN_PAGES = ("total_vm", "rss", "nr_ptes", "nr_pmds", "swapents")
CACHE_STATS = ("pages put into the swap cache so far", "pages taken out of it so far",
               "look-ups that found a page", "look-ups in all")
