/*
 * The OOM killer's header and task table (§10.2, §10.4).
 */
#include <string.h>

#include "kernel/core/log/ksyms.h"
#include "kernel/core/param.h"
#include "kernel/core/log/printk.h"
#include "mm/space/mm.h"
#include "mm/oom/oom.h"
#include "mm/show/show_mem.h"
#include "mm/show/verdict.h"

PARAM_INT("oom_dump_tasks", mm_tunables.oom_dump_tasks, 0, 1, "print the task table on a kill");

static void fill_row(struct oom_row *row, const struct task *t, const struct mm *mm)
{
	*row = (struct oom_row){.pid = t->pid,
		.tgid = t->process->leader->pid,
		.adj = t->process->oom_score_adj,
		.total_vm = mm->total_vm,
		.rss = mm_rss(mm),
		.swapents = mm_counter(&mm->swapents),
		.nr_ptes = mm->nr_ptes,
		.nr_pmds = mm->nr_pmds};
	memcpy(row->comm, t->comm, sizeof(row->comm));
}

/* By process number, which is the list's order but for two that entered it at once. */
static unsigned int add_row(struct oom_row rows[OOM_ROWS], unsigned int n, const struct task *t)
{
	unsigned int i = n;

	for (; i && rows[i - 1].tgid > t->process->leader->pid; i--)
		if (i < OOM_ROWS)
			rows[i] = rows[i - 1];
	if (i < OOM_ROWS)
		fill_row(&rows[i], t, t->mm);
	return MIN(n + 1, (unsigned int)OOM_ROWS);
}

/*
 * The next rows, of the processes beyond number `last`. Not with the output's lock: who holds the
 * task list may wait for that.
 */
static unsigned int read_tasks(struct oom_row rows[OOM_ROWS], int last)
{
	unsigned long flags = tasks_lock();
	const struct task *t;
	unsigned int n = 0;

	for_each_process(t) {
		const struct task *user = thread_with_mm(t->process);

		if (t->pid > last && !oom_unkillable_task(t) && user)
			n = add_row(rows, n, user);
	}
	tasks_unlock(flags);
	return n;
}

static void print_rows(const struct oom_row *r, unsigned int n)
{
	for (; n; n--, r++)
		pr_info("[%5d] %5d %5d %8lu %8lu %7ld %7ld %8lu         %5hd %s", r->pid, 0,
			r->tgid, r->total_vm, r->rss, r->nr_ptes, r->nr_pmds, r->swapents, r->adj,
			r->comm);
}

/* The first `n` have been read; what does not fit is read when there is room. Returns the lock's flags. */
static unsigned long print_table(struct oom_row rows[OOM_ROWS], unsigned int n, unsigned long flags)
{
	pr_info("[ pid ]   uid  tgid total_vm      rss nr_ptes nr_pmds swapents oom_score_adj "
		"name");
	print_rows(rows, n);
	while (n == OOM_ROWS) {
		output_unlock(flags);
		n = read_tasks(rows, rows[n - 1].tgid);
		flags = output_lock();
		print_rows(rows, n);
	}
	return flags;
}

noinline void dump_header(const struct oom_control *oc)
{
	struct oom_row *rows = oc->memory->oom_rows;
	unsigned int nr_rows = read_tasks(rows, 0);
	unsigned long flags = output_lock();
	char text[GFP_TEXT_LEN];

	pr_warn("%s invoked oom-killer: gfp_mask=0x%x(%s), order=%d, oom_score_adj=%hd",
		current->comm, oc->gfp, gfp_text(oc->gfp, text, sizeof(text)), oc->order,
		current->process->oom_score_adj);
	pr_info("%s cpuset=/ mems_allowed=0", current->comm);
	dump_stack();
	show_mem(oc->memory);
	if (oc->memory->tunables.oom_dump_tasks)
		flags = print_table(rows, nr_rows, flags);
	report_verdict(oc->memory, "oom", oc->gfp, oc->order);
	output_unlock(flags);
	memory_notice(oc->memory, "oom");
}
