/*
 * The OOM killer's header and task table (§10.2, §10.4).
 */
#include "kernel/core/ksyms.h"
#include "kernel/core/param.h"
#include "kernel/core/printk.h"
#include "mm/mm.h"
#include "mm/oom.h"
#include "mm/show_mem.h"
#include "mm/verdict.h"

#define VERDICT_JSON 1024

PARAM_INT("oom_dump_tasks", mm_tunables.oom_dump_tasks, 0, 1, "print the task table on a kill");

static void dump_tasks(void)
{
	const struct task *t;

	pr_info("[ pid ]   uid  tgid total_vm      rss nr_ptes nr_pmds swapents oom_score_adj "
		"name");
	for_each_task(t) {
		const struct mm *mm = t->mm;

		if (oom_unkillable_task(t) || !mm)
			continue;
		pr_info("[%5d] %5d %5d %8lu %8lu %7ld %7ld %8lu         %5hd %s", t->pid, 0, t->pid,
			mm->total_vm, mm->anon_rss + mm->file_rss, mm->nr_ptes, mm->nr_pmds,
			mm->swapents, t->oom_score_adj, t->comm);
	}
}

noinline void dump_header(const struct oom_control *oc)
{
	unsigned long flags = output_lock();
	char text[GFP_TEXT_LEN], verdict[VERDICT_JSON];

	pr_warn("%s invoked oom-killer: gfp_mask=0x%x(%s), order=%d, oom_score_adj=%hd",
		current->comm, oc->gfp, gfp_text(oc->gfp, text, sizeof(text)), (int)oc->order,
		current->oom_score_adj);
	pr_info("%s cpuset=/ mems_allowed=0", current->comm);
	dump_stack();
	show_mem(oc->memory);
	if (oc->memory->tunables.oom_dump_tasks)
		dump_tasks();
	print_verdict(oc->memory, oc->gfp, oc->order);
	report_event(oc->memory, "oom",
		verdict_json(oc->memory, oc->gfp, oc->order, verdict, sizeof(verdict)));
	output_unlock(flags);
}
