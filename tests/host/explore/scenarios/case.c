/*
 * What scenarios have in common (see case.h).
 */
#include <stdio.h>
#include <stdlib.h>

#include "case.h"

#include "host_machine.h"
#include "kernel/core/sched/process.h"
#include "kernel/core/sched/work.h"
#include "kernel/core/time/time.h"
#include "mm/alloc/pcp.h"
#include "mm/lru/pagevec.h"
#include "mm/oom/oom.h"
#include "mm/oom/oom_reaper.h"
#include "mm/page/vmstat.h"
#include "mm/show/validate.h"

struct memory *m;
struct zone *z;
const struct scenario *this_scenario;
static long free_before;

const char *wrong(const char *fmt, ...)
{
	static char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return text;
}

void case_machine(unsigned int order)
{
	m = machine_with(order, this_scenario->patches);
	z = dma32(m);
	m->oom_ratelimit = m->failure_ratelimit =
		(struct ratelimit){.begin = jiffies, .printed = ~0u, .started = true};
	hooks_ignore(m->event, sizeof(m->event));
}

void case_empty(int high)
{
	struct zone *each;

	pcp_drain_all(m);
	vmstat_fold_all(m);
	memory_empty(m);
	memory_no_marks(m);
	for_each_populated_zone(m, each) {
		each->stat_threshold = 0;
		for (int cpu = 0; cpu < MAX_CPUS; cpu++) {
			each->pcp[cpu].batch = 1;
			each->pcp[cpu].high = high;
		}
	}
}

void case_put(unsigned long pfn, unsigned int order, int type)
{
	zone_put(z, pfn, order, type);
	vmstat_fold_local(m);
}

void case_as_cpu(unsigned int cpu)
{
	here.cpu = &cpus[cpu];
	here.cpu_id = cpu;
}

static void *there(void *got)
{
	if (got)
		return got;
	fprintf(stderr, "explore: %s: no memory in the set-up\n", this_scenario->name);
	exit(2);
}

struct page *case_take(gfp_t gfp, unsigned int order)
{
	return there(alloc_pages(m, gfp, order));
}

void case_ready(void)
{
	free_before = all_free(m);
	hooks_watch_pages(m);
}

const char *case_valid(void)
{
	return mm_validate(m);
}

const char *case_whole(void)
{
	const char *err = case_valid();

	if (!err && all_free(m) != free_before)
		err = wrong("%ld pages are free, %ld were", all_free(m), free_before);
	if (!err && m->page_waiters)
		err = wrong("%ld are said to wait for pages", m->page_waiters);
	return err;
}

static const char *counters_left(void)
{
	static const enum zone_stat item[] = {
		NR_ZONE_ACTIVE_ANON, NR_ZONE_UNEVICTABLE, NR_MLOCK, NR_PAGETABLE};

	for (unsigned int i = 0; i < ARRAY_SIZE(item); i++)
		if (memory_stat_exact(m, item[i]))
			return wrong("%s is %ld in the end", zone_stat_name[item[i]],
				memory_stat_exact(m, item[i]));
	if (m->nr_mms)
		return wrong("%ld address spaces are left", m->nr_mms);
	return node_stat_exact(m, NR_SHMEM) ?
		wrong("nr_shmem is %ld in the end", node_stat_exact(m, NR_SHMEM)) :
		NULL;
}

const char *case_gone(struct mm *mm, unsigned int pins)
{
	const char *err;

	while (work_do_one())
		;
	if (mm->users.n)
		mm_put_user(mm);
	while (pins--)
		mm_drop(mm);
	err = counters_left();
	return err ? err : case_whole();
}

struct mm *case_mm(unsigned int pages, unsigned int flags)
{
	struct mm *mm = there(mm_create(m));

	mm_map_fixed(mm, APP_BASE, pages * (uint64_t)PAGE_SIZE, VM_WRITE | flags, NULL, 0);
	for (unsigned int i = 0; i < pages; i++)
		there(mm_fault(mm, AT(i), FAULT_WRITE) == FAULT_OK ? mm : NULL);
	lru_add_drain(m); /* its pages have long been on their lists: nobody else has a reference */
	return mm;
}

struct task *case_task(unsigned int cpu, const char *comm, int pid, struct mm *mm)
{
	struct task *t = task_new(comm, pid, mm);

	task_on_cpu(t, cpu);
	if (mm)
		cpus[cpu].cr3 = mm->pgd;
	return t;
}

struct task *case_kthread(unsigned int cpu, const char *comm, int pid)
{
	struct task *t = case_task(cpu, comm, pid, NULL);

	t->flags = PF_KTHREAD;
	hooks_ignore(&t->flags, sizeof(t->flags)); /* others ask of it only what never changes */
	return t;
}

struct task *case_thread(unsigned int cpu, struct task *leader, const char *comm, int pid)
{
	struct task *t = case_task(cpu, comm, pid, leader->mm);
	unsigned long flags = tasks_lock();

	refcount_get(&t->mm->users);
	task_join_process(t, leader->process);
	process_enter(t, NULL);
	tasks_unlock(flags);
	return t;
}

static struct task *reaper_task;

static struct task *give_reaper(const char *name, void (*fn)(void *), void *arg)
{
	(void)name, (void)fn, (void)arg;
	return reaper_task;
}

void case_reaper_on(unsigned int cpu)
{
	reaper_task = case_kthread(cpu, "oom_reaper", 50);
	oom_reaper_start(m, give_reaper);
}

void case_reaper(void *unused)
{
	(void)unused;
	if (m->patches & PATCH_OOM_REAPER_SKIP)
		oom_reaper_queue(m);
	else
		oom_reaper(m);
}

void case_exit(void)
{
	unsigned long flags;

	current->flags |= PF_EXITING;
	exit_mm(m);
	flags = tasks_lock();
	current->process->live--;
	tasks_unlock(flags);
}

void case_kill_and_mark(struct task *t)
{
	unsigned long flags = tasks_lock();

	task_kill(t);
	mark_oom_victim(m, t);
	tasks_unlock(flags);
}
