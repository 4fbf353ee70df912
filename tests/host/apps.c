/*
 * Tasks for the OOM killer's eyes (see apps.h).
 */
#include "twin.h"

#include "apps.h"

static struct mm mms[32];
static unsigned int nr_mms;

struct task *app_new(const char *comm, int pid, unsigned long rss, short adj)
{
	struct mm *mm = &mms[nr_mms++];
	struct task *t = task_new(comm, pid, mm);

	assert_true(nr_mms <= ARRAY_SIZE(mms));
	mm->anon_rss = rss;
	mm->total_vm = 2 * rss;
	t->oom_score_adj = adj;
	return t;
}

void apps_reset(void)
{
	memset(mms, 0, sizeof(mms));
	nr_mms = 0;
}
