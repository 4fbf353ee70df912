/*
 * One file on several CPUs: all but one fault on it, read it, and drop and reclaim its pages; that
 * one is its disk, which ends reads late and now and then badly, and kswapd (see threads.h). Nobody
 * maps or unmaps meanwhile: who would wait for that has no way to sleep here.
 */
#include <errno.h>

#include "threads.h"

#include "host_machine.h"
#include "kernel/core/rand.h"
#include "mm/cache/file.h"
#include "mm/index/index_node.h"
#include "mm/page/vmstat.h"
#include "mm/reclaim/scan.h"
#include "mm/show/validate.h"
#include "mm/space/pgtable.h"

#define CPUS      4
#define PAGES     600ul
#define LAST_WORD (PAGE_SIZE / sizeof(uint64_t) - 1)
#define AT(i)     (APP_BASE + (i)*PAGE_SIZE)
#define BAD       64 /* of so many reads one ends badly */

static struct memory *m;
static struct mm *mm;
static struct address_space as;
static struct file *file;
static unsigned long steps, users;
static unsigned long served, reclaimed, dropped;

static struct spinlock disk_lock;
static struct page *reading[PAGES];
static unsigned int nr_reading;

static uint64_t word_of(unsigned long index)
{
	return index << 12 | 0xf11e;
}

static void readpages(struct address_space *of, struct page **pages, unsigned int n)
{
	unsigned long flags = spin_lock_irqsave(&disk_lock);

	for (unsigned int i = 0; i < n; i++) {
		if (pages[i]->mapping != of || nr_reading == PAGES)
			panic("page %lu is to be read", pages[i]->index);
		reading[nr_reading++] = pages[i];
	}
	spin_unlock_irqrestore(&disk_lock, flags);
}

static const struct address_space_ops ops = {.readpages = readpages};

static struct page *some_read(struct rand *r)
{
	unsigned long flags = spin_lock_irqsave(&disk_lock);
	struct page *page = NULL;

	if (nr_reading) {
		unsigned int i = rand_below(r, nr_reading);

		page = reading[i];
		reading[i] = reading[--nr_reading];
	}
	spin_unlock_irqrestore(&disk_lock, flags);
	return page;
}

static void end_reads(struct rand *r, unsigned int n)
{
	struct page *page;

	while (n-- && (page = some_read(r))) {
		uint64_t *data = page_address(m, page);
		bool fails = rand_below(r, BAD) == 0;

		data[0] = data[LAST_WORD] = fails ? 0 : word_of(page->index);
		mapping_read_end(&as, page, fails ? -EIO : 0);
	}
}

static void shrink(struct rand *r)
{
	struct scan_control sc = {
		.memory = m, .gfp = GFP_KERNEL, .highest = ZONE_NORMAL, .nr_to_reclaim = 32};
	unsigned int before = current->flags;
	unsigned long n;

	current->flags |= PF_MEMALLOC;
	if (rand_below(r, 2))
		shrink_active_list(&sc, SWAP_CLUSTER_MAX, LRU_FILE);
	n = shrink_inactive_list(&sc, SWAP_CLUSTER_MAX, LRU_FILE);
	current->flags = before;
	__atomic_add_fetch(&reclaimed, n, __ATOMIC_RELAXED);
}

/* As an instruction: who unmaps the page asks all CPUs before it is freed. */
static void look(unsigned long index)
{
	unsigned long flags = irq_save();
	uint64_t *pte = pte_find(mm, AT(index)), entry;

	/* What leads the processor there is ordered before what is there. */
	entry = pte ? __atomic_load_n(pte, __ATOMIC_ACQUIRE) : 0;
	if (entry) {
		const uint64_t *data = page_address(m, entry_page(m, entry));

		if (data[0] != word_of(index) || data[LAST_WORD] != word_of(index))
			panic("page %lu: another one is mapped", index);
		__atomic_add_fetch(&served, 1, __ATOMIC_RELAXED);
	}
	irq_restore(flags);
}

static void fault(unsigned long index)
{
	enum fault_result result = mm_fault(mm, AT(index), 0);

	if (result != FAULT_OK && result != FAULT_SIGBUS)
		panic("a fault is answered with %d", result);
	look(index);
}

static void read_some(unsigned long index)
{
	uint64_t data[2 * (LAST_WORD + 1)];
	long n = file_read(file, index * PAGE_SIZE, data, sizeof(data));

	if (n < 0 && n != -EIO)
		panic("a read is answered with %ld", n);
	for (long i = 0; i < n / (long)PAGE_SIZE; i++, index++)
		if (data[i * (LAST_WORD + 1)] != word_of(index) ||
			data[i * (LAST_WORD + 1) + LAST_WORD] != word_of(index))
			panic("page %lu is read wrong", index);
}

static void do_one(struct rand *r)
{
	unsigned long index = rand_below(r, PAGES);

	switch (rand_below(r, 64)) {
	case 0:
		__atomic_add_fetch(&dropped, invalidate_mapping_pages(&as), __ATOMIC_RELAXED);
		break;
	case 1 ... 4:
		shrink(r);
		break;
	case 5 ... 20:
		read_some(index);
		break;
	default:
		fault(index);
	}
}

/* A tick, as far as trees know of it. */
static void end_grace(void)
{
	unsigned long flags = irq_save();

	index_grace_end(m);
	irq_restore(flags);
}

static void use_file(struct rand *r)
{
	for (unsigned long step = 0; step < steps; step++) {
		do_one(r);
		if (step % 64 == 0)
			end_grace();
	}
	__atomic_sub_fetch(&users, 1, __ATOMIC_ACQ_REL);
}

static void be_disk_and_kswapd(struct rand *r)
{
	while (__atomic_load_n(&users, __ATOMIC_ACQUIRE)) {
		end_reads(r, 8);
		if (rand_below(r, 64) == 0)
			shrink(r);
		let_others_run();
	}
	end_reads(r, PAGES);
}

static void use_or_serve(void *seed)
{
	struct rand r;

	rand_seed(&r, (uintptr_t)seed * MAX_CPUS + this_cpu_id());
	if (this_cpu_id())
		use_file(&r);
	else
		be_disk_and_kswapd(&r);
	lru_add_drain(m); /* nobody can ask this CPU for it later */
}

static void begin(struct memory *memory, unsigned long nr_steps)
{
	m = memory;
	steps = nr_steps;
	users = CPUS - 1;
	nr_reading = served = reclaimed = dropped = 0;
	spin_lock_init(&disk_lock, "disk");
	mapping_init(&as, m, PAGES * PAGE_SIZE, &ops, NULL);
	file = file_open(&as);
	mm = mm_create(m);
	mm_map_file(mm, AT(0), PAGES * PAGE_SIZE, 0, file, 0);
	tasks_start(CPUS, 0);
	tlb_cpus = (1u << CPUS) - 1;
}

static const char *end(void)
{
	tlb_cpus = 0;
	if (mm_validate(m))
		return mm_validate(m);
	mm_put_user(mm);
	file_put(file);
	mapping_destroy(&as);
	empty_pools(m);
	if (node_stat_exact(m, NR_FILE_PAGES) || node_stat_exact(m, NR_FILE_MAPPED) ||
		node_stat_exact(m, NR_ACTIVE_FILE) || node_stat_exact(m, NR_INACTIVE_FILE) ||
		node_stat_exact(m, NR_ISOLATED_FILE))
		return "a counter has lost changes";
	if (m->cache.nr_shadow_nodes || m->nr_mms)
		return "nodes of shadows, or an address space, are left";
	return mm_validate(m);
}

const char *run_files(struct memory *memory, unsigned long nr_steps, uintptr_t seed)
{
	long before = all_free(memory);
	const char *wrong;

	begin(memory, nr_steps);
	run_on_threads(CPUS, use_or_serve, (void *)seed);
	wrong = end();
	printf("# pages of a file seen: %lu, reclaimed: %lu, dropped: %lu, read again: %ld\n",
		served, reclaimed, dropped, node_stat_exact(m, WORKINGSET_REFAULT));
	if (!wrong && all_free(m) != before)
		wrong = "pages are lost";
	if (!wrong && (!served || !reclaimed || !dropped))
		wrong = "nothing has happened";
	return wrong;
}
