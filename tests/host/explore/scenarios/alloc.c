/*
 * The allocator: the reserve, per-CPU lists, stealing and merging (§3, §4).
 */
#include "case.h"

#include "host_machine.h"
#include "mm/alloc/highatomic.h"
#include "mm/alloc/pcp.h"
#include "mm/page/pageblock.h"
#include "mm/page/vmstat.h"
#include "request.h"

#define BLOCK(n)  (z->start_pfn + (n)*m->pageblock_nr_pages)
#define MOVABLE   (GFP_NOWAIT | __GFP_MOVABLE | __GFP_NOWARN)
#define UNMOVABLE (GFP_NOWAIT | __GFP_NOWARN)

static struct page *held, *also_held;

/* The series keeps the reserve's counter at what is tagged (§4.7). */
static const char *reserve_is_exact(void)
{
	const char *err = case_valid();

	if (!err && z->nr_reserved_highatomic != highatomic_tagged(z))
		err = wrong("%lu pages are counted as reserve, %lu are tagged",
			z->nr_reserved_highatomic, highatomic_tagged(z));
	return err;
}

/* Two want to reserve one pageblock; meanwhile reserves are released, and a part of it is freed. */
static void reserve_setup(void)
{
	case_machine(9);
	case_empty(100);
	case_put(BLOCK(0), 4, MIGRATE_MOVABLE);
	case_put(BLOCK(1), 4, MIGRATE_MOVABLE);
	held = case_take(MOVABLE, 1);
	also_held = case_take(MOVABLE, 1);
	reserve_highatomic_pageblock(z, pfn_to_page(m, BLOCK(held < pfn_to_page(m, BLOCK(1)))));
	case_kthread(0, "reserves", 10);
	case_kthread(1, "releases", 11);
	case_kthread(2, "frees", 12);
	case_ready();
}

static void reserves(void *unused)
{
	(void)unused;
	reserve_highatomic_pageblock(z, held);
}

static void releases(void *unused)
{
	struct alloc_context ac = request(m, GFP_HIGHUSER_MOVABLE, 0);

	(void)unused;
	unreserve_highatomic_pageblock(&ac, true);
}

static void reserves_and_frees(void *unused)
{
	(void)unused;
	reserve_highatomic_pageblock(z, also_held);
	free_pages(m, also_held, 1);
}

const struct scenario reserve_release_free = {.name = "reserve-release-free",
	.title = "reserve, unreserve, free of one pageblock",
	.arm = "series",
	.patches = PATCH_SERIES,
	.cpus = 3,
	.setup = reserve_setup,
	.cpu = {reserves, releases, reserves_and_frees},
	.check = reserve_is_exact,
	.bound = 3,
	.quick = 2};

/* All CPUs' lists are drained while one takes from its own and gives back. */
static void drain_setup(void)
{
	case_machine(10);
	case_kthread(0, "drains", 10);
	case_kthread(1, "allocates", 11);
	case_as_cpu(1);
	free_pages(m, case_take(MOVABLE, 0), 0);
	case_as_cpu(0);
	held = case_take(MOVABLE, 0);
	case_ready();
	free_pages(m, case_take(UNMOVABLE, 0), 0);
}

static void drains_all(void *unused)
{
	(void)unused;
	pcp_drain_all(m);
}

static void allocates_and_frees(void *unused)
{
	struct page *page = alloc_pages(m, MOVABLE, 0);

	(void)unused;
	if (page)
		free_pages(m, page, 0);
}

const struct scenario drain_free_alloc = {.name = "drain-free-alloc",
	.title = "per-CPU drain, free, allocate",
	.arm = "none",
	.cpus = 2,
	.setup = drain_setup,
	.cpu = {drains_all, allocates_and_frees},
	.check = case_whole,
	.bound = 3,
	.quick = 3};

/* A block is stolen from while its other half is freed and merges, and while it is reserved. */
static void steal_setup(void)
{
	case_machine(10);
	case_empty(100);
	case_put(BLOCK(0), 4, MIGRATE_MOVABLE);
	held = case_take(MOVABLE, 2);
	also_held = case_take(MOVABLE, 2);
	case_kthread(0, "steals", 10);
	case_kthread(1, "frees", 11);
	case_kthread(2, "reserves", 12);
	case_ready();
}

static void steals(void *unused)
{
	struct page *page = alloc_pages(m, UNMOVABLE, 1);

	(void)unused;
	if (page)
		free_pages(m, page, 1);
}

static void frees_to_merge(void *unused)
{
	(void)unused;
	free_pages(m, also_held, 2);
}

const struct scenario steal_merge_reserve = {.name = "steal-merge-reserve",
	.title = "steal, free and merge, reserve",
	.arm = "series",
	.patches = PATCH_SERIES,
	.cpus = 3,
	.setup = steal_setup,
	.cpu = {steals, frees_to_merge, reserves},
	.check = reserve_is_exact,
	.bound = 3,
	.quick = 2};

/* A counter's gathered changes are folded while more are gathered. */
static void counters_setup(void)
{
	case_machine(10);
	case_kthread(0, "folds", 10);
	case_kthread(1, "counts", 11);
	case_as_cpu(1);
	zone_stat_add(z, NR_ZONE_ACTIVE_ANON, 2);
	case_as_cpu(0);
	case_ready();
}

static void folds_all(void *unused)
{
	(void)unused;
	vmstat_fold_all(m);
}

static void counts(void *unused)
{
	(void)unused;
	zone_stat_add(z, NR_ZONE_ACTIVE_ANON, 1);
	zone_stat_add(z, NR_ZONE_ACTIVE_ANON, 1);
}

static const char *counters_check(void)
{
	long n = zone_stat_exact(z, NR_ZONE_ACTIVE_ANON);

	return n == 4 ? NULL : wrong("the counter is %ld, not 4", n);
}

const struct scenario counters = {.name = "counters",
	.title = "counters: gather, and fold by a call",
	.arm = "none",
	.cpus = 2,
	.setup = counters_setup,
	.cpu = {folds_all, counts},
	.check = counters_check,
	.bound = 3,
	.quick = 3};
