/*
 * Apps, reclaim and kswapd, at random, on a machine that is too small: whatever becomes of pages,
 * nothing that was written is lost, and every account agrees. On one CPU all of it is checked after
 * each step; on several, as fibers, what can be checked while others are half-way, and the rest when
 * they stand still.
 *
 * HOST_SEED begins elsewhere, HOST_STEPS goes on longer.
 */
#include "swap/swap_case.h"

#include "apps.h"
#include "fibers.h"
#include "kernel/core/rand.h"
#include "kernel/core/sched/smp.h"
#include "mm/alloc/highatomic.h"
#include "mm/page/vmstat.h"
#include "mm/reclaim/kswapd.h"
#include "mm/reclaim/reclaim.h"
#include "mm/reclaim/scan.h"
#include "mm/space/pgtable.h"
#include "request.h"

#define AT(page)    (APP_BASE + (uint64_t)(page)*PAGE_SIZE)
#define LEN(pages)  ((uint64_t)(pages)*PAGE_SIZE)
#define PAGES       1300 /* of the app; beside the reserve there is room for 400 */
#define SHARED      1200 /* and from here on they are shared memory */
#define SLOTS       1050
#define MOST_LOCKED 60
#define ROUND_STEPS 250 /* of each CPU, until all stand still */
#define MOST_APPS   2

static struct mm *mm;
static struct rand rng; /* who asks, asks at once: no point of a schedule is in between */
static uint64_t value[PAGES];
static unsigned int nr_apps;
static struct task *threads[MAX_CPUS];

static unsigned long number(const char *name, unsigned long otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoul(text, NULL, 0) : otherwise;
}

static unsigned int draw(unsigned int n)
{
	return rand_below(&rng, n);
}

/* Each page has an owner, who alone reads, writes and unmaps it. Reclaim takes anybody's. */
static unsigned int own_page(void)
{
	return draw(PAGES / nr_apps) * nr_apps + this_cpu_id() % nr_apps;
}

/* As the processor does it. False: it faults. */
static bool access(unsigned int i, bool write)
{
	uint64_t *pte = pte_find(mm, AT(i)), entry = pte ? *pte : 0;
	uint64_t *word;

	if (!(entry & PTE_PRESENT) || (write && !(entry & PTE_WRITE)))
		return false;
	*pte |= PTE_ACCESSED | (write ? PTE_DIRTY : 0);
	word = page_address(m, pfn_to_page(m, (entry & PTE_ADDR) >> PAGE_SHIFT));
	if (word[0] != value[i] || word[511] != value[i])
		fail_msg("page %u holds %lu and %lu, not %lu", i, (unsigned long)word[0],
			(unsigned long)word[511], (unsigned long)value[i]);
	if (write)
		word[0] = word[511] = ++value[i];
	return true;
}

static void use(unsigned int i, bool write)
{
	while (!access(i, write))
		assert_int_equal(mm_fault(mm, AT(i), write ? FAULT_WRITE : 0), FAULT_OK);
}

/* Of shared memory the page that was there stays, until all that was mapped with it has been mapped anew. */
static void map_anew(unsigned int i)
{
	assert_int_equal(mm_unmap(mm, AT(i), LEN(1)), 0);
	value[i] = 0;
	assert_int_equal(mm_map_fixed(mm, AT(i), LEN(1),
				 i < SHARED ? VM_WRITE : VM_WRITE | VM_SHARED, NULL, 0),
		0);
}

/* There is always room for what all other pages need. */
static void change_locked(unsigned int i)
{
	unsigned int n = 1 + draw(20);
	int err;

	if (draw(2) || node_stat_exact(m, NR_UNEVICTABLE) > MOST_LOCKED)
		err = mm_munlock(mm, AT(0), LEN(PAGES));
	else
		err = mm_mlock(mm, AT(i), LEN(MIN(n, PAGES - i)));
	assert_true(!err || nr_apps > 1); /* another one may be mapping a page anew */
}

static void reclaim(void)
{
	static const gfp_t masks[] = {
		GFP_KERNEL, GFP_HIGHUSER_MOVABLE, GFP_NOFS, GFP_NOIO, GFP_KERNEL | GFP_DMA};
	struct alloc_context ac = request(m, masks[draw(ARRAY_SIZE(masks))], 0);
	unsigned long progress;
	struct page *page = direct_reclaim(&ac, WMARK_MIN, &progress);

	if (page)
		free_pages(m, page, 0);
}

static void allocate(void)
{
	static const gfp_t masks[] = {GFP_KERNEL, GFP_ATOMIC, GFP_NOWAIT, GFP_HIGHUSER_MOVABLE};
	unsigned int order = draw(3);
	gfp_t gfp = masks[draw(ARRAY_SIZE(masks))] | __GFP_NOWARN | __GFP_NORETRY;
	struct page *page = alloc_pages(m, gfp, order);

	if (page)
		free_pages(m, page, order);
}

static void shake(void)
{
	static void (*const fn[])(struct memory *) = {
		lru_add_drain, lru_add_drain_all, vmstat_fold_local, vmstat_fold_all};

	fn[draw(ARRAY_SIZE(fn))](m);
}

static void tick_here(void *unused)
{
	(void)unused;
	index_grace_end(m);
}

/* On every CPU. */
static void tick(void)
{
	smp_call(ALL_CPUS, tick_here, NULL);
}

static void live(void)
{
	unsigned int i = own_page();

	switch (draw(24)) {
	case 0:
		map_anew(i);
		break;
	case 1:
		change_locked(i);
		break;
	case 2:
		if (draw(4) == 0)
			reclaim();
		break;
	case 3:
		allocate();
		break;
	case 4:
		shake();
		break;
	case 5: /* a working set */
	case 6:
	case 7:
		for (unsigned int n = 0; n < 40; n++)
			use((i + n * nr_apps) % (PAGES - PAGES % nr_apps), n & 1);
		break;
	default:
		use(i, draw(2));
	}
	if (draw(4) == 0)
		tick();
	twin.sleeps = twin.yields = 0;
}

/*
 * As on a large machine nobody but who asks for it has DMA. Else it might be reserved for atomic
 * requests, and kswapd would never sleep again (§18.6).
 */
static void keep_dma(struct memory *memory)
{
	for (int class = ZONE_DMA32; class < MAX_NR_ZONES; class ++)
		dma(memory)->lowmem_reserve[class] = 1 << 20;
}

/* As much as there may be, from the beginning: so there is always room for all pages, and never for many. */
static void fill_reserve(struct memory *memory)
{
	reserve_highatomic_pageblock(dma32(memory), pfn_to_page(memory, 512));
	reserve_highatomic_pageblock(dma32(memory), pfn_to_page(memory, 1024));
	assert_int_equal(dma32(memory)->nr_reserved_highatomic, 1024);
}

static void start(unsigned int cpus, const struct swap_device *dev, uint64_t seed)
{
	struct machine_spec spec = {.range = {{0, 0x9fc00, 1}, {MIB(1), MIB(7), 1}},
		.dma_end = 256,
		.pageblock_order = 9};

	swap_start(1);
	nr_cpus = cpus;
	m = machine_new(&spec);
	keep_dma(m);
	fill_reserve(m);
	kswapd_init(m);
	add_area(dev, SLOTS, 0);
	memset(value, 0, sizeof(value));
	rand_seed(&rng, number("HOST_SEED", 1) * 1000 + seed);
	mm = mm_create(m);
	assert_int_equal(mm_map_fixed(mm, AT(0), LEN(SHARED), VM_WRITE, NULL, 0), 0);
	assert_int_equal(
		mm_map_fixed(mm, AT(SHARED), LEN(PAGES - SHARED), VM_WRITE | VM_SHARED, NULL, 0),
		0);
	mm_pin(mm);
}

static void end_io(void)
{
	while (fake.nr_late)
		fake_end_one();
}

static long late_writes(void)
{
	long n = 0;

	for (unsigned int i = 0; i < fake.nr_late; i++)
		n += fake.late[i].write;
	return n;
}

/* Everybody stands still. */
static void check_all(void)
{
	assert_valid(m);
	swap_valid();
	assert_int_equal(node_stat_exact(m, NR_ISOLATED_ANON), 0);
	assert_int_equal(node_stat_exact(m, NR_WRITEBACK), late_writes());
	assert_int_equal(memory_stat_exact(m, NR_ZONE_WRITE_PENDING), late_writes());
	assert_int_equal(
		node_stat_exact(m, NR_FILE_PAGES), m->swap.cached + node_stat_exact(m, NR_SHMEM));
	assert_int_equal(node_stat_exact(m, NR_FILE_MAPPED), mm->shmem_rss);
	assert_int_equal(m->swap.added - m->swap.deleted, m->swap.cached); /* §30c, of §22.6 */
	assert_true((long)m->event[PSWPIN] <= m->swap.added);
	assert_true(m->event[PGSCAN_DIRECT] >= m->event[PGSTEAL_DIRECT]);
	assert_true(m->event[PGSCAN_KSWAPD] >= m->event[PGSTEAL_KSWAPD]);
	assert_int_equal(node_stat_exact(m, NR_ANON_MAPPED), mm->anon_rss);
	assert_int_equal(m->event[OOM_KILLS], 0);
}

/* All that was written is there; then nothing is left. */
static void finish(void)
{
	nr_apps = 1;
	twin.on_sleep = end_io;
	for (unsigned int i = 0; i < PAGES; i++)
		use(i, false);
	check_all();
	end_io();
	assert_true(mm_put_user(mm));
	mm_drop(mm);
	lru_add_drain_all(m);
	assert_null(swap_off_all(m));
	assert_valid(m);
	for (int i = 0; i < NR_LRU_LISTS; i++)
		assert_int_equal(list_length(&m->node.lru.list[i]), 0);
	assert_int_equal(m->nr_mms, 0);
}

static void assert_has_lived(void)
{
	assert_true(m->event[PSWPOUT] > 500);
	assert_true(m->event[PSWPIN] > 500);
	assert_true(m->event[PGSTEAL_DIRECT] > 100);
	assert_true(m->event[PGREFILL] > 1000);
	assert_true(m->event[UNEVICTABLE_PGMLOCKED] > 20);
}

/* One CPU: kswapd runs where this one waits for it, until it naps. */
static void it_naps(void)
{
	if (current->flags & PF_KSWAPD)
		panic("it naps");
}

static void run_kswapd(void)
{
	struct task *self = become(threads[1]);

	assert_panics("it naps", kswapd(m));
	become(self);
	wait_queue_init(&m->node.kswapd_wait, "kswapd");
}

/* It would ask for the nap at once: somebody is always served first. */
static void wake_and_run_kswapd(void)
{
	struct alloc_context ac = request(m, GFP_HIGHUSER_MOVABLE, draw(2));

	wakeup_kswapd(&ac);
	run_kswapd();
}

static void one_cpu(const struct swap_device *dev, unsigned long steps)
{
	struct task *app;

	start(1, dev, 0);
	nr_apps = 1;
	app = task_new("app", 10, mm);
	threads[1] = task_new("kswapd0", 3, NULL);
	threads[1]->flags = PF_KTHREAD;
	become(app);
	twin.on_sleep = it_naps;
	while (steps--) {
		live();
		if (draw(100) == 0)
			wake_and_run_kswapd();
		check_all();
	}
	assert_has_lived();
	finish();
}

static void test_one_cpu(void **state)
{
	(void)state;
	one_cpu(&fake_card, number("HOST_STEPS", 10000));
}

/* Several. */
/* Others may be half-way with slots and free pages, and not with lists. */
static void check_lists(void)
{
	unsigned long flags = spin_lock_irqsave(&m->node.lru_lock);
	const char *err = lru_validate(m);

	spin_unlock_irqrestore(&m->node.lru_lock, flags);
	if (err)
		fail_msg("lru_validate: %s", err);
}

static void lives(void *unused)
{
	(void)unused;
	for (unsigned int step = 0; step < ROUND_STEPS; step++) {
		live();
		check_lists();
	}
}

static void is_kswapd(void *unused)
{
	(void)unused;
	fiber_serves();
	kswapd(m);
}

static struct task *disk;

static void submit(const struct swap_device *dev, uint64_t at, struct page *page, bool write)
{
	fake_submit(dev, at, page, write);
	if (disk)
		wake_task(disk);
}

static const struct swap_device_ops late_ops = {.submit = submit};
static const struct swap_device late_disk = {
	.ops = &late_ops, .name = "vda", .pages = DISK_PAGES, .rotational = true, .major = 254};

static void rest(void)
{
	current->state = TASK_UNINTERRUPTIBLE;
	if (!fake.nr_late)
		schedule();
	current->state = TASK_RUNNING;
}

/* Answers come late, and in order. */
static void is_disk(void *unused)
{
	unsigned long flags;

	(void)unused;
	fiber_serves();
	for (;;) {
		rest();
		fiber_yield();
		if (draw(3))
			continue;
		flags = irq_save();
		fake_end_one();
		irq_restore(flags);
	}
}

static void be_tasks(unsigned int apps)
{
	for (unsigned int id = apps + 2; id-- > 0;) {
		become_cpu(id);
		if (!threads[id])
			threads[id] = id < apps ? task_new("app", 10 + id, mm) :
						  task_new("kernel", 3 + id, NULL);
		threads[id]->flags = id < apps ? 0 : PF_KTHREAD;
		threads[id]->state = TASK_RUNNING;
		become(threads[id]);
	}
}

static void run_round(unsigned int apps, uint64_t seed)
{
	void (*fn[MOST_APPS + 2])(void *) = {lives, lives};

	fn[apps] = is_kswapd;
	fn[apps + 1] = is_disk;
	nr_apps = apps;
	be_tasks(apps);
	disk = threads[apps + 1];
	run_on_cpus(apps + 2, fn, NULL, turns_drawn(seed, 1 + draw(12)));
	disk = NULL;
	wait_queue_init(&m->node.kswapd_wait, "kswapd");
	become_cpu(0);
}

static void several_cpus(unsigned int apps, const struct swap_device *dev, uint64_t seed)
{
	unsigned long steps = number("HOST_STEPS", 5000);

	memset(threads, 0, sizeof(threads));
	start(apps + 2, dev, seed);
	for (unsigned long done = 0; done < steps; done += apps * ROUND_STEPS) {
		run_round(apps, seed * 1000 + done);
		check_all();
	}
	assert_has_lived();
	assert_true(m->event[PGSTEAL_KSWAPD] > 0);
	finish();
}

static void test_an_app_and_kswapd(void **state)
{
	(void)state;
	several_cpus(1, &fake_card, 1);
}

static void test_two_threads_and_kswapd(void **state)
{
	(void)state;
	several_cpus(2, &fake_card, 2);
}

static void test_two_threads_kswapd_and_a_late_disk(void **state)
{
	(void)state;
	several_cpus(2, &late_disk, 3);
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, twin_setup, twin_teardown)
static const struct CMUnitTest tests[] = {
	TEST(test_one_cpu),
	TEST(test_an_app_and_kswapd),
	TEST(test_two_threads_and_kswapd),
	TEST(test_two_threads_kswapd_and_a_late_disk),
};
TEST_GROUP(reclaim_random)
