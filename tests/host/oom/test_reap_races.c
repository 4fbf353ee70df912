/*
 * The reaper against threads of its victim that fault, map, lock and leave, over interleavings that are
 * drawn and enumerated (reference §8.1, §8.5): no page is lost, none is handed out again while a TLB
 * knows it, and in the end every counter is back at zero.
 *
 * Each CPU has a TLB here, which forgets what tlb_flush_mm() says, CPU by CPU, and everything when its
 * task leaves its address space.
 */
#include "fibers.h"
#include "reaper_case.h"

#include "kernel/core/rand.h"
#include "kernel/core/sched/work.h"
#include "mm/page/vmstat.h"

#define PRIVATE 24 /* pages of each kind, one behind the other */
#define LOCKED  4
#define SHARED  4
#define SPACE   (PRIVATE + LOCKED + SHARED)
#define STEPS   20
#define MOST    3 /* CPUs */
#define NOTHING 0ul

/* Three pages a page table, so that the reaper often lets others run on its way. */
#define SPREAD      171
#define PLACE(page) AT((page)*SPREAD)

static unsigned long tlb[MOST][SPACE]; /* page frame numbers */
static struct mm *mm;
static struct task *threads[MOST];
static uint64_t seed;
static unsigned int reaped, raced, torn_down, failed;

static void flush_one_by_one(uint64_t cr3)
{
	for (unsigned int cpu = 0; cpu < MOST; cpu++) {
		memset(tlb[cpu], 0, sizeof(tlb[cpu]));
		sched_point();
	}
	assert_int_equal(cr3, mm->pgd);
}

static void flush_own(void)
{
	memset(tlb[this_cpu_id()], 0, sizeof(tlb[0]));
}

/* Just handed out: nobody may know it by another name. */
static void check_unknown(unsigned long pfn, unsigned int but)
{
	for (unsigned int cpu = 0; cpu < MOST; cpu++)
		for (unsigned int page = 0; page < SPACE; page++)
			if (tlb[cpu][page] == pfn && page != but)
				fail_msg("pfn %lu is handed out, and CPU %u knows it", pfn, cpu);
}

static void use(unsigned int page)
{
	uint64_t pte;

	if (tlb[this_cpu_id()][page] != NOTHING)
		return;
	if (mm_fault(mm, PLACE(page), FAULT_WRITE) != FAULT_OK &&
		mm_fault(mm, PLACE(page), 0) != FAULT_OK)
		return;
	pte = entry(mm, page * SPREAD);
	if (!(pte & PTE_PRESENT)) /* gone already */
		return;
	if (!(pte & PTE_SPECIAL)) /* the zero page goes by many names */
		check_unknown((pte & PTE_ADDR) >> PAGE_SHIFT, page);
	tlb[this_cpu_id()][page] = (pte & PTE_ADDR) >> PAGE_SHIFT;
}

static void take_and_give_back(void)
{
	struct page *page = alloc_pages(m, GFP_KERNEL, 0);

	check_unknown(page_to_pfn(m, page), SPACE);
	sched_point();
	free_pages(m, page, 0);
}

static void change(struct rand *r)
{
	unsigned int page = rand_below(r, PRIVATE), n = 1 + rand_below(r, PRIVATE - page);

	switch (rand_below(r, 4)) {
	case 0:
		if (!mm_unmap(mm, PLACE(page), LEN(n * SPREAD)))
			mm_map(mm, PLACE(page), LEN(n * SPREAD), VM_WRITE);
		break;
	case 1:
		mm_mlock(mm, PLACE(page), LEN(2));
		break;
	case 2:
		mm_munlock(mm, PLACE(page), LEN(n * SPREAD));
		break;
	case 3:
		mm_protect(mm, PLACE(page), LEN(n * SPREAD), rand_below(r, 2));
		break;
	}
}

/* A thread's last steps, all of them within one kernel call. */
static void live_on(bool changes)
{
	struct rand r;

	rand_seed(&r, seed * MOST + this_cpu_id());
	for (unsigned int step = 0; step < STEPS; step++) {
		unsigned int what = rand_below(&r, 16);

		if (what == 0)
			take_and_give_back();
		else if (what == 1 && changes)
			change(&r);
		else
			use(rand_below(&r, SPACE));
		sched_point();
	}
	app_leaves(m, current);
}

static void fault_and_leave(void *unused)
{
	(void)unused;
	live_on(false);
}

static void change_and_leave(void *unused)
{
	(void)unused;
	live_on(true);
}

static void reap(void *unused)
{
	(void)unused;
	(m->patches & PATCH_OOM_REAPER_SKIP ? oom_reaper_queue : oom_reaper)(m);
}

static void map_spread(unsigned int page, unsigned int pages, unsigned int flags)
{
	assert_int_equal(mm_map_fixed(mm, PLACE(page), LEN(pages * SPREAD), flags, NULL, 0), 0);
	for (; pages--; page++)
		assert_int_equal(mm_fault(mm, PLACE(page), 0), FAULT_OK);
}

/* A victim of n - 1 threads, one a CPU, in the hands of the reaper, which is on CPU `at`. */
static void prepare(unsigned int n, unsigned int at)
{
	unsigned int id, first = at == 0;

	memset(tlb, 0, sizeof(tlb));
	become_cpu(first);
	mm = mm_create(m);
	mm_pin(mm);
	map_spread(0, PRIVATE, VM_WRITE);
	map_spread(PRIVATE, LOCKED, VM_WRITE | VM_LOCKED);
	map_spread(PRIVATE + LOCKED, SHARED, VM_WRITE | VM_SHARED);
	threads[first] = task_new("victim", 10, mm);
	threads[at] = m->reaper.task;
	m->reaper.task->state = TASK_RUNNING;
	list_init(&m->reaper.wait.waiters);
	for (id = first + 1; id < n; id++)
		if (id != at)
			threads[id] = app_thread(threads[first], "thread", 10 + id);
	for (id = n; id-- > 0;) {
		become_cpu(id);
		become(threads[id]);
	}
	app_mark(m, threads[first]);
	wake_oom_reaper(m, threads[first], mm);
}

/* Whoever was last: nothing is left. */
static void check_end(unsigned int at)
{
	struct process *p = threads[at == 0]->process;

	while (work_do_one())
		torn_down++;
	assert_int_equal(mm->users.n, 0);
	assert_int_equal(mm->anon_rss | mm->shmem_rss | mm->nr_ptes | mm->nr_pmds, 0);
	if (p->oom_mm)
		mm_drop(p->oom_mm);
	p->oom_mm = NULL;
	mm_drop(mm);
	assert_int_equal(m->nr_mms, 0);
	assert_int_equal(m->oom_victims, 0);
	assert_int_equal(node_stat_exact(m, NR_SHMEM), 0);
	assert_int_equal(memory_stat_exact(m, NR_ZONE_ACTIVE_ANON), 0);
	assert_int_equal(memory_stat_exact(m, NR_ZONE_UNEVICTABLE), 0);
	assert_int_equal(memory_stat_exact(m, NR_MLOCK), 0);
	assert_int_equal(memory_stat_exact(m, NR_PAGETABLE), 0);
	index_release_all(m);
	assert_int_equal(all_free(m), before);
	assert_null(m->oom_lock.info.owner);
	assert_valid(m);
}

static void add_up(void)
{
	reaped += event_of(OOM_REAPED);
	raced += event_of(OOM_REAP_RACED);
	torn_down += event_of(OOM_REAP_TEARDOWNS);
	failed += event_of(OOM_REAP_FAILED);
	memset(m->event, 0, sizeof(m->event));
}

static void run(unsigned int n, unsigned int at, void (*thread)(void *), turn_fn turn)
{
	void (*fn[MOST])(void *) = {thread, thread, thread};

	prepare(n, at);
	fn[at] = reap;
	twin.on_flush = flush_one_by_one;
	twin.on_leave = flush_own;
	twin.sleeps = twin.yields = 0;
	assert_panics("sleeps, and nobody is left to wake it", run_on_cpus(n, fn, NULL, turn));
	twin.on_flush = NULL;
	twin.on_leave = NULL;
	become_cpu(0);
	check_end(at);
	add_up();
}

static void several_cpus(unsigned int n)
{
	unsigned int patches = m->patches;

	nr_cpus = n;
	m = machine_with(10, patches);
	before = all_free(m);
	oom_reaper_start(m, spawn_stub);
	reaped = raced = torn_down = failed = 0;
}

/* CPU 0 is interrupted at each of its points. Returns how many it has. */
static unsigned long each_point(unsigned int at, void (*thread)(void *))
{
	unsigned long k = 0, alone;

	do {
		run(2, at, thread, turns_switch_once(k));
		if (k == 0)
			alone = points_passed(0);
	} while (k++ < alone);
	return k;
}

static void test_8_1_a_thread_faults_and_leaves_at_each_point_of_the_reaper(void **state)
{
	(void)state;
	several_cpus(2);
	assert_true(each_point(0, fault_and_leave) > 30);
	assert_true(reaped > 0 && torn_down > 0);
}

static void test_8_1_the_reaper_comes_at_each_point_of_a_thread(void **state)
{
	(void)state;
	several_cpus(2);
	assert_true(each_point(1, fault_and_leave) > 50);
	assert_true(reaped > 0 && raced > 0);
}

static void test_8_1_the_reaper_comes_while_memory_is_mapped_and_locked(void **state)
{
	(void)state;
	several_cpus(2);
	for (seed = 0; seed < 4; seed++)
		each_point(1, change_and_leave);
	assert_true(reaped > 0 && raced > 0 && failed > 0);
	seed = 0;
}

static void test_8_1_drawn_interleavings_of_two_threads(void **state)
{
	(void)state;
	several_cpus(3);
	for (seed = 0; seed < 600; seed++) {
		unsigned int at = seed % 3;

		run(3, at, seed % 2 ? fault_and_leave : change_and_leave,
			turns_drawn(seed, 2 + seed % 40));
	}
	assert_true(reaped > 0 && raced > 0 && torn_down > 0 && failed > 0);
	seed = 0;
}

#define TEST_REAPERS(fn) TEST_SEED(fn), TEST_49(fn)
static const struct CMUnitTest tests[] = {
	TEST_REAPERS(test_8_1_a_thread_faults_and_leaves_at_each_point_of_the_reaper),
	TEST_REAPERS(test_8_1_the_reaper_comes_at_each_point_of_a_thread),
	TEST_REAPERS(test_8_1_the_reaper_comes_while_memory_is_mapped_and_locked),
	TEST_REAPERS(test_8_1_drawn_interleavings_of_two_threads),
};
TEST_GROUP(reap_races)
