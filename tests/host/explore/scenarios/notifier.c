/*
 * Notifier chains, and the OOM notifiers inside and outside of the killer (§9; N1 to N5 of §9.5).
 */
#include "case.h"

#include "host_machine.h"
#include "mm/oom/oom.h"
#include "mm/oom/oom_notifier.h"

#define OUTSIDE PATCH_OOM_NOTIFIER_OUTSIDE

/* A block leaves the chain, and is gone then, while it is called and while another one comes. */
static struct notifier_chain chain;
static bool is_gone;

static int call_first(struct notifier_block *nb, void *data)
{
	(void)nb, (void)data;
	cond_resched();
	if (READ_ONCE(is_gone))
		panic("a notifier is called that has been unregistered");
	return NOTIFY_OK;
}

static int call_other(struct notifier_block *nb, void *data)
{
	(void)nb;
	++*(unsigned long *)data;
	return NOTIFY_OK;
}

static struct notifier_block first = {.call = call_first, .priority = 1};
static struct notifier_block other = {.call = call_other};
static struct notifier_block third = {.call = call_other, .priority = 2};

static void chain_setup(void)
{
	notifier_chain_init(&chain, "chain");
	notifier_register(&chain, &first);
	notifier_register(&chain, &other);
	case_kthread(0, "calls", 10);
	case_kthread(1, "unregisters", 11);
	case_kthread(2, "registers", 12);
}

static void calls(void *unused)
{
	unsigned long n = 0;

	(void)unused;
	notifier_call(&chain, &n);
	if (n < 1 || n > 2)
		panic("%lu notifiers are called that were there", n);
}

static void unregisters(void *unused)
{
	(void)unused;
	notifier_unregister(&chain, &first);
	WRITE_ONCE(is_gone, true);
	first.node.next = first.node.prev = NULL;
}

static void registers(void *unused)
{
	(void)unused;
	notifier_register(&chain, &third);
}

static const char *chain_check(void)
{
	if (chain.blocks.next != &third.node || third.node.next != &other.node)
		return "the chain is not in order";
	return chain.sem.count ? "the chain is still locked" : NULL;
}

const struct scenario notifier_chain_three = {.name = "notifier-chain",
	.title = "notifier chain: call, unregister, register",
	.arm = "none",
	.cpus = 3,
	.setup = chain_setup,
	.cpu = {calls, unregisters, registers},
	.check = chain_check,
	.bound = 3,
	.quick = 2};

/* N1 to N5: one OOM notifier, which gives a page, or sleeps on something that somebody else has. */
static struct task *fat;
static struct mm *fat_mm;
static struct mutex b, c;
static bool gives, victim_done;
static struct page *ballast[4]; /* blocks of two pages */
static unsigned int given;
static struct wait_queue never = {"the end", LIST_HEAD_INIT(never.waiters)};

static int balloon(struct notifier_block *nb, void *data)
{
	(void)nb;
	if (gives) {
		/* Outside of the killer several may call it side by side. */
		unsigned int n = __atomic_fetch_add(&given, 1, __ATOMIC_RELAXED);

		if (n < ARRAY_SIZE(ballast)) {
			free_pages(m, ballast[n], 1);
			*(unsigned long *)data += 2;
		}
		return NOTIFY_OK;
	}
	if (!mutex_lock_killable(&b))
		mutex_unlock(&b);
	return NOTIFY_OK;
}

static struct notifier_block balloon_block = {.call = balloon};

static void starved(void)
{
	case_machine(10);
	fat_mm = case_mm(4, 0);
	mm_pin(fat_mm);
	for (unsigned int i = 0; i < ARRAY_SIZE(ballast); i++)
		ballast[i] = case_take(GFP_KERNEL, 1);
	case_empty(1);
	mutex_init(&b, "balloon_lock");
	mutex_init(&c, "fs_lock");
	register_oom_notifier(m, &balloon_block);
	hooks_watch_pages(m);
}

static void lives_until_killed(void *unused)
{
	(void)unused;
	wait_event_killable(&never, false);
	case_exit();
}

static void asks(void *unused)
{
	(void)unused;
	if (!alloc_pages(m, GFP_KERNEL, 0) && !fatal_signal_pending(current))
		panic("a request that may wait has failed");
}

static void presses_f(void *unused)
{
	(void)unused;
	oom_manual_kill(m);
}

static void holds_b_and_asks(void *unused)
{
	(void)unused;
	mutex_lock(&b);
	asks(NULL);
	mutex_unlock(&b);
}

static void holds_c_and_asks(void *unused)
{
	(void)unused;
	mutex_lock(&c);
	asks(NULL);
	mutex_unlock(&c);
}

/* The balloon's inflation: under its own lock, in reclaim, for a lock of the file system. */
static void inflates(void *unused)
{
	(void)unused;
	mutex_lock(&b);
	mutex_lock(&c);
	mutex_unlock(&c);
	mutex_unlock(&b);
}

enum { KILL, NO_KILL, LOCK_UP, DEAD_LOCK, GONE };

static const char *n_check(void)
{
	see(m->event[OOM_KILLS] ? KILL : NO_KILL);
	return NULL;
}

static bool n_stuck(const char *message)
{
	if (strstr(message, "livelock"))
		see(LOCK_UP);
	else if (strstr(message, "deadlock"))
		see(DEAD_LOCK);
	else if (strstr(message, "no killable processes"))
		see(GONE);
	else
		return false;
	return true;
}

static void n1_setup(void)
{
	starved();
	gives = true;
	zone_marks(z, 0, 0, 100);
	case_kthread(0, "asks", 10);
	fat = case_task(1, "fat", 20, fat_mm);
	case_kthread(2, "asks", 11);
}

static void n2_setup(void)
{
	starved();
	case_kthread(0, "asks", 10);
	case_kthread(1, "holds B", 11);
	fat = case_task(2, "fat", 20, fat_mm);
}

static void n3_setup(void)
{
	starved();
	case_kthread(0, "asks", 10);
	case_kthread(1, "inflates", 11);
	case_kthread(2, "holds C", 12);
	fat = case_task(3, "fat", 20, fat_mm);
}

/* A victim that has no reserves yet asks for memory while a callback sleeps. */
static struct wait_queue until_done = {"the victim", LIST_HEAD_INIT(until_done.waiters)};

static void n4_setup(void)
{
	unsigned long flags;

	starved();
	case_put(z->start_pfn + 2048, 3, MIGRATE_MOVABLE);
	zone_marks(z, 100, 100, 100);
	case_kthread(0, "asks", 10);
	case_kthread(1, "holds B", 11);
	fat = case_task(2, "fat", 20, fat_mm);
	flags = tasks_lock();
	task_kill(fat);
	tasks_unlock(flags);
}

static void one_oom_step(void *unused)
{
	struct oom_control oc = {.memory = m, .gfp = GFP_KERNEL};

	(void)unused;
	if (m->patches & OUTSIDE)
		oom_reclaim_pages(m);
	if (!mutex_trylock(&m->oom_lock))
		return;
	out_of_memory(&oc);
	mutex_unlock(&m->oom_lock);
}

static void holds_b_for_the_victim(void *unused)
{
	(void)unused;
	mutex_lock(&b);
	wait_event(&until_done, READ_ONCE(victim_done));
	mutex_unlock(&b);
}

static void asks_and_leaves(void *unused)
{
	asks(unused);
	WRITE_ONCE(victim_done, true);
	wake_up_all(&until_done);
	case_exit();
}

/* SysRq-f, with a balloon that could give. */
static void n5_setup(void)
{
	starved();
	gives = true;
	case_kthread(0, "presses f", 10);
	fat = case_task(1, "fat", 20, fat_mm);
	case_kthread(2, "asks", 11);
}

#define N(id, text, what, set_up, n, free, most, set, seen, allowed, ...)                          \
	const struct scenario id = {.name = text,                                                  \
		.title = what,                                                                     \
		.patches = set,                                                                    \
		.arm = (set) ? "oom-notifier-outside" : "none",                                    \
		.cpus = n,                                                                         \
		.daemons = free,                                                                   \
		.setup = set_up,                                                                   \
		.cpu = {__VA_ARGS__},                                                              \
		.check = n_check,                                                                  \
		.documented = n_stuck,                                                             \
		.results = {"a kill", "no kill", "lock-up: somebody loops for oom_lock",           \
			"deadlock: all of them sleep", "a panic: the only victim has just gone"},  \
		.shows = seen,                                                                     \
		.may = allowed,                                                                    \
		.bound = most,                                                                     \
		.quick = MIN(most, 2),                                                             \
		.patience = 3000}
#define OTHERS (1 << GONE | 1 << DEAD_LOCK | 1 << KILL)
#define BOTH(id, text, what, set_up, n, free, most, before, after, ...)                            \
	N(id, text, what, set_up, n, free, most, 0, before, OTHERS, __VA_ARGS__);                  \
	N(id##_outside, text "-outside", what, set_up, n, free, most, OUTSIDE, after, OTHERS,      \
		__VA_ARGS__)

BOTH(n1, "n1", "N1: a callback gives memory", n1_setup, 3, 2, 2, 1 << NO_KILL, 1 << KILL, asks,
	lives_until_killed, asks);
BOTH(n2, "n2", "N2: a callback sleeps on what a request holds", n2_setup, 3, 4, 1,
	1 << KILL | 1 << LOCK_UP, 1 << KILL | 1 << DEAD_LOCK, asks, holds_b_and_asks,
	lives_until_killed);
N(n3, "n3", "N3: balloon: its lock, a file system's, and a request", n3_setup, 4, 8, 1, 0,
	1 << KILL, 1 << LOCK_UP | 1 << DEAD_LOCK | 1 << GONE, asks, inflates, holds_c_and_asks,
	lives_until_killed);
N(n3_outside, "n3-outside", "N3: balloon: its lock, a file system's, and a request", n3_setup, 4, 8,
	1, OUTSIDE, 1 << KILL | 1 << DEAD_LOCK, 1 << GONE, asks, inflates, holds_c_and_asks,
	lives_until_killed);
BOTH(n4, "n4", "N4: a victim asks while a callback sleeps", n4_setup, 3, 0, 2,
	1 << NO_KILL | 1 << LOCK_UP, 1 << NO_KILL, one_oom_step, holds_b_for_the_victim,
	asks_and_leaves);
BOTH(n5, "n5", "N5: SysRq-f with a full balloon, and a request", n5_setup, 3, 2, 3, 1 << NO_KILL,
	1 << KILL, presses_f, lives_until_killed, asks);
