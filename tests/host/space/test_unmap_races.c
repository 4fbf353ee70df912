/*
 * Reclaim against the threads of an app that fault, map, protect, lock and leave, and against the reaper,
 * over interleavings that are drawn and enumerated: reclaim unmaps without mmap_sem, and flushes TLBs for
 * many pages at once. Nothing that was written is lost, no page is handed out while a TLB knows it by
 * another name, and in the end every count is back.
 *
 * Each CPU has a TLB, as a processor has: what it has walked to stays until it is told to forget it, or its
 * task leaves. A page's contents are a number that each write raises.
 */
#include "unmap_case.h"

#include "apps.h"
#include "fibers.h"
#include "kernel/core/rand.h"
#include "kernel/core/sched/work.h"
#include "mm/oom/oom_reaper.h"

#define PAGES 12
#define STEPS 24
#define MOST  3 /* CPUs */
#define ROUND 4 /* pages to a flush */
#define TRIES 4

static struct {
	unsigned long pfn; /* 0: none */
	bool write;
} tlb[MOST][PAGES];

static uint64_t value[PAGES];
static bool unstable[PAGES]; /* being unmapped: what is there may be either */
static struct task *threads[MOST];
static uint64_t seed;
static unsigned long outcome[5], written, removed;

static void flush_cpus(unsigned int mask)
{
	for (unsigned int cpu = 0; cpu < MOST; cpu++)
		if (mask & 1u << cpu) {
			memset(tlb[cpu], 0, sizeof(tlb[cpu]));
			sched_point();
		}
}

static void flush_space(uint64_t cr3)
{
	assert_int_equal(cr3, mm->pgd);
	flush_cpus(~0u);
}

static void flush_own(void)
{
	memset(tlb[this_cpu_id()], 0, sizeof(tlb[0]));
}

static void check_unknown(unsigned long pfn, unsigned int but)
{
	for (unsigned int cpu = 0; cpu < MOST; cpu++)
		for (unsigned int i = 0; i < PAGES; i++)
			if (tlb[cpu][i].pfn == pfn && i != but)
				fail_msg("pfn %lu is at page %u, and CPU %u knows it at %u", pfn,
					but, cpu, i);
}

/* The processor walks, and marks the entry; false: a fault. */
static bool walk(unsigned int i, bool write)
{
	uint64_t *pte = pte_find(mm, AT(i)), old = pte ? *pte : 0;

	if (!(old & PTE_PRESENT) || (write && !(old & PTE_WRITE)))
		return false;
	*pte = old | PTE_ACCESSED | (write ? PTE_DIRTY : 0);
	if (!(old & PTE_SPECIAL)) {
		check_unknown((old & PTE_ADDR) >> PAGE_SHIFT, i);
		/* Reclaim takes only what it can find (find()); a list would know it from here on. */
		page_set(entry_page(m, old), PG_UPTODATE);
	}
	tlb[this_cpu_id()][i].pfn = (old & PTE_ADDR) >> PAGE_SHIFT;
	tlb[this_cpu_id()][i].write = write;
	return true;
}

static bool knows(unsigned int i, bool write)
{
	return tlb[this_cpu_id()][i].pfn && (!write || tlb[this_cpu_id()][i].write);
}

static void load_or_store(unsigned int i, bool write)
{
	unsigned long pfn = tlb[this_cpu_id()][i].pfn;
	uint64_t *word = page_address(m, pfn_to_page(m, pfn));

	if (unstable[i])
		return;
	if (write)
		*word = ++value[i];
	else if (*word != value[i])
		fail_msg("page %u holds %lu; %lu was written (CPU %u)", i, (unsigned long)*word,
			(unsigned long)value[i], this_cpu_id());
}

/* An instruction of the app. */
static void use(unsigned int i, bool write)
{
	for (unsigned int tries = 0; tries < TRIES; tries++) {
		if (knows(i, write) || walk(i, write)) {
			load_or_store(i, write);
			return;
		}
		if (mm_fault(mm, AT(i), write ? FAULT_WRITE : 0) != FAULT_OK)
			return;
	}
}

static void map_anew(unsigned int i, unsigned int n)
{
	for (unsigned int k = i; k < i + n; k++)
		if (unstable[k])
			return;
	memset(unstable + i, true, n);
	if (!mm_unmap(mm, AT(i), LEN(n)) && !mm_map_fixed(mm, AT(i), LEN(n), VM_WRITE, NULL, 0))
		for (unsigned int k = i; k < i + n; k++)
			value[k] = 0;
	memset(unstable + i, false, n);
}

static void change(struct rand *r)
{
	unsigned int i = rand_below(r, PAGES), n = 1 + rand_below(r, PAGES - i);

	switch (rand_below(r, 5)) {
	case 0:
		map_anew(i, n);
		break;
	case 1:
		mm_mlock(mm, AT(i), LEN(n));
		break;
	case 2:
		mm_munlock(mm, AT(i), LEN(n));
		break;
	default:
		mm_protect(mm, AT(i), LEN(n), rand_below(r, 2));
	}
}

static void app(void *unused)
{
	struct rand r;

	(void)unused;
	rand_seed(&r, seed * MOST + this_cpu_id());
	for (unsigned int step = 0; step < STEPS; step++) {
		if (rand_below(&r, 8))
			use(rand_below(&r, PAGES), rand_below(&r, 2));
		else
			change(&r);
		sched_point();
	}
	app_leaves(m, current);
}

/* What a list would give: a page that is in use, with a reference more. Nobody else acts meanwhile. */
static struct page *find(unsigned int i)
{
	uint64_t *pte = mm->users.n ? pte_find(mm, AT(i)) : NULL;
	struct page *page = pte ? entry_page(m, *pte) : NULL;

	if (!page || !page_has(page, PG_UPTODATE))
		return NULL;
	page_get(page);
	return page;
}

/* It leaves the cache if it is as in its slot; written before if it is not. Locked. */
static void write_and_remove(struct page *page, struct tlb_batch *batch, bool may_write)
{
	if (page_has(page, PG_DIRTY)) {
		if (!may_write) {
			unlock_page(m, page);
			return;
		}
		try_to_unmap_flush_dirty(batch);
		page_clear(page, PG_DIRTY);
		swap_writepage(m, page); /* and unlocks it */
		written++;
		if (!trylock_page(page))
			return;
	}
	if (page_has(page, PG_SWAPCACHE) && !page->mapcount && swap_remove_mapping(m, page))
		removed++;
	unlock_page(m, page);
}

static void reclaim_page(struct page *page, struct tlb_batch *batch, bool may_write)
{
	enum swap_result result;
	unsigned int vm_flags;
	bool lazy = false;

	if (!trylock_page(page))
		return;
	page_referenced(m, page, true, &vm_flags);
	if (!page_has(page, PG_SWAPCACHE) && !(lazy = add_to_swap(m, page))) {
		unlock_page(m, page);
		return;
	}
	result = try_to_unmap(m, page, lazy, batch);
	outcome[result]++;
	if (result == SWAP_SUCCESS || result == SWAP_LZFREE)
		write_and_remove(page, batch, may_write);
	else
		unlock_page(m, page);
}

/* The references go after the flush, as in 4.8: it is what keeps the pages. */
static void reclaim_round(struct rand *r)
{
	struct page *page[ROUND];
	struct tlb_batch batch;

	tlb_batch_init(&batch);
	for (unsigned int i = 0; i < ROUND; i++) {
		page[i] = find(rand_below(r, PAGES));
		if (page[i])
			reclaim_page(page[i], &batch, rand_below(r, 4));
	}
	try_to_unmap_flush(&batch);
	for (unsigned int i = 0; i < ROUND; i++)
		if (page[i])
			page_put(m, page[i]);
}

static void reclaims(void *unused)
{
	struct rand r;

	(void)unused;
	rand_seed(&r, seed + 77);
	for (unsigned int i = 0; i < 10; i++) {
		reclaim_round(&r);
		sched_point();
	}
}

static void reaps(void *unused)
{
	(void)unused;
	memset(unstable, true, sizeof(unstable)); /* it takes what was written */
	if (mm_get_user(mm)) {
		down_read(&mm->mmap_sem);
		oom_reap_address_space(mm);
		up_read(&mm->mmap_sem);
		mm_put_user(mm);
	}
}

static void prepare(unsigned int n, void (*const fn[])(void *))
{
	struct task *first = NULL;

	memset(tlb, 0, sizeof(tlb));
	memset(value, 0, sizeof(value));
	memset(unstable, 0, sizeof(unstable));
	become_cpu(0);
	mm = mm_create(m);
	mm_pin(mm);
	map(0, PAGES, VM_WRITE);
	for (unsigned int i = 0; i < PAGES; i++) {
		use(i, true);
		if (i & 1)
			assert_int_equal(mm_swap_out(mm, AT(i)), 0);
	}
	for (unsigned int id = 0; id < n; id++) {
		if (fn[id] != app)
			threads[id] = task_new("kernel", 50 + id, NULL);
		else if (!first)
			threads[id] = first = task_new("app", 10, mm);
		else
			threads[id] = app_thread(first, "thread", 10 + id);
	}
	for (unsigned int id = n; id-- > 0;) {
		become_cpu(id);
		become(threads[id]);
	}
}

/*
 * munlock() leaves a page in the count that it does not find on a list, since another CPU gathers it, or reclaim
 * has it (§30c): so the count may be too high in the end, and never too low.
 */
static void check_mlocked(void)
{
	long most = m->event[UNEVICTABLE_PGMUNLOCKED] + m->event[UNEVICTABLE_PGSTRANDED];

	assert_in_range(memory_stat_exact(m, NR_MLOCK), 0, most);
}

static void check_end(void)
{
	while (work_do_one())
		;
	lru_add_drain_all(m);
	assert_int_equal(mm->users.n, 0);
	assert_int_equal(mm->anon_rss | mm->swapents | mm->nr_ptes | mm->nr_pmds, 0);
	mm_drop(mm);
	assert_int_equal(m->nr_mms, 0);
	/* What is left in the cache has no user: the next scan's (trap 38). */
	for (unsigned long slot = 1; slot < area->max; slot++)
		swap_reclaim_cached(m, swp_entry(0, slot));
	assert_int_equal(area->inuse, 0);
	assert_int_equal(m->swap.cached, 0);
	assert_int_equal(memory_stat_exact(m, NR_ZONE_ACTIVE_ANON), 0);
	assert_int_equal(memory_stat_exact(m, NR_ZONE_UNEVICTABLE), 0);
	check_mlocked();
	assert_int_equal(memory_stat_exact(m, NR_PAGETABLE), 0);
	swap_valid();
	assert_valid(m);
	index_release_all(m);
	assert_int_equal(all_free(m), free_before);
}

static void run(unsigned int n, void (*const fn[])(void *), turn_fn turn)
{
	twin.on_flush = flush_space;
	twin.on_flush_cpus = flush_cpus;
	twin.on_leave = flush_own;
	prepare(n, fn);
	twin.sleeps = twin.yields = 0;
	run_on_cpus(n, fn, NULL, turn);
	twin.on_flush = NULL;
	twin.on_flush_cpus = NULL;
	twin.on_leave = NULL;
	become_cpu(0);
	check_end();
}

static void start(unsigned int cpus)
{
	swap_start(cpus);
	area = add_area(&fake_card, 20, 0); /* more than half of it is often in use (§20.9) */
	free_before = all_free(m);
	memset(outcome, 0, sizeof(outcome));
	written = removed = 0;
}

/* CPU 0 is interrupted at each of its points. */
static unsigned long each_point(void (*const fn[])(void *))
{
	unsigned long k = 0, alone = 0;

	do {
		run(2, fn, turns_switch_once(k));
		if (!k)
			alone = points_passed(0);
	} while (k++ < alone);
	return k;
}

static void test_an_app_at_each_point_of_reclaim(void **state)
{
	static void (*const fn[])(void *) = {reclaims, app};

	(void)state;
	start(2);
	for (seed = 0; seed < 2; seed++)
		assert_true(each_point(fn) > 100);
	assert_true(outcome[SWAP_SUCCESS] && written && removed);
}

static void test_reclaim_at_each_point_of_an_app(void **state)
{
	static void (*const fn[])(void *) = {app, reclaims};

	(void)state;
	start(2);
	for (seed = 0; seed < 4; seed++)
		assert_true(each_point(fn) > 100);
	assert_true(outcome[SWAP_SUCCESS] && removed);
	assert_true(m->event[PSWPIN] > 0);
}

static void test_two_threads_and_reclaim(void **state)
{
	static void (*const fn[])(void *) = {app, app, reclaims};

	(void)state;
	start(3);
	for (seed = 0; seed < 500; seed++)
		run(3, fn, turns_drawn(seed, 2 + seed % 40));
	assert_true(outcome[SWAP_SUCCESS] && outcome[SWAP_FAIL] && outcome[SWAP_MLOCK]);
	assert_true(written && removed);
}

static void test_two_reclaimers(void **state)
{
	static void (*const fn[])(void *) = {reclaims, app, reclaims};

	(void)state;
	start(3);
	for (seed = 0; seed < 300; seed++)
		run(3, fn, turns_drawn(seed, 2 + seed % 40));
	assert_true(outcome[SWAP_SUCCESS] && removed);
}

static void test_the_reaper_and_reclaim(void **state)
{
	static void (*const fn[])(void *) = {reaps, app, reclaims};

	(void)state;
	start(3);
	for (seed = 0; seed < 500; seed++)
		run(3, fn, turns_drawn(seed, 2 + seed % 40));
	assert_true(outcome[SWAP_SUCCESS] && removed);
}

static const struct CMUnitTest tests[] = {
	TEST(test_an_app_at_each_point_of_reclaim),
	TEST(test_reclaim_at_each_point_of_an_app),
	TEST(test_two_threads_and_reclaim),
	TEST(test_two_reclaimers),
	TEST(test_the_reaper_and_reclaim),
};
TEST_GROUP(unmap_races)
