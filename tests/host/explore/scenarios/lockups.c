/*
 * Lock-ups: a holder of something allocates, and the victim that everybody waits for waits for it
 * (§8.6, W1 to W5; W6 is in reaper.c). Three arms: no reaper, the seed's, 4.9's.
 */
#include "case.h"

#include "mm/oom/oom.h"

#define SEED PATCH_OOM_REAPER
#define R49  (PATCH_OOM_REAPER | PATCH_OOM_REAPER_SKIP)

static struct mutex inode;
static struct mm *hog_mm, *other_mm;
static struct task *hog, *other;
static bool has_page;

/* Memory is all in the hog's hands; another process could be killed as well. */
static void starved(unsigned int flags)
{
	case_machine(10);
	hog_mm = case_mm(3, flags);
	other_mm = case_mm(1, 0);
	mm_pin(hog_mm);
	mm_pin(other_mm);
	case_empty(1);
	mutex_init(&inode, "inode");
	case_kthread(0, "holder", 8);
	hog = case_task(1, "hog", 10, hog_mm);
	other = task_new("other", 11, other_mm);
	if (m->patches & PATCH_OOM_REAPER)
		case_reaper_on(2);
	else
		case_kthread(2, "nobody", 9);
	hooks_watch_pages(m);
}

static void w1_setup(void)
{
	starved(0);
}

static void w4_setup(void)
{
	starved(VM_LOCKED);
}

/* A process that is never killed uses the hog's memory. */
static void w3_setup(void)
{
	starved(0);
	refcount_get(&hog_mm->users);
	task_new("sharer", 12, hog_mm)->process->oom_score_adj = OOM_SCORE_ADJ_MIN;
}

static void holder(void *unused)
{
	(void)unused;
	mutex_lock(&inode);
	has_page = alloc_pages(m, GFP_KERNEL, 0);
	mutex_unlock(&inode);
}

static void hog_wants_inode(void *unused)
{
	(void)unused;
	mutex_lock(&inode);
	mutex_unlock(&inode);
	case_exit();
}

/* The hog waits with its own mmap_sem held for writing (W2). */
static void hog_wants_inode_as_writer(void *unused)
{
	(void)unused;
	down_write(&hog_mm->mmap_sem);
	mutex_lock(&inode);
	mutex_unlock(&inode);
	up_write(&hog_mm->mmap_sem);
	case_exit();
}

static void reaper_if_any(void *unused)
{
	if (m->patches & PATCH_OOM_REAPER)
		case_reaper(unused);
}

enum { LOCK_UP, PROGRESS, NEXT_VICTIM, GONE };

static const char *lockup_check(void)
{
	if (!has_page)
		return "a request that may wait has failed";
	see(m->event[OOM_KILLS] > 1 ? NEXT_VICTIM : PROGRESS);
	return case_valid();
}

static bool locked_up(const char *message)
{
	if (strstr(message, "livelock"))
		see(LOCK_UP);
	else if (strstr(message, "no killable processes"))
		see(GONE);
	else
		return false;
	return true;
}

/* The holder may come first, or the hog leave in time: PROGRESS is always possible. */
#define W(id, text, what, set_up, hog_does, set, in_words, seen)                                   \
	const struct scenario id = {.name = text,                                                  \
		.title = what,                                                                     \
		.patches = set,                                                                    \
		.arm = in_words,                                                                   \
		.cpus = 3,                                                                         \
		.daemons = 4,                                                                      \
		.setup = set_up,                                                                   \
		.cpu = {holder, hog_does, reaper_if_any},                                          \
		.check = lockup_check,                                                             \
		.documented = locked_up,                                                           \
		.results = {"lock-up: the holder loops for ever", "progress",                      \
			"progress, and another one dies", "a panic: nobody is left to kill"},      \
		.shows = seen,                                                                     \
		.may = 1 << PROGRESS | 1 << NEXT_VICTIM,                                           \
		.bound = (set) ? 1 : 3,                                                            \
		.quick = 1,                                                                        \
		.patience = 2000}
#define ALL_ARMS(id, text, what, set_up, hog_does, none, seed, r49)                                \
	W(id, text, what, set_up, hog_does, 0, "none", none);                                      \
	W(id##_seed, text "-seed", what, set_up, hog_does, SEED, "oom-reaper", seed);              \
	W(id##_49, text "-4.9", what, set_up, hog_does, R49, "oom-reaper,oom-reaper-skip", r49)

ALL_ARMS(w1, "w1", "W1: the victim waits for a mutex whose holder allocates", w1_setup,
	hog_wants_inode, 1 << LOCK_UP, 1 << PROGRESS, 1 << PROGRESS);
ALL_ARMS(w2, "w2", "W2: the same, with the victim's mmap_sem held for writing", w1_setup,
	hog_wants_inode_as_writer, 1 << LOCK_UP, 1 << LOCK_UP, 1 << NEXT_VICTIM);
ALL_ARMS(w3, "w3", "W3: the victim's memory is shared with one that is never killed", w3_setup,
	hog_wants_inode, 1 << LOCK_UP, 1 << LOCK_UP, 1 << PROGRESS);
ALL_ARMS(w4, "w4", "W4: the victim's memory is locked", w4_setup, hog_wants_inode, 1 << LOCK_UP,
	1 << LOCK_UP, 1 << NEXT_VICTIM);
