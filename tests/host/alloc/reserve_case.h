/*
 * A small machine for the races and scenarios of the reserve (reference §4.6, §4.9): what is free
 * is what the test has put there, and each free block's list can be compared with its tag.
 *
 * DMA32 has six pageblocks of order 10 (twelve of order 9), of which two may be reserved. Every
 * fast attempt fails, as when memory is below the low mark; no other mark holds.
 */
#ifndef HOST_RESERVE_CASE_H
#define HOST_RESERVE_CASE_H

#include "fibers.h"
#include "host_machine.h"
#include "mm/alloc/highatomic.h"
#include "mm/space/mm.h"
#include "mm/page/pageblock.h"
#include "mm/page/patch.h"
#include "mm/alloc/pcp.h"
#include "mm/space/pgtable.h"
#include "mm/show/show_mem.h"
#include "mm/page/vmstat.h"
#include "request.h"
#include "rounds.h"
#include "shrink.h"

#define M MIGRATE_MOVABLE
#define U MIGRATE_UNMOVABLE
#define E MIGRATE_RECLAIMABLE
#define H MIGRATE_HIGHATOMIC

#define MOVABLE   (GFP_NOWAIT | __GFP_MOVABLE | __GFP_NOWARN)
#define UNMOVABLE (GFP_NOWAIT | __GFP_NOWARN)
#define NOSTEAL   PATCH_HIGHATOMIC_NOSTEAL
#define ACCOUNT   PATCH_HIGHATOMIC_ACCOUNT
#define EXHAUST   PATCH_HIGHATOMIC_EXHAUST
#define FORCE     PATCH_HIGHATOMIC_FORCE

#define ALL_PATCHES (PATCH_SERIES | PATCH_HIGHATOMIC_EARLY)
#define NO_VICTIM   "Out of memory and no killable processes..."

static struct memory *m;
static struct zone *z; /* DMA32 */
static struct fake_shrinker shrinker;
static long there;        /* pages that are free or in use */
static unsigned int with; /* patches of the test that runs */

static inline long in_use(void)
{
	return (long)mm_event_sum(m, PGALLOC) - (long)m->event[PGFREE];
}

/* How many pages a CPU keeps: a list gives a batch back when it has `high`. */
static inline void pcp_sizes(int batch, int high)
{
	struct zone *each;

	for_each_populated_zone(m, each) {
		for (int cpu = 0; cpu < MAX_CPUS; cpu++) {
			each->pcp[cpu].batch = batch;
			each->pcp[cpu].high = high;
		}
	}
}

/* Fast attempts fail, slow ones at `min`. */
static inline void below_low(struct zone *of, unsigned long min)
{
	zone_marks(of, min, 1 << 20, 1 << 20);
}

/* Nothing of the machine is free from here on, and what a test frees stays on the CPU's list. */
static inline void case_empty(void)
{
	struct zone *each;

	pcp_drain_all(m);
	vmstat_fold_all(m);
	memory_empty(m);
	memory_no_marks(m);
	for_each_populated_zone(m, each)
		below_low(each, 0);
	pcp_sizes(1, 100);
	there = in_use();
}

/* The machine before this one goes: a test may look at many. */
static inline void case_machine(int pageblock_order, unsigned int patches)
{
	machines_destroy();
	m = machine_with(pageblock_order, patches);
	z = dma32(m);
	fake_shrinker_add(m, &shrinker);
}

static inline void start_case(int pageblock_order, unsigned int patches)
{
	case_machine(pageblock_order, patches);
	case_empty();
}

/* First page frame of DMA32's pageblock `n`. */
static inline unsigned long block(unsigned int n)
{
	return z->start_pfn + n * m->pageblock_nr_pages;
}

static inline void put(unsigned long pfn, unsigned int order, int type)
{
	zone_put(pfn_zone(m, pfn), pfn, order, type);
	vmstat_fold_local(m);
	there += 1l << order;
}

/* A block that is in use. While nothing else is free, it is what the request gets. */
static inline struct page *use(unsigned long pfn, unsigned int order)
{
	struct page *page;

	put(pfn, order, M);
	page = alloc_pages(m, MOVABLE, order);
	assert_non_null(page);
	assert_int_equal(page_to_pfn(m, page), pfn);
	return page;
}

static inline void reserve(unsigned long pfn)
{
	reserve_highatomic_pageblock(pfn_zone(m, pfn), pfn_to_page(m, pfn));
}

static inline bool unreserve(bool force)
{
	struct alloc_context ac = request(m, GFP_HIGHUSER_MOVABLE, 0);

	return unreserve_highatomic_pageblock(&ac, force);
}

/* The pageblock whose release is next, by its number. */
static inline unsigned int next_to_go(void)
{
	unsigned long pfn = 0;

	for (unsigned int order = 0; order < MAX_ORDER && !pfn; order++)
		pfn = nth_free(m, z, order, H, 0);
	return (pageblock_start(z, pfn) - z->start_pfn) / m->pageblock_nr_pages;
}

static inline unsigned long h_blocks(const struct zone *of)
{
	return blocks_of_type(of, H);
}

/* Does the free block lie, in whole or in part, in a pageblock that is H (or: that is not)? */
static inline bool covers(const struct zone *of, unsigned long pfn, unsigned int order, bool h)
{
	unsigned long end = pfn + (1ul << order);

	for (; pfn < end; pfn += of->memory->pageblock_nr_pages)
		if ((pageblock_type(of, pfn) == H) == h)
			return true;
	return false;
}

/* Free blocks on lists of `type` that lie where the list says that they do not. */
static inline unsigned int strays_of(const struct zone *of, int type)
{
	unsigned int found = 0;
	unsigned long pfn;

	for (unsigned int order = 0; order < MAX_ORDER; order++)
		for (unsigned int i = 0; (pfn = nth_free(of->memory, of, order, type, i)); i++)
			found += covers(of, pfn, order, type != H);
	return found;
}

/* Free blocks on an H list, outside H pageblocks. */
static inline unsigned int h_strays(const struct zone *of)
{
	return strays_of(of, H);
}

/* Free blocks on other lists, inside H pageblocks. */
static inline unsigned int other_strays(const struct zone *of)
{
	return strays_of(of, M) + strays_of(of, U) + strays_of(of, E);
}

/* DMA32 has so many H pageblocks, and its counter says that it has `counted`. */
static inline void assert_reserve(unsigned long blocks, unsigned long counted)
{
	assert_int_equal(h_blocks(z), blocks);
	assert_int_equal(z->nr_reserved_highatomic, counted * m->pageblock_nr_pages);
}

static inline void assert_exact(const struct zone *of)
{
	assert_int_equal(of->nr_reserved_highatomic, h_blocks(of) * of->memory->pageblock_nr_pages);
}

/* Consistent, and no page is lost or there twice. */
static inline void assert_sound(void)
{
	assert_valid(m);
	assert_int_equal(all_free(m) + in_use(), there);
}

/* Free the whole of pageblock `n`, but for one page. */
static inline void put_all_but(unsigned int n, unsigned long pfn)
{
	for (unsigned long i = block(n); i < block(n + 1); i++)
		if (i != pfn)
			put(i, 0, M);
}

/* How the reserve goes wrong (reference §4.6). */

/* A page in use, of the first of two H pageblocks, which is the one that goes first. */
static inline struct page *page_of_reserved_block(unsigned int order)
{
	struct page *page = use(block(0) + 8, order);

	put(block(0) + 512, 5, M);
	put(block(1), 6, M);
	reserve(block(0));
	reserve(block(1));
	assert_reserve(2, 2);
	return page;
}

/* Pageblock 0 is M again, and a page of it is on an H list. Pageblock 1 is H. */
static inline void make_h_stray(void)
{
	free_pages(m, page_of_reserved_block(0), 0);
	assert_true(unreserve(false));
	assert_int_equal(pageblock_type(z, block(0)), M);
	pcp_drain_all(m);
	assert_int_equal(nth_free(m, z, 0, H, 0), block(0) + 8);
}

/* An H stray takes the rest of its pageblock, M and all free, along. */
static inline void make_h_stray_block(unsigned int n)
{
	struct page *page = use(block(n) + 8, 0);

	put_all_but(n, block(n) + 8);
	reserve(block(n));
	free_pages(m, page, 0);
	assert_true(unreserve(true));
	assert_int_equal(zone_free_of_type(z, M), 1023);
	pcp_drain_all(m);
	assert_int_equal(nth_free(m, z, 10, H, 0), block(n));
}

/* Pageblocks 0 and 1 are H. An M stray is in 0, of which 2^order more pages were free, or all. */
static inline struct page *make_m_stray(unsigned int order)
{
	struct page *page = use(block(0) + 8, 0);

	if (order < 10)
		put(block(0) + 512, order, M);
	else
		put_all_but(0, block(0) + 8);
	free_pages(m, page, 0);
	reserve(block(0));
	reserve(block(1));
	pcp_drain_all(m);
	assert_int_equal(other_strays(z), 1);
	assert_reserve(2, 2);
	return page;
}

/* What reclaim is going to free: pages of an H pageblock, while they are in use. */
static struct page *used[8];

static inline void use_pages_of_reserved_block(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(used); i++)
		used[i] = use(block(0) + 16 + 2 * i, 0);
	page_of_reserved_block(0);
}

static inline void free_used(unsigned int unused)
{
	(void)unused;
	for (size_t i = 0; i < ARRAY_SIZE(used); i++)
		free_pages(m, used[i], 0);
}

/*
 * Order 9: two pageblocks, of which one is H, become one free block on the list of the one that is
 * freed last. A third pageblock is H and has nothing free.
 */
static inline void merge_two_blocks(unsigned int set, unsigned int h, unsigned int last)
{
	struct page *page;

	start_case(9, set);
	page = use(block(last), 9);
	put(block(!last), 9, M);
	reserve(block(h));
	reserve(block(2));
	free_pages(m, page, 9);
	assert_int_equal(nth_free(m, z, 10, h == last ? H : M, 0), block(0));
	assert_int_equal(h_strays(z) + other_strays(z), 1);
	assert_reserve(2, 2);
}

/* The next machine has so many CPUs, each with a task. */
static inline void case_cpus(unsigned int n)
{
	nr_cpus = n;
	for (unsigned int id = n; id-- > 0;) {
		become_cpu(id);
		become(task_new("app", 100 + id, NULL));
	}
}

static unsigned long alone; /* points that CPU 0 passes when nobody comes in */

/*
 * CPU 0 runs first(), and CPU 1 second(): after CPU 0 is done (k = 0), or after point k of those
 * that it passes alone; each time on a new machine of prepare(). Returns how many ways there are.
 */
static inline unsigned long each_switch(void (*prepare)(void), void (*first)(void *),
	void (*second)(void *), void (*look)(unsigned long k))
{
	unsigned long k;

	for (k = alone = 0; k <= alone; k++) {
		case_cpus(2);
		start_case(10, with);
		prepare();
		run_on_cpus(
			2, (void (*const[])(void *)){first, second}, NULL, turns_switch_once(k));
		if (k == 0)
			alone = points_passed(0);
		look(k);
	}
	return k;
}

#define TABLE_SPAN 512 /* pages that one page table maps */
#define SPACE      (16 * TABLE_SPAN)
#define AT(page)   (APP_BASE + (uint64_t)(page)*PAGE_SIZE)

/* The process that faults; its page tables are there, so each fault takes one movable page. */
static struct mm *process;
static struct task *app;
static unsigned int next_page;

static inline void start_process(void)
{
	process = mm_create(m);
	assert_int_equal(mm_map_fixed(process, AT(0), AT(SPACE) - AT(0), VM_WRITE, NULL, 0), 0);
	for (unsigned int page = 0; page < SPACE; page += TABLE_SPAN)
		assert_int_equal(mm_fault(process, AT(page), FAULT_WRITE), FAULT_OK);
	app = task_new("app", 10, process);
	next_page = 0;
}

/* The next page. How many rounds of reclaim, all in vain, did its request make? */
static inline enum fault_result fault(unsigned long *rounds)
{
	unsigned long before = mm_event_sum(m, ALLOCSTALL);
	struct task *test = become(app);
	enum fault_result result;

	next_page += next_page % TABLE_SPAN ? 1 : 2;
	result = mm_fault(process, AT(next_page - 1), FAULT_WRITE);
	become(test);
	*rounds = rounds_in_vain(mm_event_sum(m, ALLOCSTALL) - before);
	return result;
}

/* Every test of a file that includes this starts on such a machine, with its line's patches. */
static inline int setup(void **state)
{
	int err = twin_setup(state);

	with = (uintptr_t)*state;
	start_case(10, with);
	return err;
}

#undef TEST
/* clang-format off */
#define TEST_WITH(fn, suffix, set) {#fn suffix, fn, setup, twin_teardown, (void *)(uintptr_t)(set)}
/* clang-format on */
#define TEST(fn)              TEST_WITH(fn, "", 0)
#define TEST_NONE_AND_ALL(fn) TEST(fn), TEST_WITH(fn, "_with_all_patches", ALL_PATCHES)

#endif
