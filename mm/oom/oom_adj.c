/*
 * oom_score_adj, as /proc/PID/oom_score_adj sets it (see oom.h).
 */
#include "kernel/core/log/printk.h"
#include "kernel/core/param.h"
#include "mm/oom/oom.h"
#include "mm/space/mm.h"

PARAM_INT("shared_oom_adj", mm_tunables.shared_oom_adj, 0, 1,
	"1, as from Linux 4.8: oom_score_adj is set for all processes that share the memory; 0, as "
	"until 4.7: for one");

/* Those that are never killed keep theirs: it says nothing but what their children begin with. */
static bool shares(const struct task *p, const struct task *user)
{
	const struct task *other = thread_with_mm(p->process);

	return other && other->mm == user->mm && p->process != user->process &&
		!oom_unkillable_task(p);
}

static void set_sharer(struct task *p, const struct task *t, short adj)
{
	pr_info("updating oom_score_adj for %d (%s) from %hd to %hd because it shares mm with %d "
		"(%s). Report if this is unexpected.",
		p->pid, p->comm, p->process->oom_score_adj, adj, t->pid, t->comm);
	p->process->oom_score_adj = adj;
}

void oom_set_score_adj(const struct memory *m, struct task *t, short adj)
{
	const struct task *user = thread_with_mm(t->process);
	struct task *p;

	t->process->oom_score_adj = adj;
	if (!user || !m->tunables.shared_oom_adj)
		return;
	for_each_process(p)
		if (shares(p, user))
			set_sharer(p, t->process->leader, adj);
}
