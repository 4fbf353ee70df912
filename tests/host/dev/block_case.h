/*
 * Machines with disks, for the tests of kernel/dev/block: pages that lie one after another in memory, and
 * the world that goes on while a task sleeps.
 */
#ifndef HOST_BLOCK_CASE_H
#define HOST_BLOCK_CASE_H

#include "dev/stage.h"

#include "dev/fake_disk.h"
#include "host_machine.h"
#include "kernel/dev/block/blk_mq.h"
#include "mm/slab/slab.h"

#define POOL_ORDER 10
#define POOL_PAGES (1u << POOL_ORDER)

static struct memory *m;
static struct fake_disk disk[2];
static struct page *pool;
static struct task *worker_task;

/* A disk that a failed test has left is nobody's any more. */
static inline void forget_disks(void)
{
	struct disk *d;

	while ((d = disk_nth(0)))
		list_del(&d->node);
}

static inline void block_machine(unsigned int cpus)
{
	struct machine_spec spec = {.range = {{0, 0x9fc00, 1}, {MIB(1), MIB(48), 1}}};
	struct task *task = current;

	nr_cpus = cpus;
	m = machine_new(&spec);
	for (unsigned int id = cpus; id-- > 0;) {
		become_cpu(id);
		become(task);
	}
	tasks_boot(m);
	dev_stage_reset();
	forget_disks();
	plugs_init(m);
	worker_task = task_new("kworker/0:1H", 30001, NULL);
	worker_task->flags = PF_KTHREAD | PF_WQ_WORKER;
	pool = alloc_pages(m, GFP_KERNEL, POOL_ORDER);
	assert_non_null(pool);
}

static inline void add_disk(unsigned int i, unsigned int depth, unsigned int max_segments)
{
	const char *error = fake_disk_add(&disk[i], m, i ? "vdb" : "vda", depth, max_segments);

	if (error)
		fail_msg("%s", error);
}

/* This CPU's worker has its turn: false when nothing waits for it. */
static inline bool worker_runs_on(unsigned int cpu)
{
	struct task *before = become(worker_task);
	unsigned int cpu_before = this_cpu_id();
	bool did;

	become_cpu(cpu);
	did = process_one_work(cpu);
	become_cpu(cpu_before);
	become(before);
	return did;
}

static inline bool workers_run(void)
{
	bool did = false;

	for (unsigned int cpu = 0; cpu < nr_cpus; cpu++)
		did = worker_runs_on(cpu) || did;
	return did;
}

/* A bio of neighbouring pages of the pool; `step` 1: ascending in memory, -1: descending. */
static inline struct bio *pool_bio(unsigned int i, enum bio_op op, uint64_t sector,
	unsigned int first, unsigned int pages, int step)
{
	struct bio *bio = bio_alloc(GFP_KERNEL, pages);

	bio->disk = &disk[i].disk;
	bio->op = op;
	bio->sector = sector;
	for (unsigned int n = 0; n < pages; n++)
		assert_true(bio_add_page(bio, pool + first + (int)n * step, PAGE_SIZE, 0));
	return bio;
}

#endif
