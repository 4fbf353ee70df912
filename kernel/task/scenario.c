/*
 * Finding and running a scenario (see scenario.h).
 */
#include <string.h>

#include "kernel/core/log/event.h"
#include "kernel/core/machine.h"
#include "kernel/core/nearest.h"
#include "kernel/core/log/printk.h"
#include "kernel/core/sched/replay.h"
#include "kernel/core/sched/sched.h"
#include "kernel/core/time/time.h"
#include "kernel/core/guard/sysrq.h"
#include "kernel/core/sched/turn.h"
#include "kernel/core/sched/work.h"
#include "kernel/task/app.h"
#include "kernel/task/memory_samples.h"
#include "kernel/task/oom_samples.h"
#include "kernel/task/scenario.h"
#include "kernel/task/scenario_list.h"
#include "mm/oom/oom_reaper.h"
#include "mm/reclaim/kswapd.h"
#include "mm/oom/oom_watch.h"
#include "mm/page/patch.h"
#include "mm/page/rule.h"
#include "mm/alloc/pcp.h"
#include "mm/index/index_node.h"
#include "mm/show/validate.h"
#include "mm/show/vmstat_show.h"
#include "mm/slab/slab.h"
#include "mm/slab/slab_use.h"
#include "mm/lru/pagevec.h"
#include "mm/page/vmstat.h"

#define MAX_SCENARIOS 32

long workload_seed = 1;
PARAM_INT("seed", workload_seed, 0, 0x7fffffff, "seed of the workload");

static const char *wanted = "info";
static struct param_group groups[MAX_SCENARIOS];

static const struct scenario *find(const char *name)
{
	for_each_scenario(e)
		if (!strcmp((*e)->scenario->name, name))
			return (*e)->scenario;
	return NULL;
}

static const char *set_scenario(const char *text)
{
	static struct line names;
	struct nearest near;

	wanted = text;
	if (find(text) || !strcmp(text, "list"))
		return NULL;
	nearest_init(&near, text);
	for_each_scenario(e)
		nearest_offer(&near, (*e)->scenario->name);
	line_init(&names);
	if (near.name[0])
		line_add(&names, "%s, which is the nearest, or ", near.name);
	line_add(&names, "list");
	for_each_scenario(e)
		line_add(&names, ", %s", (*e)->scenario->name);
	return names.text;
}
PARAM_FN("scenario", set_scenario, "what to run; scenario=list names them");

void scenarios_register_knobs(void)
{
	unsigned int n = 0;

	for_each_scenario(e) {
		const struct scenario *s = (*e)->scenario;

		if (!s->nr_knobs || n == MAX_SCENARIOS)
			continue;
		groups[n] = (struct param_group){s->name, s->knobs, s->nr_knobs};
		param_add_group(&groups[n++]);
	}
}

/* The state that follows is not one of 4.8. */
static void announce_older_rules(const struct mm_tunables *t)
{
	for (unsigned int i = 0; i < nr_mm_rules; i++)
		if (mm_rule_is_older(t, &mm_rules[i]))
			pr_info("as in Linux %s: %s (%s=0)", mm_rules[i].last, mm_rules[i].older,
				mm_rules[i].param);
}

static void announce(const struct scenario *s)
{
	const char *older = mm_rules_last(&system_memory.tunables);
	struct line l;
	char list[256], count[24];
	long insns = instructions_since_boot();
	unsigned long ns = clock_ns();

	if (insns >= 0)
		pr_info("boot took %ld instructions", insns);
	pr_info("scenario %s: patch=%s seed=%ld sched=%ld cpus=%u", s->name,
		patches_chosen ? patch_list(patches_chosen, list, sizeof(list)) : "none",
		workload_seed, sched_seed, nr_cpus);
	announce_older_rules(&system_memory.tunables);
	line_init(&l);
	for (unsigned int i = 0, n = 0; i < nr_patches; i++)
		if (patches_chosen & patches[i].bit)
			line_add(&l, "%s\"%s\"", n++ ? "," : "", patches[i].name);
	event("{\"event\":\"start\",\"scenario\":\"%s\",\"patches\":[%s],\"seed\":%ld,\"sched\":%"
	      "ld,"
	      "\"rules\":\"%s\",\"insns\":%s,\"ns\":%lu}",
		s->name, l.text, workload_seed, sched_seed, older ? older : "4.8",
		event_count(insns, count, sizeof(count)), ns);
}

#ifdef LW_DEBUG
#define DEBUG_BUILD 1
#else
#define DEBUG_BUILD 0
#endif

static long show_vmstat;
PARAM_INT("vmstat", show_vmstat, 0, 1,
	"1: /proc/vmstat on the console at the end, the figures of result.json's counters");

static void tell_counter(const char *name, unsigned long value, void *unused)
{
	(void)unused;
	event_counter(name, value);
}

/* Also from a panic: a run that ended badly has counted, too. */
static void report_counters(void)
{
	const struct memory *m = &system_memory;

	vmstat_tell(m, tell_counter, NULL);
	for (int i = NR_VM_EVENTS; i < NR_MM_EVENTS; i++)
		event_counter(mm_event_name[i], mm_event(m, i));
	event_counter(COUNTER("pgalloc"), mm_event_sum(m, PGALLOC));
	event_counter(COUNTER("allocstall"), mm_event_sum(m, ALLOCSTALL));
	event_counter(COUNTER("debug_build"), DEBUG_BUILD);
	oom_watch_report(&system_memory);
	event_counter(COUNTER("forced_switches"), forced_switches());
	replay_report();
	sysrq_report();
	memory_samples_end();
	if (show_vmstat)
		print_vmstat(m);
}

/* Pages that are neither free nor on a per-CPU list; but tables that map a device's registers stay. */
static long pages_in_use(struct memory *m)
{
	lru_add_drain_all(m);
	pcp_drain_all(m);
	vmstat_fold_all(m);
	return m->totalram_pages - memory_stat(m, NR_FREE_PAGES) - m->kernel_tables;
}

/* What must be the same at a scenario's end as it was at its start. */
struct world {
	long pages_in_use, mms, tasks;
};

static struct world take_stock(struct memory *m)
{
	struct world w = {.mms = m->nr_mms};
	const struct task *t;
	unsigned long flags;

	index_release_all(m); /* what CPUs and slabs keep for the next one is in nobody's use */
	slab_shrink_all(m);
	w.pages_in_use = pages_in_use(m);
	flags = tasks_lock();
	for_each_task(t)
		w.tasks++;
	tasks_unlock(flags);
	return w;
}

/* Apps that the scenario's own app left running came to us when it ended ... */
static void kill_leftovers(void)
{
	unsigned long flags = tasks_lock();
	struct task *t;

	list_for_each_entry(t, &current->process->children, sibling) {
		if (!thread_with_mm(t->process) || t->process->group_exit)
			continue;
		pr_warn("app %s (pid %d) still runs at the end of the scenario: killed", t->comm,
			t->pid);
		task_kill(t);
	}
	tasks_unlock(flags);
}

/* ... and as each of them ends, so do those that it has left. */
static void collect_leftovers(void)
{
	int code;

	do
		kill_leftovers();
	while (app_wait(&code) > 0);
}

static long outside;
PARAM_INT("outside", outside, 0, 1,
	"1: a scenario also runs on machines for which its arms do not say that they hold");

/* The arm of this very set of patches, or NULL. */
static const struct scenario_arm *chosen_arm(const struct scenario *s)
{
	unsigned int set;

	for (unsigned int i = 0; i < s->nr_arms; i++)
		if (!patch_parse(s->arms[i].patch, &set) && set == patches_chosen)
			return &s->arms[i];
	return NULL;
}

static void need(
	const struct scenario *s, const struct range *r, unsigned long has, const char *what)
{
	if (r->max && (has < r->min || has > r->max))
		machine_refuse("machine: %lu %s; expected %u to %u, with which scenario=%s holds "
			       "(outside=1 runs it all the same)",
			has, what, r->min, r->max, s->name);
}

/* A knob that nothing reads would be an experiment that nobody ran. */
static void check_knobs(const struct scenario *s)
{
	const char *other = param_other_group(s->name);

	if (other)
		machine_refuse("bad parameter: %s.*; expected knobs of scenario=%s only, which is "
			       "what runs",
			other, s->name);
}

static void check_machine(const struct scenario *s)
{
	const struct scenario_arm *arm = chosen_arm(s);

	if (outside)
		return;
	need(s, arm && arm->mem.max ? &arm->mem : &s->mem, memory_mib(&system_memory),
		"MiB of memory");
	need(s, arm && arm->cpus.max ? &arm->cpus : &s->cpus, nr_cpus,
		nr_cpus == 1 ? "CPU" : "CPUs");
}

/* Linux goes on without it; but a run of that patch would be one of another. */
static void check_reaper(const struct memory *m)
{
	if (oom_reaper_is_missing(m))
		machine_refuse("machine: no memory for the task oom_reaper, which is the patch "
			       "(fail_oom_reaper_start=1 goes on without it)");
}

/* Its exit code: 0 or LW_NO_MEMORY; any other has found something wrong. */
static int run_to_end(const struct scenario *s)
{
	int code = 0;

	if (s->kernel) {
		s->kernel();
		return 0;
	}
	if (!app_spawn_first(s->name, s->app, 0))
		machine_refuse("machine: no memory for the first app");
	/* Its orphans come to us a moment before it has ended. */
	while (app_wait(&code) != FIRST_APP_PID)
		;
	if (code && code != LW_NO_MEMORY)
		panic("scenario %s ended with exit code %d", s->name, code);
	collect_leftovers();
	return code;
}

/* Whoever may have pages, or slots in swap, in his hands is done. */
static void wait_for_all(struct memory *m)
{
	oom_reaper_wait_idle(m);
	work_flush();
	kswapd_wait_idle(m);
	lru_add_drain_all(m);
}

/* Nothing may be lost, and nothing may be broken, whatever happened on the way (DESIGN §7). */
static void check_end(struct memory *m, const struct world *before)
{
	struct world now;
	const char *err;

	work_flush(); /* devices' */
	now = take_stock(m);
	err = mm_validate(m);
	if (err)
		panic("mm_validate: %s", err);
	if (now.mms != before->mms || now.tasks != before->tasks)
		panic("%ld address spaces and %ld tasks at the end of the scenario, %ld and %ld at "
		      "its start",
			now.mms, now.tasks, before->mms, before->tasks);
	err = slab_compare_use(m);
	if (err)
		panic("%s: at the scenario's end and its start", err);
	if (m->oom_victims)
		panic("%d OOM victims at the end of the scenario; expected none", m->oom_victims);
	if (now.pages_in_use != before->pages_in_use)
		panic("%ld pages in use at the end of the scenario, %ld at its start",
			now.pages_in_use, before->pages_in_use);
	pr_info("all pages returned; mm_validate found nothing");
}

/* GDB stops here for AT=end. */
noinline void scenario_end(void)
{
	barrier();
}

static void finished(const struct scenario *s) __attribute__((noreturn));

static void finished(const struct scenario *s)
{
	const struct memory *m = &system_memory;

	if (sched_seed)
		pr_info("schedule: seed %ld, %lu forced switches", sched_seed, forced_switches());
	pr_info("scenario %s finished: %lu kills, %lu pages released from the highatomic reserve",
		s->name, m->event[OOM_KILLS], m->event[HIGHATOMIC_RELEASED_PAGES]);
	machine_exit(EXIT_FINISHED);
}

void scenario_finish(void)
{
	scenario_end();
	report_counters();
	finished(find(wanted));
}

void scenario_run(void (*at_start)(void), void (*at_end)(void))
{
	const struct scenario *s = find(wanted);
	struct memory *m = &system_memory;
	struct world before;
	int code;

	if (!s) {
		list_scenarios();
		machine_exit(EXIT_FINISHED);
	}
	check_knobs(s);
	check_machine(s);
	check_reaper(m);
	memory_samples_prepare();
	before = take_stock(m);
	slab_note_use(m);
	at_start();
	announce(s);
	replay_start();
	panic_add_report(report_counters);
	oom_samples_start();
	memory_samples_start();
	code = run_to_end(s);
	scenario_end();
	wait_for_all(m);
	at_end();
	check_end(m, &before);
	report_counters();
	lock_debug_report();
	if (code)
		machine_refuse("machine: scenario %s could not have memory that it needs, or "
			       "somebody killed its app",
			s->name);
	finished(s);
}
