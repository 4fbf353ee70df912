/*
 * One address space on several CPUs: all but one fault in it, in a part of it on shared memory, and the OOM
 * reaper's part is played by that one (see threads.h). Nobody waits: all of them only read what is mapped.
 */
#include "threads.h"

#include "host_machine.h"
#include "kernel/core/rand.h"
#include "mm/index/index_node.h"
#include "mm/oom/oom_reaper.h"
#include "mm/slab/slab.h"
#include "mm/space/pgtable.h"
#include "mm/show/validate.h"
#include "mm/page/vmstat.h"

#define CPUS   4
#define PAGES  2048
#define SHARED 128 /* more, behind them */
#define AT(i)  (APP_BASE + (i)*PAGE_SIZE)

static struct memory *m;
static struct mm *mm;
static unsigned long steps;
static unsigned int faulting;

static void fault(struct rand *r)
{
	enum fault_result result =
		mm_fault(mm, AT(rand_below(r, PAGES + SHARED)), rand_below(r, 2) ? FAULT_WRITE : 0);

	if (result != FAULT_OK)
		panic("a fault is answered with %d", result);
}

static void reap(void)
{
	if (!down_read_trylock(&mm->mmap_sem))
		return;
	oom_reap_address_space(mm);
	up_read(&mm->mmap_sem);
	let_others_run();
}

static void fault_or_reap(void *seed)
{
	struct rand r;

	rand_seed(&r, (uintptr_t)seed * MAX_CPUS + this_cpu_id());
	if (this_cpu_id() == 0) {
		while (__atomic_load_n(&faulting, __ATOMIC_RELAXED))
			reap();
		return;
	}
	for (unsigned long step = 0; step < steps; step++)
		fault(&r);
	lru_add_drain(m); /* nobody can ask this CPU for it later */
	__atomic_sub_fetch(&faulting, 1, __ATOMIC_RELAXED);
}

static void give_back(struct memory *memory, struct index_node **list)
{
	struct index_node *node;

	while ((node = *list)) {
		*list = node->parent;
		node->parent = NULL;
		kmem_cache_free(&memory->index.nodes, node);
	}
}

/* What index_release_all() does. */
void empty_pools(struct memory *memory)
{
	for (unsigned int id = 0; id < CPUS; id++) {
		give_back(memory, &memory->index.cpu[id].pool);
		give_back(memory, &memory->index.cpu[id].waiting);
		give_back(memory, &memory->index.cpu[id].later);
		memory->index.cpu[id].pooled = 0;
	}
}

static const char *look_at_counters(void)
{
	if (mm_validate(m))
		return mm_validate(m);
	if (node_stat_exact(m, NR_ACTIVE_ANON) || node_stat_exact(m, NR_ANON_MAPPED) ||
		memory_stat_exact(m, NR_ZONE_ACTIVE_ANON) || memory_stat_exact(m, NR_PAGETABLE))
		return "a counter has lost changes";
	return m->nr_mms ? "the address space is left" : NULL;
}

const char *run_space(struct memory *memory, unsigned long nr_steps, uintptr_t seed)
{
	long before = all_free(memory);
	const char *wrong;

	m = memory;
	steps = nr_steps;
	faulting = CPUS - 1;
	mm = mm_create(m);
	mm_map_fixed(mm, AT(0), PAGES * PAGE_SIZE, VM_WRITE, NULL, 0);
	mm_map_fixed(mm, AT(PAGES), SHARED * PAGE_SIZE, VM_WRITE | VM_SHARED, NULL, 0);
	tasks_start(CPUS, 0);
	run_on_threads(CPUS, fault_or_reap, (void *)seed);
	mm_put_user(mm);
	empty_pools(m);
	wrong = look_at_counters();
	if (!wrong && all_free(m) != before)
		wrong = "pages are lost";
	return wrong;
}
