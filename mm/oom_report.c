/*
 * The OOM killer's header and task table (§10.2, §10.4).
 */
#include <string.h>

#include "kernel/core/ksyms.h"
#include "kernel/core/param.h"
#include "kernel/core/printk.h"
#include "mm/mm.h"
#include "mm/oom.h"
#include "mm/show_mem.h"
#include "mm/verdict.h"

#define VERDICT_JSON 1024

PARAM_INT("oom_dump_tasks", mm_tunables.oom_dump_tasks, 0, 1, "print the task table on a kill");

struct row {
	int pid, tgid;
	char comm[TASK_COMM_LEN];
	short adj;
	unsigned long total_vm, rss, swapents;
	long nr_ptes, nr_pmds;
};

static void fill_row(struct row *row, const struct task *t, const struct mm *mm)
{
	*row = (struct row){.pid = t->pid,
		.tgid = t->process->leader->pid,
		.adj = t->process->oom_score_adj,
		.total_vm = mm->total_vm,
		.rss = mm->anon_rss + mm->file_rss + mm->shmem_rss,
		.swapents = mm->swapents,
		.nr_ptes = mm->nr_ptes,
		.nr_pmds = mm->nr_pmds};
	memcpy(row->comm, t->comm, sizeof(row->comm));
}

/* The first process after the one at list position `n`; false when there is none. */
static bool next_row(struct row *row, unsigned int *n)
{
	unsigned long flags = tasks_lock();
	unsigned int at = 0;
	const struct task *t;
	bool found = false;

	for_each_process(t) {
		const struct task *user = thread_with_mm(t->process);

		if (at++ < *n || found || oom_unkillable_task(t) || !user)
			continue;
		fill_row(row, user, user->mm);
		*n = at;
		found = true;
	}
	tasks_unlock(flags);
	return found;
}

/* The list is locked for a row at a time: tasks come and go while this prints. */
static void dump_tasks(void)
{
	unsigned int n = 0;
	struct row r;

	pr_info("[ pid ]   uid  tgid total_vm      rss nr_ptes nr_pmds swapents oom_score_adj "
		"name");
	while (next_row(&r, &n))
		pr_info("[%5d] %5d %5d %8lu %8lu %7ld %7ld %8lu         %5hd %s", r.pid, 0, r.tgid,
			r.total_vm, r.rss, r.nr_ptes, r.nr_pmds, r.swapents, r.adj, r.comm);
}

noinline void dump_header(const struct oom_control *oc)
{
	unsigned long flags = output_lock();
	char text[GFP_TEXT_LEN], verdict[VERDICT_JSON];

	pr_warn("%s invoked oom-killer: gfp_mask=0x%x(%s), order=%d, oom_score_adj=%hd",
		current->comm, oc->gfp, gfp_text(oc->gfp, text, sizeof(text)), oc->order,
		current->process->oom_score_adj);
	pr_info("%s cpuset=/ mems_allowed=0", current->comm);
	dump_stack();
	show_mem(oc->memory);
	if (oc->memory->tunables.oom_dump_tasks)
		dump_tasks();
	print_verdict(oc->memory, oc->gfp, MAX(oc->order, 0));
	report_event(oc->memory, "oom",
		verdict_json(oc->memory, oc->gfp, MAX(oc->order, 0), verdict, sizeof(verdict)));
	output_unlock(flags);
}
