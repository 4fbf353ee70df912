/*
 * The state around a test: set up before it, checked and thrown away after it.
 */
#include "twin.h"

#include "apps.h"
#include "host_machine.h"
#include "mm/page/patch.h"

struct twin twin;

static struct mm_tunables tunables_before;
static unsigned int patches_before;

/* pid 1, which is never killed, and a kernel task that runs the test. */
static void first_tasks(void)
{
	struct task *self;

	task_new("init", 1, NULL);
	self = task_new("test", 2, NULL);
	self->flags = PF_KTHREAD;
	become(self);
}

int twin_setup(void **state)
{
	(void)state;
	memset(&twin, 0, sizeof(twin));
	stop_reset();
	console_clear();
	cpus_reset();
	locks_let_go();
	tasks_reset();
	apps_reset();
	first_tasks();
	tunables_before = mm_tunables;
	patches_before = patches_chosen;
	return 0;
}

int twin_teardown(void **state)
{
	(void)state;
	locks_let_go();
	tasks_reset();
	locks_forget();
	machines_destroy();
	mm_tunables = tunables_before;
	patches_chosen = patches_before;
	return 0;
}
