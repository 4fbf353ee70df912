/*
 * The races of the reserve, R1 to R9 of §4.6, as documented: which arm shows them, which does not.
 *
 * Pageblocks 0 and 1 of DMA32 are set up as each needs; everything else is in use.
 */
#include "case.h"

#include "host_machine.h"
#include "mm/alloc/highatomic.h"
#include "mm/alloc/pcp.h"
#include "mm/page/pageblock.h"
#include "request.h"

#define M MIGRATE_MOVABLE
#define U MIGRATE_UNMOVABLE
#define H MIGRATE_HIGHATOMIC

#define BLOCK(n)  (z->start_pfn + (n)*m->pageblock_nr_pages)
#define MOVABLE   (GFP_NOWAIT | __GFP_MOVABLE | __GFP_NOWARN)
#define UNMOVABLE (GFP_NOWAIT | __GFP_NOWARN)
#define NOSTEAL   PATCH_HIGHATOMIC_NOSTEAL
#define ACCOUNT   PATCH_HIGHATOMIC_ACCOUNT

enum { H_STRAY, M_STRAY, MERGED, TOO_LOW, TOO_HIGH, NR_SEEN };

static struct page *held, *also_held;

/* Pageblock 0 as reserved, or not, with `free` pages free and the page behind them in use. */
static void start(unsigned int order, bool reserved, unsigned int free)
{
	case_machine(order);
	case_empty(100);
	case_put(BLOCK(0), 4, M);
	held = case_take(MOVABLE, 0);
	also_held = case_take(MOVABLE, 3);
	if (!free)
		while (alloc_pages(m, MOVABLE, 0))
			;
	if (reserved)
		reserve_highatomic_pageblock(z, held);
	case_kthread(0, "frees", 10);
	case_kthread(1, "reserves", 11);
	case_kthread(2, "takes", 12);
	case_ready();
}

static void frees_and_drains(void *unused)
{
	(void)unused;
	free_pages(m, held, 0);
	pcp_drain_local(m);
}

static void unreserve(void)
{
	struct alloc_context ac = request(m, GFP_HIGHUSER_MOVABLE, 0);

	unreserve_highatomic_pageblock(&ac, true);
}

static void releases(void *unused)
{
	(void)unused;
	unreserve();
}

static void releases_twice(void *unused)
{
	(void)unused;
	unreserve();
	unreserve();
}

static void reserves(void *unused)
{
	(void)unused;
	reserve_highatomic_pageblock(z, also_held);
}

/* Free blocks on lists of H outside of H pageblocks, and the other way round. */
static void see_strays(void)
{
	for (unsigned int order = 0; order < MAX_ORDER; order++) {
		for (int type = 0; type <= H; type++) {
			struct page *page;

			list_for_each_entry(page, &z->free_area[order].free_list[type], lru) {
				bool in_h = pageblock_type(z, page_to_pfn(m, page)) == H;

				if (in_h == (type == H))
					continue;
				see(type == H ? H_STRAY : M_STRAY);
				if (order)
					see(MERGED);
			}
		}
	}
}

static const char *race_check(void)
{
	unsigned long tagged = highatomic_tagged(z);

	see_strays();
	if (z->nr_reserved_highatomic < tagged)
		see(TOO_LOW);
	if (z->nr_reserved_highatomic > tagged)
		see(TOO_HIGH);
	if (z->nr_reserved_highatomic > highatomic_max(z))
		return "more is reserved than there may be";
	return case_valid();
}

static void r1_setup(void)
{
	start(10, true, 1);
}

static void r2_setup(void)
{
	start(10, false, 1);
}

/* Another reserved pageblock, whose count is taken for the stray's. */
static void r4_setup(void)
{
	start(10, true, 1);
	case_put(BLOCK(1) + 512, 4, M);
	reserve_highatomic_pageblock(z, pfn_to_page(m, BLOCK(1)));
	case_ready();
}

#define R(id, text, what, set_up, set, in_words, seen, allowed, ...)                               \
	const struct scenario id = {.name = text,                                                  \
		.title = what,                                                                     \
		.patches = set,                                                                    \
		.arm = in_words,                                                                   \
		.cpus = 3,                                                                         \
		.setup = set_up,                                                                   \
		.cpu = {__VA_ARGS__},                                                              \
		.check = race_check,                                                               \
		.results = {"an entry of an H list outside of H pageblocks",                       \
			"an entry of another list inside an H pageblock",                          \
			"such an entry merged with its neighbours",                                \
			"the counter is below the H pageblocks",                                   \
			"the counter is above the H pageblocks"},                                  \
		.shows = seen,                                                                     \
		.may = allowed,                                                                    \
		.bound = 3,                                                                        \
		.quick = 2}

static void nothing(void *unused)
{
	(void)unused;
}

R(r1_none, "r1", "R1: a page is freed as H, the block released, then drained", r1_setup, 0, "none",
	1 << H_STRAY, 1 << MERGED, frees_and_drains, releases, nothing);
R(r1_series, "r1-series", "R1: no patch removes strays", r1_setup, PATCH_SERIES, "series",
	1 << H_STRAY, 1 << MERGED, frees_and_drains, releases, nothing);
R(r2_none, "r2", "R2: a page is freed as M, the block reserved, then drained", r2_setup, 0, "none",
	1 << M_STRAY, 1 << MERGED, frees_and_drains, reserves, nothing);
R(r2_series, "r2-series", "R2: no patch removes strays", r2_setup, PATCH_SERIES, "series",
	1 << M_STRAY, 1 << MERGED, frees_and_drains, reserves, nothing);
R(r4_none, "r4", "R4: a stray is released, and counted again", r4_setup, NOSTEAL,
	"highatomic-nosteal", 1 << TOO_LOW, 1 << H_STRAY | 1 << MERGED, frees_and_drains,
	releases_twice, nothing);
R(r4_account, "r4-account", "R4: counted only if it is H", r4_setup, NOSTEAL | ACCOUNT,
	"highatomic-nosteal,highatomic-account", 0, 1 << H_STRAY | 1 << MERGED, frees_and_drains,
	releases_twice, nothing);
