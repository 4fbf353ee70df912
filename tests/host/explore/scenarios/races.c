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

enum { H_STRAY, M_STRAY, MERGED, TOO_LOW, TOO_HIGH, TWO_FOR_ONE, OUT_OF_REACH };

static struct page *held, *also_held;
static unsigned int held_order;

static void players(void)
{
	case_kthread(0, "frees", 10);
	case_kthread(1, "changes", 11);
	case_kthread(2, "takes", 12);
	case_ready();
}

static void machine(unsigned int order)
{
	case_machine(order);
	case_empty(100);
	held_order = 0;
}

/* Pageblock 0: one page in use, eight more, and seven free ones; it is reserved, or not. */
static void partly_used(unsigned int order, bool reserved)
{
	machine(order);
	case_put(BLOCK(0), 4, M);
	held = case_take(MOVABLE, 0);
	also_held = case_take(MOVABLE, 3);
	if (reserved)
		reserve_highatomic_pageblock(z, held);
}

static void reserve(unsigned int block)
{
	reserve_highatomic_pageblock(z, pfn_to_page(m, BLOCK(block)));
}

static bool unreserve(bool force)
{
	struct alloc_context ac = request(m, GFP_HIGHUSER_MOVABLE, 0);

	return unreserve_highatomic_pageblock(&ac, force);
}

/* What the CPUs do. */

static void frees_and_drains(void *unused)
{
	(void)unused;
	free_pages(m, held, held_order);
	pcp_drain_local(m);
}

static void releases(void *unused)
{
	(void)unused;
	unreserve(true);
}

static void releases_twice(void *unused)
{
	(void)unused;
	unreserve(true);
	unreserve(true);
}

static void reserves(void *unused)
{
	(void)unused;
	reserve_highatomic_pageblock(z, also_held);
}

static void reserves_other(void *unused)
{
	(void)unused;
	reserve_highatomic_pageblock(z, held);
}

static void takes_unmovable(void *unused)
{
	(void)unused;
	alloc_pages(m, UNMOVABLE, 0);
}

static void nothing(void *unused)
{
	(void)unused;
}

/* What is wrong with the reserve afterwards. */

static void see_stray(const struct page *page, unsigned int order, int type)
{
	bool in_h = pageblock_type(z, page_to_pfn(m, page)) == H;

	if (in_h == (type == H))
		return;
	see(type == H ? H_STRAY : M_STRAY);
	if (order)
		see(MERGED);
}

static void see_strays(void)
{
	const struct page *page;

	for (unsigned int order = 0; order < MAX_ORDER; order++)
		for (int type = 0; type <= H; type++)
			list_for_each_entry(page, &z->free_area[order].free_list[type], lru)
				see_stray(page, order, type);
}

static const char *race_check(void)
{
	unsigned long tagged = highatomic_tagged(z);

	see_strays();
	if (z->nr_reserved_highatomic < tagged)
		see(TOO_LOW);
	if (z->nr_reserved_highatomic > tagged)
		see(TOO_HIGH);
	if (m->event[HIGHATOMIC_RELEASED_PAGES] >
		m->event[HIGHATOMIC_RELEASED_BLOCKS] * m->pageblock_nr_pages)
		see(TWO_FOR_ONE);
	if (z->nr_reserved_highatomic > highatomic_max(z))
		return "more is reserved than there may be";
	return case_valid();
}

/* An H list has entries, and nobody gets them: a release that is not forced passes the zone by. */
static const char *reach_check(void)
{
	const char *err = race_check();

	if (z->free_mask[H] && !unreserve(false) && !alloc_pages(m, MOVABLE, 0))
		see(OUT_OF_REACH);
	return err;
}

static void r1_setup(void)
{
	partly_used(10, true);
	players();
}

static void r2_setup(void)
{
	partly_used(10, false);
	players();
}

/* Another reserved pageblock, whose count is taken for the stray's. */
static void r4_setup(void)
{
	partly_used(10, true);
	case_put(BLOCK(1) + 512, 4, M);
	reserve(1);
	players();
}

/* Half of the pageblock is free: it changes type with what is stolen from it. */
static void r5_setup(void)
{
	partly_used(9, false);
	case_put(BLOCK(0) + 256, 8, M);
	players();
}

/* Two pageblocks of order 9 that merge: one H and in use, one M and free; R9: the other way round. */
static void r6_setup(void)
{
	machine(9);
	case_put(BLOCK(0), 9, M);
	held = case_take(MOVABLE, held_order = 9);
	reserve(0);
	case_put(BLOCK(1), 9, M);
	players();
}

static void r9_setup(void)
{
	machine(9);
	case_put(BLOCK(0), 9, M);
	held = case_take(MOVABLE, held_order = 9);
	case_put(BLOCK(1), 9, M);
	reserve(1);
	players();
}

/* One pageblock more may be reserved, and two want to be. */
static void r8_setup(void)
{
	machine(10);
	for (unsigned int block = 0; block < 3; block++)
		case_put(BLOCK(block), 1, M);
	reserve(2);
	held = pfn_to_page(m, BLOCK(0));
	also_held = pfn_to_page(m, BLOCK(1));
	players();
}

#define R(id, text, what, set_up, checks, set, in_words, seen, allowed, ...)                       \
	const struct scenario id = {.name = text,                                                  \
		.title = what,                                                                     \
		.patches = set,                                                                    \
		.arm = in_words,                                                                   \
		.cpus = 3,                                                                         \
		.setup = set_up,                                                                   \
		.cpu = {__VA_ARGS__},                                                              \
		.check = checks,                                                                   \
		.results = {"R1: an entry of an H list outside of H pageblocks",                   \
			"R2: an entry of another list inside an H pageblock",                      \
			"R3: such an entry merged with its neighbours",                            \
			"R4: the counter is below the H pageblocks",                               \
			"R5, R9: the counter is above the H pageblocks",                           \
			"R6: a release moves two pageblocks and counts one",                       \
			"R7: entries of an H list that nobody can get"},                           \
		.shows = seen,                                                                     \
		.may = allowed,                                                                    \
		.bound = 3,                                                                        \
		.quick = 2}

#define STRAYS (1 << H_STRAY | 1 << M_STRAY | 1 << MERGED)

R(r1, "r1", "R1, R3, R7: freed as H, the block released, then drained", r1_setup, reach_check, 0,
	"none", 1 << H_STRAY | 1 << MERGED | 1 << OUT_OF_REACH, 0, frees_and_drains, releases,
	nothing);
R(r1_series, "r1-series", "R1: no patch removes strays", r1_setup, reach_check, PATCH_SERIES,
	"series", 1 << H_STRAY | 1 << MERGED, 1 << OUT_OF_REACH, frees_and_drains, releases,
	nothing);
R(r2, "r2", "R2, R3: freed as M, the block reserved, then drained", r2_setup, race_check, 0, "none",
	1 << M_STRAY | 1 << MERGED, 0, frees_and_drains, reserves, nothing);
R(r2_series, "r2-series", "R2: no patch removes strays", r2_setup, race_check, PATCH_SERIES,
	"series", 1 << M_STRAY | 1 << MERGED, 0, frees_and_drains, reserves, nothing);
R(r4, "r4", "R4: a stray is released, and counted again", r4_setup, race_check, NOSTEAL,
	"highatomic-nosteal", 1 << TOO_LOW, STRAYS, frees_and_drains, releases_twice, nothing);
R(r4_account, "r4-account", "R4: counted only if it is H", r4_setup, race_check, NOSTEAL | ACCOUNT,
	"highatomic-nosteal,highatomic-account", 0, STRAYS, frees_and_drains, releases_twice,
	nothing);
R(r5, "r5", "R5: a stray is stolen, and its H pageblock with it", r5_setup, race_check, ACCOUNT,
	"highatomic-account", 1 << TOO_HIGH, STRAYS, frees_and_drains, reserves, takes_unmovable);
R(r5_nosteal, "r5-nosteal", "R5: H pageblocks are not stolen", r5_setup, race_check,
	NOSTEAL | ACCOUNT, "highatomic-nosteal,highatomic-account", 0, STRAYS, frees_and_drains,
	reserves, takes_unmovable);
R(r6, "r6", "R6: an entry of two pageblocks, and the release of one", r6_setup, race_check,
	PATCH_SERIES, "series", 1 << TWO_FOR_ONE, STRAYS, frees_and_drains, releases, nothing);
R(r8, "r8", "R8: two pass the unlocked test of the limit: harmless", r8_setup, race_check, 0,
	"none", 0, 0, reserves, reserves_other, nothing);
R(r9, "r9", "R9: an entry of two pageblocks is stolen, one of them H", r9_setup, race_check,
	PATCH_SERIES, "series", 1 << TOO_HIGH, STRAYS, frees_and_drains, takes_unmovable, nothing);
