/*
 * replay: the state of a report, on this machine's own memory (mm/replay). The state file comes with the image:
 * QEMU's -initrd FILE, or a Multiboot module. Its tasks are processes by these names, pids and sizes, of
 * which only the counters are true; the one that the report is about makes its request, on CPU 0, and the
 * run ends with what becomes of it: at a kill nobody dies any more.
 *
 * The last line before the counters says so, and so does an event "replay" of the same form as the twin's
 * (ask_json()). A request that goes on for ever is the watchdog's.
 */
#include <string.h>

#include "kernel/core/boot_file.h"
#include "kernel/core/log/event.h"
#include "kernel/core/machine.h"
#include "kernel/core/sched/sched.h"
#include "kernel/core/time/time.h"
#include "kernel/task/app.h"
#include "kernel/task/scenario.h"
#include "mm/alloc/page_alloc.h"
#include "mm/lru/pagevec.h"
#include "mm/page/patch.h"
#include "mm/replay/ask.h"
#include "mm/replay/shape.h"
#include "mm/show/validate.h"
#include "mm/space/mm.h"

#define STATE_ORDER 4

_Static_assert(sizeof(struct state) <= PAGE_SIZE << STATE_ORDER, "a state fits its block");

static enum remedy_kind remedy KERNEL_DATA;
static struct state *state KERNEL_DATA;
static struct task *asker KERNEL_DATA;
static struct page *got KERNEL_DATA;
static struct asked asked KERNEL_DATA;
static volatile bool go KERNEL_DATA, done KERNEL_DATA;
static volatile long waiting KERNEL_DATA;
static struct wait_queue start KERNEL_DATA, never KERNEL_DATA;

static const char *set_remedy(const char *text)
{
	for (int i = 0; i < NR_REMEDIES; i++) {
		if (strcmp(text, remedy_name[i]))
			continue;
		remedy = i;
		return NULL;
	}
	return "none, reserve-released, lists-drained or lowmem-waived";
}

static const struct param knobs[] = {
	{.name = "remedy",
		.help = "given up before the request: none, reserve-released, lists-drained, "
			"lowmem-waived",
		.set = set_remedy},
};

static void read_state(struct memory *m)
{
	char err[STATE_ERROR_LEN];
	struct page *page;
	size_t len;
	const char *text = boot_file(&len);

	if (!text)
		machine_refuse("machine: no state file; expected one with the image (QEMU: -initrd "
			       "FILE)");
	page = alloc_pages(m, GFP_KERNEL, STATE_ORDER);
	if (!page)
		machine_refuse("machine: no memory for the state");
	state = page_address(m, page);
	if (!state_read(state, text, len, err))
		machine_refuse("%s", err);
}

static void check_machine(const struct memory *m)
{
	if (nr_cpus < state_cpus(state))
		machine_refuse(
			"machine: %u CPUs; expected %u or more, of which the state has lists",
			nr_cpus, state_cpus(state));
	if (m->pageblock_order != (unsigned int)state->pageblock_order)
		machine_refuse("machine: pageblock_order=%u; expected the state's, %ld",
			m->pageblock_order, state->pageblock_order);
	if (m->total_swap_pages)
		machine_refuse("machine: %lu slots of swap; expected none but the state's",
			m->total_swap_pages);
}

static void sleep_for_good(void)
{
	__atomic_add_fetch(&waiting, 1, __ATOMIC_RELEASE);
	wait_event(&never, false);
}

/* Not even a kill ends it: what it has is only numbers. */
static void be_a_process(void *unused)
{
	(void)unused;
	for (;;)
		sleep_for_good();
}

static void be_the_asker(void *memory)
{
	sched_bind(0);
	__atomic_add_fetch(&waiting, 1, __ATOMIC_RELEASE);
	wait_event(&start, go);
	got = ask(memory, state);
	done = true;
	be_a_process(NULL);
}

static bool is_asker(const struct state_task *t)
{
	const struct state_request *r = &state->request;

	return !asker && !strcmp(t->comm, r->comm) && (!r->pid || r->pid == t->pid);
}

static struct task *started(struct task *t)
{
	if (!t)
		machine_refuse("machine: no memory for the state's %u tasks", state->nr_tasks);
	return t;
}

static struct task *start_process(struct memory *m, const struct state_task *t, bool asks)
{
	struct task *task = started(
		app_spawn_in_kernel(t->comm, t->pid, asks ? be_the_asker : be_a_process, m));

	task->process->oom_score_adj = t->adj;
	return task;
}

/* Of a name that no task has: see tests/host/replay/replay.h. */
static struct task *start_other_asker(struct memory *m)
{
	struct state_task t = {.pid = state->request.pid ? state->request.pid : new_pid()};

	if (state->nr_tasks)
		return started(kthread_spawn(state->request.comm, be_the_asker, m));
	memcpy(t.comm, state->request.comm, sizeof(t.comm));
	return start_process(m, &t, true);
}

static void start_tasks(struct memory *m)
{
	current->process->cap_sys_admin = false; /* the state does not say who is root */
	for (unsigned int i = 0; i < state->nr_tasks; i++) {
		bool asks = is_asker(&state->task[i]);
		struct task *t = start_process(m, &state->task[i], asks);

		if (asks)
			asker = t;
	}
	if (!asker)
		asker = start_other_asker(m);
	while (waiting < state->nr_tasks + !asker->mm + !state->nr_tasks)
		schedule_timeout(TASK_UNINTERRUPTIBLE, 1);
}

/* Whatever they have of their own is not of the state. */
static void set_size(struct mm *mm, const struct state_task *t)
{
	mm->anon_rss = t->rss;
	mm->swapents = t->swapents;
	mm->total_vm = t->rss + t->swapents;
	mm->file_rss = mm->shmem_rss = mm->nr_ptes = mm->nr_pmds = 0;
}

static void set_sizes(void)
{
	const struct state_task none = {.pid = 0};
	unsigned int next = 0;
	struct task *t;

	for_each_process(t) {
		if (!t->mm)
			continue;
		set_size(t->mm, state->nr_tasks ? &state->task[next] : &none);
		next++;
	}
}

static void shape(struct memory *m)
{
	const char *err;

	lru_add_drain_all(m);
	err = shape_machine(m, state);
	if (err)
		machine_refuse("machine: %s", err);
	err = zones_validate(m);
	if (err)
		panic("zones_validate: %s", err);
	set_sizes();
}

static void tell(const struct outcome *o)
{
	const struct answer *a = &o->answer;
	char list[256];
	struct line l;

	ask_json(&l,
		remedy                 ? remedy_name[remedy] :
			patches_chosen ? patch_list(patches_chosen, list, sizeof(list)) :
					 "none",
		o);
	event("{\"event\":\"replay\",%s", l.text + 1);
	event_counter(COUNTER("replay_rounds"), a->rounds);
	line_init(&l);
	if (o->end == END_KILLED)
		line_add(&l, " %s (pid %d)", o->victim, o->victim_pid);
	if (o->end == END_SERVED)
		line_add(&l, " from zone %s (%s)", o->zone, ask_step_name[a->step]);
	pr_info("replay: remedy %s: %s%s, %lu rounds of reclaim, %lu pages of the reserve released",
		remedy_name[remedy], ask_end_name[o->end], l.text, a->rounds, a->released);
}

static void end(struct outcome *o) __attribute__((noreturn));

static void end(struct outcome *o)
{
	o->answer = ask_answer(&asked);
	tell(o);
	scenario_finish();
}

/* By who asked: what a real victim would free is not here to be freed. */
static void after_kill(struct memory *m, const struct task *victim)
{
	struct outcome o = {.end = END_KILLED, .victim_pid = victim->pid};

	(void)m;
	memcpy(o.victim, victim->comm, sizeof(o.victim));
	end(&o);
}

static void ask_again(void)
{
	struct memory *m = &system_memory;
	struct outcome o = {.end = END_FAILED};

	read_state(m);
	check_machine(m);
	wait_queue_init(&start, "the state's request");
	wait_queue_init(&never, "the end");
	start_tasks(m);
	shape(m);
	m->after_kill = after_kill;
	ask_begin(&asked, m, asker->pid);
	ask_remedy(m, state, remedy);
	go = true;
	wake_up_all(&start);
	while (!done)
		schedule_timeout(TASK_UNINTERRUPTIBLE, 1);
	if (got) {
		o.end = END_SERVED;
		o.zone = ask_zone(m, got)->name;
	}
	end(&o);
}

SCENARIO(replay_scenario) = {
	.name = "replay",
	.help = "the state of a report, from a file that comes with the image, and its request "
		"made again",
	.group = "test",
	.kernel = ask_again,
	.knobs = knobs,
	.nr_knobs = ARRAY_SIZE(knobs),
};
