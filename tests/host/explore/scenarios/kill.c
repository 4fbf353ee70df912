/*
 * The killer: requests that find no memory, victims that leave, and who turns the killer off (§7).
 *
 * Four of the results are behaviours that nobody planned: 4.8's second kill, 4.9's kill while
 * exit_mmap runs, 4.9's innocent, and the seed's memdie that is cleared while the reaper frees.
 */
#include "case.h"

#include "host_machine.h"
#include "mm/oom/oom.h"
#include "mm/oom/oom_notifier.h"
#include "mm/oom/oom_reaper.h"

#define REAPER_49 (PATCH_OOM_REAPER | PATCH_OOM_REAPER_SKIP)

static struct mm *fat_mm, *thin_mm;
static struct task *fat, *thin;
static struct page *got[2];
static struct wait_queue never = {"the end", LIST_HEAD_INIT(never.waiters)};
static unsigned int notified;

static int notify(struct notifier_block *nb, void *data)
{
	(void)nb, (void)data;
	notified++;
	return NOTIFY_OK;
}

static struct notifier_block block = {.call = notify};

/* Memory is all in the hands of a fat process; a thin one could be killed as well. */
static void two_setup(void)
{
	case_machine(10);
	fat_mm = case_mm(4, 0);
	thin_mm = case_mm(1, 0);
	mm_pin(fat_mm);
	mm_pin(thin_mm);
	case_empty(1);
	case_kthread(0, "asks", 8);
	case_kthread(1, "asks", 9);
	fat = case_task(2, "fat", 10, fat_mm);
	thin = task_new("thin", 11, thin_mm);
	register_oom_notifier(m, &block);
	hooks_watch_pages(m);
}

static void asks(void *unused)
{
	(void)unused;
	got[this_cpu_id()] = alloc_pages(m, GFP_KERNEL, 0);
}

static void lives_until_killed(void *unused)
{
	(void)unused;
	wait_event_killable(&never, false);
	case_exit();
}

enum { SECOND_KILL, EXIT_RUNS };

/* Whoever asked got a page, and everything else is where it should be. */
static const char *two_check(void)
{
	if (m->event[OOM_KILLS] > 1)
		see(SECOND_KILL);
	if (!got[0] || !got[1])
		return "a request that may wait has failed";
	if (m->oom_victims != thin->memdie)
		return wrong("%d victims are left", m->oom_victims);
	if (fat_mm->users.n)
		return "the victim's memory is still in use";
	return case_valid();
}

const struct scenario two_ooms = {.name = "two-ooms",
	.title = "two OOMs, victim's end, notifier",
	.arm = "none",
	.cpus = 3,
	.setup = two_setup,
	.cpu = {asks, asks, lives_until_killed},
	.check = two_check,
	.results = {"4.8 kills twice: the victim ends between the last attempt and the scan"},
	.shows = 1 << SECOND_KILL,
	.bound = 2,
	.quick = 1};

/* 4.9: the victim ends by itself while the reaper comes for it, and a third one asks. */
static void exit_runs_setup(void)
{
	case_machine(10);
	fat_mm = case_mm(4, 0);
	thin_mm = case_mm(1, 0);
	mm_pin(fat_mm);
	mm_pin(thin_mm);
	case_empty(1);
	case_reaper_on(0);
	fat = case_task(1, "fat", 10, fat_mm);
	case_kthread(2, "asks", 8);
	thin = task_new("thin", 11, thin_mm);
	case_kill_and_mark(fat);
	hooks_watch_pages(m);
}

static void is_handed_over_and_leaves(void *unused)
{
	(void)unused;
	case_exit();
}

static void hands_over_and_asks(void *unused)
{
	(void)unused;
	wake_oom_reaper(m, fat, fat_mm);
	got[0] = alloc_pages(m, GFP_KERNEL, 0);
}

/* The first victim was killed by the set-up, which does not count. */
static const char *exit_runs_check(void)
{
	if (m->event[OOM_KILLS])
		see(SECOND_KILL);
	return got[0] ? case_valid() : "a request that may wait has failed";
}

const struct scenario exit_runs_49 = {.name = "exit-runs-4.9",
	.title = "reaper, exit_mmap, and a request, 4.9",
	.arm = "oom-reaper,oom-reaper-skip",
	.patches = REAPER_49,
	.cpus = 3,
	.daemons = 1,
	.setup = exit_runs_setup,
	.cpu = {case_reaper, is_handed_over_and_leaves, hands_over_and_asks},
	.check = exit_runs_check,
	.results = {"4.9: the mm is skipped while exit_mmap still runs, and a second one dies"},
	.shows = 1 << SECOND_KILL,
	.bound = 2,
	.quick = 1};

/* 4.9: a victim's other thread faults when all has been reaped, and memory is short all the same. */
enum { INNOCENT, NOBODY };

static void innocent_setup(void)
{
	exit_runs_setup();
	case_thread(1, fat, "thread", 12);
	zone_marks(z, 1000, 1000, 1000);
	zone_marks(&m->zone[ZONE_DMA], 1000, 1000, 1000);
}

static void faults(void *unused)
{
	(void)unused;
	mm_fault(fat_mm, AT(0), FAULT_WRITE);
	case_exit();
}

static void hands_over(void *unused)
{
	(void)unused;
	wake_oom_reaper(m, fat, fat_mm);
}

static void nobody_left_setup(void)
{
	innocent_setup();
	thin->process->oom_score_adj = OOM_SCORE_ADJ_MIN;
}

static const char *innocent_check(void)
{
	if (m->event[OOM_KILLS])
		see(INNOCENT);
	return case_valid();
}

static bool nobody_is_left(const char *message)
{
	if (m->event[OOM_KILLS])
		see(INNOCENT);
	if (strstr(message, "no killable processes"))
		see(NOBODY);
	return strstr(message, "no killable processes") || strstr(message, "livelock");
}

#define INNOCENTS(id, text, set_up, seen)                                                          \
	const struct scenario id = {.name = text,                                                  \
		.title = "reaped, and another thread of the victim faults, 4.9",                   \
		.arm = "oom-reaper,oom-reaper-skip",                                               \
		.patches = REAPER_49,                                                              \
		.cpus = 3,                                                                         \
		.daemons = 1,                                                                      \
		.setup = set_up,                                                                   \
		.cpu = {case_reaper, faults, hands_over},                                          \
		.check = innocent_check,                                                           \
		.documented = nobody_is_left,                                                      \
		.results = {"4.9: a dying thread's fault after the reap kills an innocent",        \
			"4.9: a dying thread's fault after the reap panics: nobody is left"},      \
		.shows = seen,                                                                     \
		.bound = 3,                                                                        \
		.quick = 1,                                                                        \
		.patience = 3000}

INNOCENTS(innocent_49, "innocent-4.9", innocent_setup, 1 << INNOCENT | 1 << NOBODY);
INNOCENTS(nobody_49, "nobody-left-4.9", nobody_left_setup, 1 << NOBODY);

/* Somebody turns the killer off while it kills, and while the victim leaves by itself. */
enum { STILL_FREEING };
static bool is_off;

static void disabled_setup(void)
{
	case_machine(10);
	fat_mm = case_mm(2, 0);
	mm_pin(fat_mm);
	case_empty(1);
	case_kthread(0, "disables", 8);
	case_kthread(1, "asks", 9);
	fat = case_task(2, "fat", 10, fat_mm);
	hooks_watch_pages(m);
}

static void disables(void *unused)
{
	(void)unused;
	if (oom_killer_disable(m))
		panic("nobody has killed the one that disables the killer");
	is_off = fat->process->group_exit && READ_ONCE(fat_mm->users.n) > 0;
}

static void asks_once(void *unused)
{
	struct oom_control oc = {.memory = m, .gfp = GFP_KERNEL};

	(void)unused;
	if (!mutex_trylock(&m->oom_lock))
		return;
	out_of_memory(&oc);
	mutex_unlock(&m->oom_lock);
}

static void leaves(void *unused)
{
	(void)unused;
	case_exit();
}

static const char *disabled_check(void)
{
	if (is_off && !(m->patches & PATCH_OOM_REAPER))
		return "the killer is off, and its victim still has its memory";
	if (is_off)
		see(STILL_FREEING);
	return m->oom_victims ? wrong("%d victims are left", m->oom_victims) : case_valid();
}

static bool nobody_to_kill(const char *message)
{
	return strstr(message, "no killable processes");
}

const struct scenario killer_disabled = {.name = "killer-disabled",
	.title = "killer disabled, kill, exit",
	.arm = "none",
	.cpus = 3,
	.setup = disabled_setup,
	.cpu = {disables, asks_once, leaves},
	.check = disabled_check,
	.documented = nobody_to_kill,
	.bound = 3,
	.quick = 2};

/* The seed: its reaper is the one that still frees. */
static void memdie_setup(void)
{
	case_machine(10);
	case_reaper_on(1);
	fat_mm = case_mm(2, 0);
	mm_pin(fat_mm);
	case_kthread(0, "disables", 8);
	fat = case_task(2, "fat", 10, fat_mm);
	case_kill_and_mark(fat);
	wake_oom_reaper(m, fat, fat_mm);
	hooks_watch_pages(m);
}

const struct scenario memdie_seed = {.name = "memdie-cleared",
	.title = "killer disabled, reaper, exit",
	.arm = "oom-reaper",
	.patches = PATCH_OOM_REAPER,
	.cpus = 3,
	.daemons = 2,
	.setup = memdie_setup,
	.cpu = {disables, case_reaper, leaves},
	.check = disabled_check,
	.results = {"the seed: TIF_MEMDIE is cleared while the reaper still frees"},
	.shows = 1 << STILL_FREEING,
	.bound = 3,
	.quick = 2};
