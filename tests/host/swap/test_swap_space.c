/*
 * Address spaces and swap: a page out and back (§19.6, §20.9), zap and exit (§20.12, §28.1), and who is
 * counted where.
 */
#include "swap_case.h"

#include "mm/page/vmstat.h"
#include "mm/show/validate.h"
#include "mm/space/pgtable.h"
#include "mm/space/zap.h"

#define AT(page)   (APP_BASE + (uint64_t)(page)*PAGE_SIZE)
#define LEN(pages) ((uint64_t)(pages)*PAGE_SIZE)

static struct mm *mm;
static struct swap_area *a;
static long before;

static void start(const struct swap_device *dev)
{
	swap_start(1);
	before = all_free(m);
	a = add_area(dev, 200, 0);
	mm = mm_create(m);
	assert_int_equal(mm_map_fixed(mm, AT(0), LEN(64), VM_WRITE, NULL, 0), 0);
}

static struct page *page_at(unsigned int page)
{
	return entry_page(m, *pte_find(mm, AT(page)));
}

static void fault(unsigned int page, unsigned int flags)
{
	assert_int_equal(mm_fault(mm, AT(page), flags), FAULT_OK);
}

static void fill(unsigned int page, unsigned char byte)
{
	fault(page, FAULT_WRITE);
	memset(page_address(m, page_at(page)), byte, PAGE_SIZE);
}

static void out(unsigned int page)
{
	assert_int_equal(mm_swap_out(mm, AT(page)), 0);
}

static void assert_holds(unsigned int page, unsigned char byte)
{
	const unsigned char *p = page_address(m, page_at(page));

	assert_int_equal(p[0], byte);
	assert_int_equal(p[PAGE_SIZE - 1], byte);
}

static void assert_counts(long rss, long swapents)
{
	assert_int_equal(mm->anon_rss, rss);
	assert_int_equal(mm->swapents, swapents);
	assert_int_equal(node_stat_exact(m, NR_ANON_MAPPED), rss);
	swap_valid();
}

static void finish(void)
{
	assert_true(mm_put_user(mm));
	swap_valid();
	assert_int_equal(memory_stat_exact(m, NR_ZONE_ACTIVE_ANON), 0);
	assert_null(swap_off_all(m));
	assert_no_nodes(m, before);
}

static void test_out_and_back_by_a_read(void **state)
{
	(void)state;
	start(&fake_card);
	fill(3, 0x33);
	out(3);
	assert_counts(0, 1);
	assert_null(page_at(3));
	assert_int_equal(*pte_find(mm, AT(3)), swp_entry_to_pte(swp_entry(0, a->cluster_next - 1)));
	assert_int_equal(m->swap.cached, 0);
	fault(3, 0);
	assert_holds(3, 0x33);
	assert_counts(1, 0);
	assert_int_equal(*pte_find(mm, AT(3)) & (PTE_WRITE | PTE_DIRTY), 0);
	assert_int_equal(m->swap.cached, 1); /* trap 29: slot and cache stay */
	assert_int_equal(m->event[PGMAJFAULT], 1);
	assert_int_equal(m->event[PSWPIN], 1);
	fault(3, FAULT_WRITE); /* and go with the first write */
	assert_int_equal(*pte_find(mm, AT(3)) & (PTE_WRITE | PTE_DIRTY), PTE_WRITE | PTE_DIRTY);
	assert_int_equal(m->swap.cached, 0);
	assert_int_equal(a->inuse, 0);
	assert_counts(1, 0);
	lru_add_drain(m);
	assert_int_equal(page_at(3)->refcount, 1);
	assert_int_equal(page_at(3)->mapcount, 1);
	finish();
}

static void test_back_by_a_write(void **state)
{
	(void)state;
	start(&fake_card);
	fill(3, 0x33);
	out(3);
	fault(3, FAULT_WRITE);
	assert_holds(3, 0x33);
	assert_counts(1, 0);
	assert_int_equal(a->inuse, 0); /* §20.9: at once */
	assert_int_equal(*pte_find(mm, AT(3)) & (PTE_WRITE | PTE_DIRTY), PTE_WRITE | PTE_DIRTY);
	lru_add_drain(m);
	assert_int_equal(page_at(3)->flags, PG_UPTODATE | PG_DIRTY | PG_LRU | PG_ACTIVE);
	finish();
}

/* §16.6 step 6: what has not been written since need not be written again. */
static void test_a_clean_page_is_not_written(void **state)
{
	(void)state;
	start(&fake_card);
	fill(3, 0x33);
	out(3);
	fault(3, 0);
	out(3);
	assert_int_equal(m->event[PSWPOUT], 1);
	fault(3, 0);
	*pte_find(mm, AT(3)) |= PTE_DIRTY | PTE_WRITE; /* as mprotect() and the processor do */
	memset(page_address(m, page_at(3)), 0x44, PAGE_SIZE);
	out(3);
	assert_int_equal(m->event[PSWPOUT], 2);
	fault(3, 0);
	assert_holds(3, 0x44);
	finish();
}

/* Read ahead: the second fault finds its page, which is no major fault (§20.9). */
static void test_neighbours_come_along(void **state)
{
	(void)state;
	start(&fake_drum);
	for (unsigned int i = 1; i < 8; i++) {
		fill(i, i);
		out(i);
	}
	for (unsigned int i = 1; i < 8; i++) {
		fault(i, 0);
		assert_holds(i, i);
	}
	assert_int_equal(m->event[PGMAJFAULT], 1);
	assert_int_equal(m->event[PSWPIN], 7);
	assert_int_equal(m->swap.find_success, 6);
	assert_int_equal(m->swap.hits, 6);
	assert_counts(7, 0);
	finish();
}

static void test_what_cannot_go_out(void **state)
{
	(void)state;
	start(&fake_card);
	assert_int_equal(mm_swap_out(mm, AT(1)), -ENOENT);
	fault(1, 0); /* the zero page */
	assert_int_equal(mm_swap_out(mm, AT(1)), -ENOENT);
	assert_int_equal(mm_mlock(mm, AT(2), LEN(1)), 0);
	assert_int_equal(mm_swap_out(mm, AT(2)), -EBUSY);
	fill(3, 1);
	m->swap.nr_swap_pages = 0;
	assert_int_equal(mm_swap_out(mm, AT(3)), -ENOMEM);
	m->swap.nr_swap_pages = 200;
	out(3);
	assert_int_equal(mm_swap_out(mm, AT(3)), -ENOENT);
	finish();
}

/* A locked page's slot is given back at once (§20.9 step 11), and so is any when swap is full. */
static void test_20_9_slots_given_back_at_a_read(void **state)
{
	(void)state;
	start(&fake_card);
	fill(3, 1);
	out(3);
	assert_int_equal(mm_mlock(mm, AT(3), LEN(1)), 0);
	assert_int_equal(a->inuse, 0);
	assert_int_equal(memory_stat_exact(m, NR_MLOCK), 1);
	fill(4, 1);
	out(4);
	m->total_swap_pages = 1000;
	fault(4, 0);
	m->total_swap_pages = 200;
	assert_int_equal(a->inuse, 0);
	finish();
}

/* §28.1: slots go, those of pages in the cache too, whatever unmaps. */
static void test_28_1_unmap_and_exit(void **state)
{
	(void)state;
	start(&fake_card);
	for (unsigned int i = 0; i < 32; i++) {
		fill(i, i);
		out(i);
	}
	for (unsigned int i = 0; i < 8; i++)
		fault(i, i & 1 ? FAULT_WRITE : 0);
	assert_counts(8, 24);
	assert_int_equal(mm_unmap(mm, AT(0), LEN(16)), 0);
	assert_counts(0, 16);
	assert_int_equal(m->swap.cached, a->inuse - 16);
	finish();
}

static void test_28_1_who_asks_for_it_leaves_entries(void **state)
{
	static const struct zap_details leave = {.check_swap_entries = false};
	struct mmu_gather g;

	(void)state;
	start(&fake_card);
	fill(0, 1);
	out(0);
	gather_start(&g, mm, true);
	unmap_page_range(&g, AT(0), AT(1), &leave);
	gather_finish(&g);
	assert_counts(0, 1);
	finish();
}

static void test_validate(void **state)
{
	uint8_t *byte;

	(void)state;
	start(&fake_card);
	fill(3, 3);
	out(3);
	assert_valid(m);
	mm->swapents++;
	assert_string_equal(mm_validate(m), "slots are named by 1 entries, address spaces count 2");
	mm->swapents--;
	byte = swap_byte(a, swp_offset(pte_to_swp_entry(*pte_find(mm, AT(3)))));
	*byte |= SWAP_HAS_CACHE;
	assert_string_equal(
		mm_validate(m), "swap on /dev/card: 0 pages in the tree, 1 slots with a page");
	*byte &= ~SWAP_HAS_CACHE;
	m->swap.nr_swap_pages--;
	assert_non_null(mm_validate(m));
	m->swap.nr_swap_pages++;
	assert_valid(m);
	finish();
}

static void test_what_cannot_be_read(void **state)
{
	(void)state;
	start(&fake_card);
	fill(3, 1);
	out(3);
	fake.error = -EIO;
	assert_int_equal(mm_fault(mm, AT(3), 0), FAULT_SIGBUS);
	assert_printed("Read-error on swap-device (251:0:");
	fake.error = 0;
	assert_counts(0, 1);
	finish();
}

/* Out and back, some requests refused: pages that stay, or go, or come later, are what they were. */
static void go_round(unsigned int pages)
{
	bool filled[64] = {false};

	for (unsigned int i = 0; i < pages; i++) {
		if (mm_fault(mm, AT(i), FAULT_WRITE) != FAULT_OK)
			continue;
		filled[i] = true;
		memset(page_address(m, page_at(i)), i + 1, PAGE_SIZE);
		mm_swap_out(mm, AT(i));
		swap_valid();
	}
	index_release_all(m);
	for (unsigned int i = 0; i < pages; i++)
		if (filled[i] && mm_fault(mm, AT(i), 0) == FAULT_OK)
			assert_holds(i, i + 1);
}

static bool start_with(const char *parameter)
{
	swap_start(1);
	m = slab_machine_with(1, parameter);
	before = all_free(m);
	if (swap_on(m, &fake_card, 200, 0, 1))
		return false;
	mm = mm_create(m);
	if (mm && !mm_map_fixed(mm, AT(0), LEN(64), VM_WRITE, NULL, 0))
		return true;
	if (mm)
		mm_put_user(mm);
	return false;
}

static void test_each_request_refused_once(void **state)
{
	char parameter[64];
	unsigned long n = 1;

	(void)state;
	do {
		snprintf(parameter, sizeof(parameter), "fail_nth=%lu", n++);
		if (!start_with(parameter))
			continue;
		go_round(20);
		finish();
	} while (m->event[FAULTS_INJECTED]);
	assert_true(n > 20);
}

/* Also of nodes, of which a slab of either order must be refused: the page stays where it is. */
static void test_atomic_requests_refused(void **state)
{
	long stayed = 0;

	(void)state;
	assert_true(start_with("fail_page_alloc=interval:1,times:-1,min-order:0,gfp:0x80000"));
	for (unsigned int i = 0; i < 40; i++) {
		fill(i, i);
		m->fail.on = i & 1;
		stayed += mm_swap_out(mm, AT(i)) == -ENOMEM;
		m->fail.on = false;
		if (page_at(i))
			assert_holds(i, i);
		swap_valid();
		kmem_cache_shrink(&m->index.nodes);
	}
	assert_int_equal(mm->anon_rss + mm->swapents, 40);
	assert_int_equal(mm->anon_rss, stayed);
	finish();
}

static const struct CMUnitTest tests[] = {
	TEST(test_out_and_back_by_a_read),
	TEST(test_back_by_a_write),
	TEST(test_a_clean_page_is_not_written),
	TEST(test_neighbours_come_along),
	TEST(test_what_cannot_go_out),
	TEST(test_20_9_slots_given_back_at_a_read),
	TEST(test_28_1_unmap_and_exit),
	TEST(test_28_1_who_asks_for_it_leaves_entries),
	TEST(test_validate),
	TEST(test_what_cannot_be_read),
	TEST(test_each_request_refused_once),
	TEST(test_atomic_requests_refused),
};
TEST_GROUP(swap_space)
