/*
 * A state replayed on the twin (see replay.h).
 */
#include "twin.h"

#include "boot/multiboot.h"
#include "host_machine.h"
#include "mm/alloc/buddy_ops.h"
#include "mm/replay/plan.h"
#include "mm/replay/shape.h"
#include "mm/space/mm.h"
#include "replay.h"

#define SLEEPS_MOST      20000 /* ticks: 16 rounds, twice, of a second each, do not reach it */
#define YIELDS_MOST      50000
#define INVOCATIONS_MOST 2 /* of the OOM killer, without a kill */

static struct mm *mms;
static jmp_buf end;
static struct outcome *result;
static struct asked asked;
static unsigned int slept;

/* Units that a zone needs, and one that boot may break; the first one of all is the boot's own. */
static void count_units(const struct state *s, unsigned long units[MAX_NR_ZONES])
{
	struct plan p;

	for (int i = 0; i < MAX_NR_ZONES; i++) {
		plan_zone(&p, s, i, false);
		units[i] = s->zone[i].line ? p.units + 1 : 0;
	}
	units[ZONE_DMA]++;
}

/*
 * A zone Movable is no part of a map, and its pages' zone is Normal to who frees them: they are only asked
 * for. It has the last units of Normal's.
 */
static void split_off_movable(struct memory *m, unsigned long units)
{
	struct zone *from = &m->zone[ZONE_NORMAL], *z = &m->zone[ZONE_MOVABLE];
	unsigned long pages = units * UNIT_PAGES, blocks = pages / m->pageblock_nr_pages;
	unsigned long end_pfn = zone_end_pfn(from);

	if (!units)
		return;
	from->spanned -= pages;
	from->nr_pageblocks -= blocks;
	z->start_pfn = zone_end_pfn(from);
	z->spanned = z->present = pages;
	z->nr_pageblocks = blocks;
	z->pageblock_type = from->pageblock_type + from->nr_pageblocks;
	z->pageblock_type_of_null = from->pageblock_type_of_null;
	z->inner_start = (unsigned long)pfn_to_page(m, z->start_pfn);
	z->inner_len = pages * sizeof(struct page);
	for (unsigned long pfn = z->start_pfn; pfn < end_pfn; pfn += UNIT_PAGES) {
		struct page *page = pfn_to_page(m, pfn);

		if (!page_is_buddy(page, UNIT_ORDER))
			continue;
		take_off(from, page, UNIT_ORDER);
		put_block(z, page, UNIT_ORDER, MIGRATE_MOVABLE);
	}
}

static struct memory *new_machine(const struct state *s, unsigned int patches)
{
	unsigned long units[MAX_NR_ZONES], sum = 0;
	struct machine_spec spec = {.pageblock_order = s->pageblock_order,
		.patches = patches,
		.range = {{0, 0x9fc00, MB_MEMORY_USABLE}, {0x100000, 0, MB_MEMORY_USABLE}}};
	struct memory *m;

	count_units(s, units);
	for (int i = 0; i < MAX_NR_ZONES; i++) {
		sum += units[i];
		if (i == ZONE_DMA)
			spec.dma_end = sum * UNIT_PAGES;
		if (i == ZONE_DMA32)
			spec.dma32_end = sum * UNIT_PAGES;
	}
	spec.range[1].end = (uint64_t)sum * UNIT_PAGES * PAGE_SIZE;
	m = machine_new(&spec);
	split_off_movable(m, units[ZONE_MOVABLE]);
	return m;
}

static struct mm *new_numbers(struct mm *mm, const struct state_task *t)
{
	memset(mm, 0, sizeof(*mm));
	refcount_init(&mm->users);
	refcount_init(&mm->count);
	list_init(&mm->vmas);
	mm->anon_rss = t->rss;
	mm->swapents = t->swapents;
	mm->total_vm = t->rss + t->swapents;
	return mm;
}

static struct task *new_process(const struct state_task *t, struct mm *mm)
{
	struct task *task = task_new(t->comm, t->pid, new_numbers(mm, t));

	task->process->oom_score_adj = t->adj;
	return task;
}

/* Whom no task line names. */
static struct task *new_requester(const struct state *s, long pid)
{
	struct state_task t = {.pid = s->request.pid ? s->request.pid : pid};
	struct task *task;

	if (!s->nr_tasks) {
		memcpy(t.comm, s->request.comm, sizeof(t.comm));
		return new_process(&t, mms);
	}
	task = task_new(s->request.comm, t.pid, NULL);
	task->flags = PF_KTHREAD;
	return task;
}

static bool is_requester(const struct state *s, const struct state_task *t)
{
	return !strcmp(t->comm, s->request.comm) && (!s->request.pid || s->request.pid == t->pid);
}

static void new_tasks(const struct state *s)
{
	struct task *requester = NULL;
	long last = 2; /* the twin's own */

	free(mms);
	mms = aligned_alloc(_Alignof(struct mm), sizeof(*mms) * MAX(s->nr_tasks, 1u));
	for (unsigned int i = 0; i < s->nr_tasks; i++) {
		struct task *task = new_process(&s->task[i], &mms[i]);

		if (!requester && is_requester(s, &s->task[i]))
			requester = task;
		last = MAX(last, s->task[i].pid);
	}
	become(requester ? requester : new_requester(s, last + 1));
}

struct memory *replay_machine(const struct state *s, unsigned int patches)
{
	struct memory *m;
	const char *err;

	twin_teardown(NULL);
	twin_setup(NULL);
	nr_cpus = state_cpus(s);
	m = new_machine(s, patches);
	err = shape_machine(m, s);
	if (err)
		fail_msg("%s", err);
	new_tasks(s);
	return m;
}

static void leave(enum ask_end how, const char *why) __attribute__((noreturn));

static void leave(enum ask_end how, const char *why)
{
	result->end = how;
	snprintf(result->why, sizeof(result->why), "%s", why);
	longjmp(end, 1);
}

static void after_kill(struct memory *m, const struct task *t)
{
	(void)m;
	memcpy(result->victim, t->comm, sizeof(result->victim));
	result->victim_pid = t->pid;
	leave(END_KILLED, "");
}

static void on_yield(void)
{
	if (twin.yields > YIELDS_MOST)
		leave(END_STUCK, "it tries again and again, and must not fail");
	if (ask_answer(&asked).invocations >= INVOCATIONS_MOST)
		leave(END_STUCK, "the OOM killer is asked again and again, and kills nobody");
}

/* Time passes, and nobody comes. */
static void on_sleep(void)
{
	jiffies++;
	if (++slept > SLEEPS_MOST)
		leave(END_STUCK, "it waits for kswapd, which finds nothing");
}

static void ask_and_note(struct memory *m, const struct state *s, enum remedy_kind remedy)
{
	struct page *page;

	ask_remedy(m, s, remedy);
	page = ask(m, s);
	result->end = page ? END_SERVED : END_FAILED;
	result->zone = page ? ask_zone(m, page)->name : NULL;
}

/* A panic comes back as well. */
static void ask_guarded(struct memory *m, const struct state *s, enum remedy_kind remedy)
{
	if (setjmp(*stop_expect())) {
		result->end = END_PANIC;
		snprintf(result->why, sizeof(result->why), "%s", stop_message());
	} else {
		ask_and_note(m, s, remedy);
	}
}

void replay_ask(struct memory *m, const struct state *s, enum remedy_kind remedy, struct outcome *o)
{
	memset(o, 0, sizeof(*o));
	result = o;
	slept = 0;
	m->after_kill = after_kill;
	twin.on_yield = on_yield;
	twin.on_sleep = on_sleep;
	ask_begin(&asked, m, current->pid);
	if (!setjmp(end))
		ask_guarded(m, s, remedy);
	stop_reset();
	o->answer = ask_answer(&asked);
	twin.on_yield = twin.on_sleep = NULL;
}
