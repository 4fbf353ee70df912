/*
 * The allocator on CPUs that are threads, under ThreadSanitizer. TAP: a scenario is one line, and is
 * not ok if memory was lost, if the allocator does not agree with itself, or if there was a race
 * that suppressions.txt does not know.
 */
#include "threads.h"

#include "host_machine.h"
#include "kernel/core/lock/lock.h"
#include "kernel/core/rand.h"
#include "mm/alloc/highatomic.h"
#include "mm/alloc/pcp.h"
#include "mm/reclaim/shrinker.h"
#include "mm/show/validate.h"
#include "mm/page/vmstat.h"
#include "request.h"

#define CPUS  4
#define SLOTS 1024
#define PHASE 2000 /* steps of growing, then of shrinking */

static struct memory *m;
static unsigned long steps; /* of each CPU */
static uintptr_t seed;
static bool kills; /* requests may end in the OOM killer */
static unsigned int races;

struct slot {
	struct page *page;
	unsigned int order;
};
static __thread struct slot slots[SLOTS];

/* Each report that is not suppressed. */
void __tsan_on_report(void *report);
void __tsan_on_report(void *report)
{
	(void)report;
	__atomic_add_fetch(&races, 1, __ATOMIC_RELAXED);
}

/* READ_ONCE() and jiffies are taken at their word: whoever wrote that knew of the race. */
#define VOLATILE(what, size)                                                                       \
	void __tsan_volatile_##what##size(void *at);                                               \
	void __tsan_volatile_##what##size(void *at)                                                \
	{                                                                                          \
		(void)at;                                                                          \
	}
VOLATILE(read, 1)
VOLATILE(read, 2)
VOLATILE(read, 4)
VOLATILE(read, 8)
VOLATILE(write, 1)
VOLATILE(write, 2)
VOLATILE(write, 4)
VOLATILE(write, 8)

/* What is in a page while it is held: two holders of one page are a race, or a wrong stamp. */
static unsigned long *stamp_of(const struct page *page)
{
	return page_address(m, page);
}

static void put_back(struct slot *s)
{
	if (*stamp_of(s->page) != (uintptr_t)s || s->page->private != (uintptr_t)s)
		panic("pfn %lu is held twice", page_to_pfn(m, s->page));
	zone_stat_add(page_zone(m, s->page), NR_BOUNCE, -1);
	free_pages(m, s->page, s->order);
	s->page = NULL;
}

static void put_all_back(void)
{
	for (unsigned int i = 0; i < SLOTS; i++)
		if (slots[i].page)
			put_back(&slots[i]);
}

static void get(struct rand *r, struct slot *s)
{
	static const gfp_t masks[] = {GFP_NOWAIT, GFP_ATOMIC, GFP_ATOMIC,
		GFP_NOWAIT | __GFP_MOVABLE | __GFP_HIGHMEM, GFP_NOWAIT | __GFP_RECLAIMABLE,
		GFP_NOWAIT | GFP_DMA, GFP_KERNEL | __GFP_NORETRY,
		GFP_HIGHUSER_MOVABLE | __GFP_NORETRY, GFP_NOWAIT | __GFP_NOFAIL,
		GFP_KERNEL | __GFP_ATOMIC | __GFP_NORETRY};
	static const gfp_t waiting[] = {GFP_KERNEL, GFP_HIGHUSER_MOVABLE};
	gfp_t gfp = masks[rand_below(r, ARRAY_SIZE(masks))];
	struct page *page;

	if (kills && rand_below(r, 2))
		gfp = waiting[rand_below(r, ARRAY_SIZE(waiting))];
	s->order = rand_below(r, 3) ? 0 : rand_below(r, rand_below(r, 16) ? 4 : MAX_ORDER + 1);
	if (gfp & __GFP_NOFAIL)
		s->order = 0;
	page = alloc_pages(m, gfp, s->order);
	if (!page)
		return;
	*stamp_of(page) = (uintptr_t)s;
	page->private = (uintptr_t)s;
	zone_stat_add(page_zone(m, page), NR_BOUNCE, 1); /* no lock, as in a fault */
	s->page = page;
}

static unsigned long has_one(struct shrinker *shrinker, const struct shrink_control *sc)
{
	(void)shrinker;
	(void)sc;
	return 1;
}

static unsigned long shrink(struct shrinker *shrinker, const struct shrink_control *sc)
{
	unsigned long freed = 0;

	(void)shrinker;
	(void)sc;
	for (unsigned int i = 0; i < SLOTS && freed == 0; i++) {
		if (!slots[i].page)
			continue;
		freed = 1ul << slots[i].order;
		put_back(&slots[i]);
	}
	shrinker_stole(m, freed);
	return freed;
}

/* What 4.8 does rarely, and by itself. */
static void do_rare(struct rand *r, struct slot *s)
{
	struct alloc_context ac = request(m, GFP_HIGHUSER_MOVABLE, 0);

	switch (rand_below(r, 6)) {
	case 0:
		pcp_drain_all(m);
		break;
	case 1:
		pcp_drain_local(m);
		break;
	case 2:
		vmstat_fold_all(m);
		break;
	case 3:
		if (s->page)
			reserve_highatomic_pageblock(page_zone(m, s->page), s->page);
		break;
	case 4:
		unreserve_highatomic_pageblock(&ac, rand_below(r, 2));
		break;
	case 5:
		if (mm_validate(m))
			panic("mm_validate: %s", mm_validate(m));
		break;
	}
}

static void random_work(void *seed)
{
	struct rand r;

	rand_seed(&r, (uintptr_t)seed * MAX_CPUS + this_cpu_id());
	for (unsigned long step = 0; step < steps; step++) {
		struct slot *s = &slots[rand_below(&r, SLOTS)];

		if (rand_below(&r, 100) == 0)
			do_rare(&r, s);
		else if (!s->page)
			get(&r, s);
		else if (step / PHASE % 2 || rand_below(&r, 4) == 0)
			put_back(s);
		if (fatal_signal_pending(current)) {
			put_all_back();
			task_dies(m);
		}
	}
	put_all_back();
	task_leaves(m);
}

static struct memory *machine_of(uint64_t mib, unsigned int patches)
{
	struct machine_spec spec = {.pageblock_order = 9,
		.patches = patches,
		.range = {{0, 0x9fc00, 1}, {MIB(1), MIB(mib), 1}}};

	nr_cpus = CPUS;
	return machine_new(&spec);
}

static const char *run(uint64_t mib, unsigned int patches)
{
	struct shrinker shrinker = {
		.name = "slots", .count = has_one, .scan = shrink, .seeks = DEFAULT_SEEKS};
	const char *wrong;
	long before;

	m = machine_of(mib, patches);
	if (!kills)
		register_shrinker(m, &shrinker);
	before = all_free(m);
	tasks_start(CPUS, kills ? 1000 : 0);
	run_on_threads(CPUS, random_work, (void *)seed++);
	pcp_drain_all(m);
	wrong = mm_validate(m);
	if (!wrong && all_free(m) != before)
		wrong = "pages are lost";
	if (!wrong && mm_event_sum(m, PGALLOC) != m->event[PGFREE])
		wrong = "what was handed out is not what came back";
	if (!wrong && memory_stat_exact(m, NR_BOUNCE))
		wrong = "a counter has lost changes";
	return wrong;
}

static int report(unsigned int number, const char *name, const char *wrong)
{
	unsigned int found = __atomic_exchange_n(&races, 0, __ATOMIC_RELAXED);

	if (wrong)
		printf("# %s\n", wrong);
	if (found)
		printf("# races: %u\n", found);
	printf("# requests failed: %lu, direct reclaims: %lu, blocks reserved: %lu, OOM kills: "
	       "%lu\n",
		m->event[ALLOC_FAILURES], mm_event_sum(m, ALLOCSTALL),
		m->event[HIGHATOMIC_RESERVED_BLOCKS], m->event[OOM_KILLS]);
	printf("%s %u - %s\n", wrong || found ? "not ok" : "ok", number, name);
	machines_destroy();
	return wrong || found;
}

static unsigned long number(const char *name, unsigned long otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoul(text, NULL, 0) : otherwise;
}

int main(void)
{
	int failed = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	cpus_reset();
	seed = number("HOST_SEED", 1);
	steps = 12000 * number("HOST_TIMES", 1); /* three times grown, three times shrunk */
	failed += report(1, "threads: 4 CPUs with room for all", run(200, 0));
	failed += report(2, "threads: 4 CPUs at the watermarks", run(24, 0));
	failed += report(3, "threads: the same with every patch", run(24, ~0u));
	kills = true;
	steps /= 4;
	failed += report(4, "threads: 4 CPUs and the OOM killer", run(20, 0));
	m = machine_of(64, 0);
	failed += report(
		5, "threads: 3 CPUs that fault, and one that reaps", run_space(m, steps, seed));
	m = machine_of(64, 0);
	failed += report(6, "threads: 4 CPUs that give back what another one took from slabs",
		run_slab(m, steps, seed));
	m = machine_of(24, 0);
	failed += report(7, "threads: 3 CPUs that submit requests, and one that completes them",
		run_disk(steps, seed));
	m = machine_of(64, 0);
	failed += report(8, "threads: 3 CPUs that use a file, and one that reads and reclaims it",
		run_files(m, steps / 2, seed));
	printf("1..8\n");
	return failed ? 1 : 0;
}
