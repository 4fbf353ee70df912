/*
 * The killer and the reaper where victims are in swap (reference §28): what counts, what is printed, and
 * which slots come back when.
 */
#include "reaper_case.h"

#include "kernel/core/sched/work.h"
#include "mm/index/index_node.h"
#include "mm/slab/slab.h"
#include "mm/space/rmap.h"
#include "mm/swap/swap_area.h"
#include "mm/swap/swap_cache.h"

#define SLOTS 60

/* A disk that takes whatever is written, at once or, if `late`, later. */
static char stored[SLOTS + 1][PAGE_SIZE];
static struct page *under_way;

static int transfer(const struct swap_device *dev, uint64_t at, struct page *page, bool write)
{
	(void)dev;
	memcpy(write ? stored[at] : page_address(m, page),
		write ? page_address(m, page) : stored[at], PAGE_SIZE);
	return 0;
}

static void submit(const struct swap_device *dev, uint64_t at, struct page *page, bool write)
{
	(void)dev;
	(void)at;
	assert_true(write);
	assert_null(under_way);
	under_way = page;
}

static const struct swap_device_ops at_once = {.transfer = transfer}, late = {.submit = submit};

static void swap_to(const struct swap_device_ops *ops)
{
	const struct swap_device disk = {
		.ops = ops, .name = "disk", .pages = 100, .rotational = true};

	under_way = NULL;
	m->tunables.page_cluster = 0; /* no page comes along */
	assert_null(swap_on(m, &disk, SLOTS, 0, 1));
}

/* The first `n` pages are in swap alone. */
static struct task *half_swapped(unsigned int pages, unsigned int n)
{
	struct task *a = app_mapped(m, "a", 10, pages);

	for (unsigned int i = 0; i < n; i++)
		assert_int_equal(mm_swap_out(a->mm, AT(i)), 0);
	assert_int_equal(a->mm->swapents, n);
	return a;
}

static void finish(struct task *a)
{
	app_leaves(m, a);
	run_reaper(); /* if it has not yet: it lets go */
	if (a->process->oom_mm)
		mm_drop(a->process->oom_mm);
	a->process->oom_mm = NULL;
	while (work_do_one())
		;
	assert_null(swap_validate(m));
	assert_null(swap_off_all(m));
	index_release_all(m);
	for (unsigned int i = 0; i < 3; i++)
		index_grace_end(m);
	slab_shrink_all(m);
	assert_all_gone();
}

/* What is in swap counts as what is in memory: swapping out changes nobody's badness. */
static void test_28_2_badness(void **state)
{
	struct task *a;
	unsigned long all;

	(void)state;
	swap_to(&at_once);
	a = app_mapped(m, "a", 10, 20);
	all = oom_badness(m, a, 1000);
	for (unsigned int i = 0; i < 12; i++) {
		assert_int_equal(mm_swap_out(a->mm, AT(i)), 0);
		assert_int_equal(oom_badness(m, a, 1000), all);
	}
	assert_int_equal(a->mm->anon_rss, 8);
	/* A page that came back, in the cache with its slot, counts once. */
	assert_int_equal(mm_fault(a->mm, AT(0), 0), FAULT_OK);
	assert_int_equal(m->swap.cached, 1);
	assert_int_equal(oom_badness(m, a, 1000), all);
	finish(a);
}

/* The score is a part of all memory and all swap, used or not; the kill's line does not know of swap. */
static void test_28_2_what_is_printed(void **state)
{
	struct task *a;
	unsigned long total, points;

	(void)state;
	swap_to(&at_once);
	a = half_swapped(20, 12);
	total = m->totalram_pages + SLOTS;
	points = oom_badness(m, a, total);
	assert_int_equal(points, 20 + a->mm->nr_ptes + a->mm->nr_pmds);
	oom(GFP_KERNEL);
	assert_line("[%5d] %5d %5d %8d %8d %7ld %7ld %8d         %5d %s", 10, 0, 10, 20, 8,
		a->mm->nr_ptes, a->mm->nr_pmds, 12, 0, "a");
	assert_line("Out of memory: Kill process 10 (a) score %lu or sacrifice child",
		points * 1000 / total);
	assert_line("Killed process 10 (a) total-vm:80kB, anon-rss:32kB, file-rss:0kB, "
		    "shmem-rss:0kB");
	assert_line("Free swap  = %dkB", (SLOTS - 12) * 4);
	assert_line("Total swap = %dkB", SLOTS * 4);
	finish(a);
}

/* It has less in memory, and more in all: it is the one. */
static void test_28_2_who_is_in_swap_is_chosen(void **state)
{
	struct task *a, *b;

	(void)state;
	swap_to(&at_once);
	a = half_swapped(20, 18);
	b = app_mapped(m, "b", 11, 15);
	oom(GFP_KERNEL);
	assert_true(is_victim(a));
	assert_true(untouched(b));
	app_leaves(m, b);
	finish(a);
}

/* Slots go with the pages, while the victim cannot end. */
static void test_28_1_slots_are_reaped(void **state)
{
	struct task *a;

	(void)state;
	swap_to(&at_once);
	a = half_swapped(20, 12);
	oom(GFP_KERNEL);
	assert_int_equal(m->swap.nr_swap_pages, SLOTS - 12);
	run_reaper();
	assert_int_equal(a->mm->swapents, 0);
	assert_int_equal(a->mm->anon_rss, 0);
	assert_int_equal(m->swap.nr_swap_pages, SLOTS);
	assert_int_equal(event_of(OOM_REAPED_PAGES), 8); /* pages; slots are not counted */
	assert_int_equal(m->event[PSWPIN], 0);
	finish(a);
}

/* Pages that have a slot yet: mapped again, or not mapped since somebody read ahead. */
static void test_28_1_cached_pages_go_with_their_slots(void **state)
{
	struct page *page;
	struct task *a;
	bool begun;

	(void)state;
	swap_to(&at_once);
	a = half_swapped(20, 12);
	assert_int_equal(mm_fault(a->mm, AT(0), 0), FAULT_OK);
	page = read_swap_cache(m, pte_to_swp_entry(entry(a->mm, 5)), GFP_KERNEL, &begun);
	page_put(m, page);
	oom(GFP_KERNEL);
	run_reaper();
	assert_int_equal(m->swap.nr_swap_pages, SLOTS);
	assert_int_equal(m->swap.cached, 0);
	finish(a);
}

/* A page that somebody has locked stays in the cache, and keeps its slot (trap 38) ... */
static void test_28_1_a_locked_page_keeps_its_slot(void **state)
{
	struct page *page;
	struct task *a;
	swp_entry_t e;
	bool begun;

	(void)state;
	swap_to(&at_once);
	a = half_swapped(20, 12);
	e = pte_to_swp_entry(entry(a->mm, 5));
	page = read_swap_cache(m, e, GFP_KERNEL, &begun);
	lock_page(m, page);
	oom(GFP_KERNEL);
	run_reaper();
	assert_int_equal(a->mm->swapents, 0);
	assert_int_equal(m->swap.nr_swap_pages, SLOTS - 1);
	assert_int_equal(*swap_byte(m->swap.area[0], swp_offset(e)), SWAP_HAS_CACHE);
	assert_int_equal(m->swap.cached, 1);
	/* ... until reclaim meets it (§20.7 step 1). */
	assert_int_equal(swap_writepage(m, page), 0);
	assert_int_equal(m->swap.nr_swap_pages, SLOTS);
	assert_int_equal(m->event[PSWPOUT], 12);
	page_put(m, page);
	finish(a);
}

/* One that is being written does, too: here by whoever wants a slot when swap is full (§20.4 step 3). */
static void test_28_1_a_page_under_writeback_keeps_its_slot(void **state)
{
	struct page *page;
	struct task *a;
	swp_entry_t e;

	(void)state;
	swap_to(&late);
	a = app_mapped(m, "a", 10, 20);
	page = entry_page(m, entry(a->mm, 3));
	page_get(page); /* as reclaim has isolated it */
	lock_page(m, page);
	assert_true(add_to_swap(m, page));
	e = page_swap_entry(page);
	while (try_to_unmap(m, page, false, NULL) == SWAP_FAIL) /* it was used */
		;
	assert_int_equal(a->mm->swapents, 1);
	assert_true(page_clear(page, PG_DIRTY));
	assert_int_equal(swap_writepage(m, page), 0);
	assert_ptr_equal(under_way, page);
	oom(GFP_KERNEL);
	run_reaper();
	assert_int_equal(a->mm->anon_rss, 0);
	assert_int_equal(a->mm->swapents, 0);
	assert_int_equal(m->swap.nr_swap_pages, SLOTS - 1);
	assert_true(page_has(page, PG_WRITEBACK));
	assert_true(page_has(page, PG_SWAPCACHE));
	assert_int_equal(page->mapcount, 0);
	swap_io_end(m, page, true, 0);
	assert_int_equal(m->swap.nr_swap_pages, SLOTS - 1); /* nobody looks at it by itself */
	assert_true(swap_reclaim_cached(m, e));
	assert_int_equal(m->swap.nr_swap_pages, SLOTS);
	page_put(m, page);
	finish(a);
}

/* What the reaper leaves alone keeps its slots until the victim ends. */
static void test_28_1_what_is_left_alone(void **state)
{
	struct task *a;

	(void)state;
	swap_to(&at_once);
	a = half_swapped(20, 12);
	block(a->mm);
	oom(GFP_KERNEL);
	run_reaper();
	assert_int_equal(a->mm->swapents, 12);
	assert_int_equal(m->swap.nr_swap_pages, SLOTS - 12);
	unblock(a->mm);
	finish(a);
}

static const struct CMUnitTest tests[] = {
	TEST_SEED(test_28_2_badness),
	TEST_SEED(test_28_2_what_is_printed),
	TEST_SEED(test_28_2_who_is_in_swap_is_chosen),
	TEST_SEED(test_28_1_slots_are_reaped),
	TEST_49(test_28_1_slots_are_reaped),
	TEST_SEED(test_28_1_cached_pages_go_with_their_slots),
	TEST_49(test_28_1_cached_pages_go_with_their_slots),
	TEST_SEED(test_28_1_a_locked_page_keeps_its_slot),
	TEST_SEED(test_28_1_a_page_under_writeback_keeps_its_slot),
	TEST_SEED(test_28_1_what_is_left_alone),
};
TEST_GROUP(oom_swap)
