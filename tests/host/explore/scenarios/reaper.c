/*
 * The reaper and its victims (§8).
 */
#include "case.h"

#include "kernel/core/sched/work.h"
#include "mm/oom/oom_reaper.h"

#define PAGES 3

static struct mm *mm;
static struct task *victim;

/* Nothing is left of a process that had been marked, and whose memory was pinned once. */
static const char *process_gone(const struct task *t, struct mm *of)
{
	struct mm *pinned = t->process->oom_mm;
	const char *err;

	t->process->oom_mm = NULL;
	err = case_gone(of, 1 + (pinned != NULL));
	if (!err && m->oom_victims)
		err = wrong("%d victims are left", m->oom_victims);
	return err;
}

enum { RACED, TEARS_DOWN };

/* A victim of two threads is in the reaper's hands: one leaves, the other one faults first. */
static void reap_setup(void)
{
	case_machine(10);
	case_reaper_on(0);
	case_ready();
	mm = case_mm(PAGES, 0);
	mm_pin(mm);
	victim = case_task(1, "victim", 10, mm);
	case_thread(2, victim, "thread", 11);
	case_kill_and_mark(victim);
	wake_oom_reaper(m, victim, mm);
}

static void leaves(void *unused)
{
	(void)unused;
	case_exit();
}

static void faults_and_leaves(void *unused)
{
	(void)unused;
	if (!tlb_use(mm, AT(0)))
		mm_fault(mm, AT(0), FAULT_WRITE);
	tlb_use(mm, AT(0));
	case_exit();
}

static const char *reap_check(void)
{
	if (m->event[OOM_REAP_RACED])
		see(RACED);
	if (m->event[OOM_REAP_TEARDOWNS])
		see(TEARS_DOWN);
	return process_gone(victim, mm);
}

#define REAP(id, text, set, seen)                                                                  \
	const struct scenario id = {.name = text,                                                  \
		.title = "reaper, exit, fault in one mm",                                          \
		.patches = set,                                                                    \
		.cpus = 3,                                                                         \
		.daemons = 1,                                                                      \
		.setup = reap_setup,                                                               \
		.cpu = {case_reaper, leaves, faults_and_leaves},                                   \
		.check = reap_check,                                                               \
		.results = {"W6: the victim is gone when the reaper comes",                        \
			"§8.1: the reaper is the last user and tears down"},                       \
		.shows = seen,                                                                     \
		.bound = 3,                                                                        \
		.quick = 2,                                                                        \
		.arm = (set)&PATCH_OOM_REAPER_SKIP ? "oom-reaper,oom-reaper-skip" : "oom-reaper"}

REAP(reap_exit_fault, "reap-exit-fault", PATCH_OOM_REAPER, 1 << RACED | 1 << TEARS_DOWN);
REAP(reap_exit_fault_49, "reap-exit-fault-4.9", PATCH_OOM_REAPER | PATCH_OOM_REAPER_SKIP,
	1 << RACED);

/* Two victims are handed over at the same time, and somebody waits until the reaper is idle. */
static struct mm *spaces[2];
static struct task *victims[2];

enum { LOST };

static void hand_over_setup(void)
{
	case_machine(10);
	case_reaper_on(0);
	case_ready();
	case_kthread(1, "killer", 8);
	case_kthread(2, "killer", 9);
	for (unsigned int i = 0; i < 2; i++) {
		spaces[i] = case_mm(1, 0);
		mm_pin(spaces[i]);
		victims[i] = task_new("victim", 10 + i, spaces[i]);
		case_kill_and_mark(victims[i]);
	}
}

static void hands_over_first(void *unused)
{
	(void)unused;
	wake_oom_reaper(m, victims[0], spaces[0]);
	oom_reaper_wait_idle(m);
}

static void hands_over_second(void *unused)
{
	(void)unused;
	wake_oom_reaper(m, victims[1], spaces[1]);
}

static void leaves_in_check(struct task *t)
{
	struct task *self = become(t);

	case_exit();
	become(self);
}

static const char *hand_over_check(void)
{
	unsigned long reaped = m->event[OOM_REAPED], lost = m->event[OOM_REAP_LOST];

	if (lost)
		see(LOST);
	if (reaped + lost != 2)
		return wrong("of two victims %lu are reaped, %lu lost", reaped, lost);
	for (unsigned int i = 0; i < 2; i++) {
		leaves_in_check(victims[i]);
		if (victims[i]->process->oom_mm)
			mm_drop(spaces[i]);
	}
	if (victims[0]->ref.n != 1 || victims[1]->ref.n != 1)
		return "a victim is still referenced";
	mm_drop(spaces[0]);
	return case_gone(spaces[1], 1);
}

#define HAND_OVER(id, text, set, seen)                                                             \
	const struct scenario id = {.name = text,                                                  \
		.title = "reaper's hand-over of two victims",                                      \
		.patches = set,                                                                    \
		.cpus = 3,                                                                         \
		.daemons = 1,                                                                      \
		.setup = hand_over_setup,                                                          \
		.cpu = {case_reaper, hands_over_first, hands_over_second},                         \
		.check = hand_over_check,                                                          \
		.results = {"W5: the slot is busy, the second victim is lost"},                    \
		.shows = seen,                                                                     \
		.bound = 2,                                                                        \
		.quick = 2,                                                                        \
		.arm = (set)&PATCH_OOM_REAPER_SKIP ? "oom-reaper,oom-reaper-skip" : "oom-reaper"}

HAND_OVER(hand_over, "hand-over", PATCH_OOM_REAPER, 1 << LOST);
HAND_OVER(hand_over_49, "hand-over-4.9", PATCH_OOM_REAPER | PATCH_OOM_REAPER_SKIP, 0);
