/*
 * swapoff (reference §20.13): all pages of an area come back to whoever has them, or it stays.
 */
#include "swap_case.h"

#include "fibers.h"
#include "mm/lru/pagevec.h"
#include "mm/page/vmstat.h"
#include "mm/space/pgtable.h"
#include "mm/space/swap_off.h"

#define AT(page) (APP_BASE + (uint64_t)(page)*PAGE_SIZE)
#define PAGES    64
#define SLOTS    200

static struct mm *mm[2];
static struct swap_area *card;
static struct swap_device second;
static long before;

static void new_mm(unsigned int i)
{
	mm[i] = mm_create(m);
	assert_int_equal(mm_map_fixed(mm[i], AT(0), PAGES * PAGE_SIZE, VM_WRITE, NULL, 0), 0);
	/* Elsewhere, so that it has more than one table and one VMA. */
	assert_int_equal(mm_map_fixed(mm[i], AT(2048), PAGES * PAGE_SIZE, VM_WRITE, NULL, 0), 0);
}

static void start_on(unsigned int cpus)
{
	swap_start(cpus);
	before = all_free(m);
	card = add_area(&fake_card, SLOTS, SWAP_PRIO_AUTO);
	second = fake_drum;
	second.disk = (void *)(SLOTS + 1ul); /* behind the card's pages */
	current->process->cap_sys_admin = true;
	new_mm(0);
	new_mm(1);
}

static void start(void)
{
	start_on(1);
}

static uint64_t entry_at(unsigned int i, unsigned int page)
{
	return *pte_find(mm[i], AT(page));
}

static struct page *page_at(unsigned int i, unsigned int page)
{
	return entry_page(m, entry_at(i, page));
}

static void fill(unsigned int i, unsigned int page)
{
	assert_int_equal(mm_fault(mm[i], AT(page), FAULT_WRITE), FAULT_OK);
	memset(page_address(m, page_at(i, page)), i * 100 + page, PAGE_SIZE);
}

static void out(unsigned int i, unsigned int page)
{
	fill(i, page);
	assert_int_equal(mm_swap_out(mm[i], AT(page)), 0);
}

static void assert_holds(unsigned int i, unsigned int page)
{
	const unsigned char *p = page_address(m, page_at(i, page));

	assert_int_equal(p[0], (unsigned char)(i * 100 + page));
	assert_int_equal(p[PAGE_SIZE - 1], (unsigned char)(i * 100 + page));
}

static void finish(void)
{
	for (unsigned int i = 0; i < 2; i++)
		assert_true(mm_put_user(mm[i]));
	while (work_do_one())
		;
	assert_true(list_empty(&m->swap.mms));
	swap_valid();
	assert_int_equal(node_stat_exact(m, NR_ANON_MAPPED), 0);
	assert_null(swap_off_all(m));
	assert_no_nodes(m, before);
}

static void assert_no_card(void)
{
	assert_null(m->swap.area[0]);
	assert_int_equal(m->total_swap_pages, 0);
	assert_int_equal(m->swap.nr_swap_pages, 0);
	assert_int_equal(m->swap.cached, 0);
}

static void test_20_13_pages_come_back(void **state)
{
	(void)state;
	start();
	for (unsigned int page = 0; page < 10; page++)
		out(page & 1, page);
	out(0, 2048 + 7);
	assert_int_equal(mm[0]->swapents, 6);
	host_arch.page_flushes = 0;
	assert_int_equal(swap_off(m, "card"), 0);
	assert_int_equal(host_arch.page_flushes, 11); /* a CPU may know what was there before */
	assert_no_card();
	for (unsigned int page = 0; page < 10; page++)
		assert_holds(page & 1, page);
	assert_holds(0, 2048 + 7);
	assert_int_equal(mm[0]->swapents, 0);
	assert_int_equal(mm[1]->swapents, 0);
	assert_int_equal(mm[0]->anon_rss, 6);
	assert_int_equal(node_stat_exact(m, NR_ANON_MAPPED), 11);
	/* For reading, not used lately, and with contents that are nowhere else (trap 12). */
	assert_int_equal(entry_at(0, 2) & (PTE_WRITE | PTE_DIRTY | PTE_ACCESSED), 0);
	assert_true(page_has(page_at(0, 2), PG_DIRTY));
	assert_false(page_has(page_at(0, 2), PG_SWAPCACHE));
	lru_add_drain(m); /* new pages wait there */
	assert_int_equal(page_at(0, 2)->refcount, 1);
	assert_int_equal(page_at(0, 2)->mapcount, 1);
	assert_int_equal(mm_fault(mm[0], AT(2), FAULT_WRITE), FAULT_OK);
	assert_int_equal(entry_at(0, 2) & (PTE_WRITE | PTE_DIRTY), PTE_WRITE | PTE_DIRTY);
	assert_int_equal(m->event[PGMAJFAULT], 0); /* nobody has faulted */
	assert_int_equal(m->event[PSWPIN], 11);
	assert_false(current->process->oom_origin);
	finish();
}

/* A page that a read brought back, and that has a slot in the cache yet. */
static void test_20_13_cached_pages_lose_their_slots(void **state)
{
	(void)state;
	start();
	out(0, 3);
	assert_int_equal(mm_fault(mm[0], AT(3), 0), FAULT_OK);
	assert_int_equal(m->swap.cached, 1);
	assert_int_equal(swap_off(m, "card"), 0);
	assert_no_card();
	assert_holds(0, 3);
	assert_true(page_has(page_at(0, 3), PG_DIRTY));
	assert_false(page_has(page_at(0, 3), PG_SWAPCACHE));
	finish();
}

/* Its entry is the only one that names it, and the page waits in the cache. */
static void test_20_13_a_page_that_is_in_the_cache_is_not_read(void **state)
{
	struct page *page;
	bool begun;

	(void)state;
	start();
	out(0, 3);
	page = read_swap_cache(m, pte_to_swp_entry(entry_at(0, 3)), GFP_KERNEL, &begun);
	page_put(m, page);
	assert_int_equal(swap_off(m, "card"), 0);
	assert_ptr_equal(page_at(0, 3), page);
	assert_int_equal(m->event[PSWPIN], 1);
	finish();
}

static struct {
	long free, total;
	bool origin, available;
} seen;

static void look(void)
{
	if (seen.free || !current->process->oom_origin)
		return;
	seen.free = m->swap.nr_swap_pages;
	seen.total = m->total_swap_pages;
	seen.origin = current->process->oom_origin;
	seen.available = card->is_available;
	swap_valid();
	assert_int_equal(get_swap_page(m).val, 0);
}

static void test_20_13_meanwhile(void **state)
{
	(void)state;
	memset(&seen, 0, sizeof(seen));
	start();
	for (unsigned int page = 0; page < 5; page++)
		out(0, page);
	twin.on_yield = look;
	assert_int_equal(swap_off(m, "card"), 0);
	twin.on_yield = NULL;
	assert_int_equal(seen.free, -4); /* one has come back */
	assert_int_equal(seen.total, 0);
	assert_true(seen.origin);
	assert_false(seen.available);
	finish();
}

static void test_20_13_priorities_move_up(void **state)
{
	struct swap_area *b, *c, *d;

	(void)state;
	start();
	b = add_area(&fake_spindle, 10, SWAP_PRIO_AUTO);
	c = add_area(&fake_flash, 10, 7);
	second.name[2] = 'x';
	d = add_area(&second, 10, SWAP_PRIO_AUTO);
	assert_int_equal(swap_off(m, "vdb"), 0);
	assert_null(m->swap.area[1]);
	assert_int_equal(card->prio, -1);
	assert_int_equal(c->prio, 7);
	assert_int_equal(d->prio, -2);
	assert_int_equal(m->swap.least_priority, -2);
	assert_int_equal(m->total_swap_pages, SLOTS + 20);
	assert_int_equal(swap_off(m, "vdc"), 0); /* said by its user: nobody moves */
	assert_int_equal(d->prio, -2);
	assert_int_equal(swap_off(m, "card"), 0);
	assert_int_equal(d->prio, -1);
	(void)b;
	swap_valid();
	finish();
}

/* To another area, which has room. */
/* Of one that stays: what was asked for is kept, and an automatic one is the last from then on. */
static void test_20_13_priorities_of_who_stays(void **state)
{
	struct swap_area *a, *b, *found;

	(void)state;
	start();
	a = add_area(&second, 50, 7);
	b = add_area(&fake_spindle, 20, SWAP_PRIO_AUTO);
	assert_int_equal(swap_off_begin(m, second.name, &found), 0);
	assert_ptr_equal(found, a);
	swap_off_undo(a);
	assert_int_equal(a->prio, 7);
	assert_int_equal(b->prio, -2);
	assert_int_equal(swap_off_begin(m, fake_spindle.name, &found), 0);
	swap_off_undo(b);
	assert_int_equal(b->prio, -2);
	finish();
}

static void test_20_13_others_are_swapped_to(void **state)
{
	(void)state;
	start();
	add_area(&second, 50, SWAP_PRIO_AUTO);
	out(0, 1);
	assert_int_equal(swap_off(m, "card"), 0);
	assert_int_equal(mm_swap_out(mm[0], AT(1)), 0);
	assert_int_equal(swp_type(pte_to_swp_entry(entry_at(0, 1))), 1);
	assert_int_equal(mm_fault(mm[0], AT(1), 0), FAULT_OK);
	assert_holds(0, 1);
	finish();
}

static void test_20_13_who_may(void **state)
{
	(void)state;
	start();
	out(0, 1);
	current->process->cap_sys_admin = false;
	assert_int_equal(swap_off(m, "card"), -EPERM);
	current->process->cap_sys_admin = true;
	assert_int_equal(swap_off(m, "vda"), -EINVAL);
	assert_int_equal(mm[0]->swapents, 1);
	finish();
}

/* The area is as it was, but comes last of those without a priority of their own. */
static void assert_stays(long swapents)
{
	assert_false(current->process->oom_origin);
	assert_ptr_equal(m->swap.area[0], card);
	assert_true(card->writable && card->is_available);
	assert_int_equal(mm[0]->swapents, swapents);
	assert_int_equal(m->swap.nr_swap_pages, SLOTS + 50 - swapents);
	assert_int_equal(m->total_swap_pages, SLOTS + 50);
	assert_int_equal(card->prio, -2);
	assert_int_equal(m->swap.area[1]->prio, -1);
	swap_valid();
}

static void kill_us(void)
{
	current->kill_pending = true;
}

static void test_20_13_a_signal_ends_it(void **state)
{
	(void)state;
	start();
	add_area(&second, 50, SWAP_PRIO_AUTO);
	out(0, 1); /* the card's priority is the higher one */
	out(0, 2);
	out(0, 3);
	twin.on_yield = kill_us;
	assert_int_equal(swap_off(m, "card"), -EINTR);
	twin.on_yield = NULL;
	current->kill_pending = false;
	assert_stays(2);
	assert_holds(0, 1);
	assert_int_equal(swap_off(m, "card"), 0);
	assert_holds(0, 2);
	assert_holds(0, 3);
	finish();
}

static void test_20_13_no_memory(void **state)
{
	(void)state;
	start();
	add_area(&second, 50, SWAP_PRIO_AUTO);
	out(0, 1);
	current->flags |= PF_MEMALLOC; /* nobody is killed for us, and nothing waited for */
	memory_empty(m);
	m->tunables.oom_dump_tasks = 0;
	m->zone[ZONE_DMA32].stat[NR_FREE_PAGES] += 100000; /* the guess is wrong */
	assert_int_equal(swap_off(m, "card"), -ENOMEM);
	assert_stays(1);
	mm[0] = mm[1] = NULL;
}

/* What is free now, and in swap, less what is always kept back: that many pages may be promised. */
static void test_20_13_the_commit_check(void **state)
{
	long left;

	(void)state;
	start();
	add_area(&second, 50, SWAP_PRIO_AUTO);
	left = memory_stat(m, NR_FREE_PAGES) + memory_stat(m, NR_SLAB_RECLAIMABLE) + SLOTS + 50 -
		totalreserve_pages(m);
	m->swap.cached = SLOTS - left;
	assert_int_equal(swap_off(m, "card"), -ENOMEM);
	assert_int_equal(card->prio, -1); /* nothing has changed */
	assert_true(card->writable);
	m->swap.cached++;
	assert_int_equal(swap_off(m, "card"), 0);
	m->swap.cached -= SLOTS - left + 1;
	finish();
}

static void test_what_cannot_be_read_stays(void **state)
{
	(void)state;
	start();
	add_area(&second, 50, SWAP_PRIO_AUTO);
	out(0, 1);
	fake.error = -EIO;
	assert_int_equal(swap_off(m, "card"), -EIO);
	fake.error = 0;
	assert_stays(1);
	finish();
}

static void test_trap_33_who_is_asked(void **state)
{
	(void)state;
	start();
	fill(0, 1);
	assert_true(list_empty(&m->swap.mms));
	out(0, 2);
	assert_ptr_equal(m->swap.mms.next, &mm[0]->swap_node);
	assert_ptr_equal(m->swap.mms.prev, &mm[0]->swap_node);
	out(1, 2);
	assert_ptr_equal(m->swap.mms.next, &mm[1]->swap_node);
	assert_int_equal(mm_fault(mm[1], AT(2), FAULT_WRITE), FAULT_OK);
	assert_false(list_empty(&mm[1]->swap_node)); /* until it ends */
	finish();
}

/* The last user goes while its pages are brought back: a worker does the rest. */
static void leave_mm(void)
{
	if (current->process->oom_origin && mm[1]) {
		twin.on_yield = NULL;
		mm_put_user(mm[1]);
		mm[1] = NULL;
	}
}

static void test_an_end_meanwhile(void **state)
{
	(void)state;
	start();
	for (unsigned int page = 0; page < 6; page++)
		out(page & 1, page);
	twin.on_yield = leave_mm;
	assert_int_equal(swap_off(m, "card"), 0);
	assert_no_card();
	assert_null(mm[1]);
	for (unsigned int page = 0; page < 6; page += 2)
		assert_holds(0, page);
	new_mm(1);
	finish();
}

/* On several CPUs: others fault, take pages out, and one leaves; nothing is lost. */
static int result;

static void turn_off(void *unused)
{
	(void)unused;
	current->process->cap_sys_admin = true;
	result = swap_off(m, "card");
}

static void fault_and_swap(void *unused)
{
	unsigned int i = this_cpu_id() - 1;

	(void)unused;
	for (unsigned int page = 0; page < 12; page++) {
		assert_int_equal(mm_fault(mm[i], AT(page), page & 2 ? FAULT_WRITE : 0), FAULT_OK);
		if (page_at(i, page))
			assert_holds(i, page);
		if (page & 1)
			mm_swap_out(mm[i], AT(page));
	}
}

static void test_random_interleavings(void **state)
{
	void (*const fn[])(void *) = {turn_off, fault_and_swap, fault_and_swap};

	(void)state;
	for (unsigned int seed = 1; seed <= 60; seed++) {
		start_on(3);
		add_area(&second, 50, SWAP_PRIO_AUTO);
		for (unsigned int page = 0; page < 12; page++) {
			out(0, page);
			out(1, page);
		}
		for (unsigned int id = 0; id < 3; id++) {
			become_cpu(id);
			become(task_new("app", 100 + id, NULL));
		}
		become_cpu(0);
		run_on_cpus(3, fn, NULL, turns_drawn(seed, 4));
		become_cpu(0);
		assert_int_equal(result, 0);
		assert_null(m->swap.area[0]);
		swap_valid();
		for (unsigned int page = 0; page < 12; page++)
			for (unsigned int i = 0; i < 2; i++) {
				assert_int_equal(mm_fault(mm[i], AT(page), 0), FAULT_OK);
				assert_holds(i, page);
			}
		finish();
	}
}

static const struct CMUnitTest tests[] = {
	TEST(test_20_13_pages_come_back),
	TEST(test_20_13_cached_pages_lose_their_slots),
	TEST(test_20_13_a_page_that_is_in_the_cache_is_not_read),
	TEST(test_20_13_meanwhile),
	TEST(test_20_13_priorities_move_up),
	TEST(test_20_13_priorities_of_who_stays),
	TEST(test_20_13_others_are_swapped_to),
	TEST(test_20_13_who_may),
	TEST(test_20_13_a_signal_ends_it),
	TEST(test_20_13_no_memory),
	TEST(test_20_13_the_commit_check),
	TEST(test_what_cannot_be_read_stays),
	TEST(test_trap_33_who_is_asked),
	TEST(test_an_end_meanwhile),
	TEST(test_random_interleavings),
};
TEST_GROUP(swap_off)
