/*
 * balloon: a real virtio-balloon among the OOM notifiers (reference §9.5 N1, N3, N5; devices.md
 * §35.14).
 *
 * N1: an app wants all that there is, and more. A balloon that the host lets deflate gives 256 pages
 * back before each kill. Inside of the killer they suppress it, until the balloon is empty. Outside
 * they do not: unless the zone is above its high watermark now, somebody dies all the same.
 * N5: SysRq-f with a full balloon. Inside, 256 pages come back, and nobody dies.
 * N3: AB-BA with the balloon's own lock. It inflates: its worker asks for a page with balloon_lock
 * held, as 4.8's does, and its reclaim waits for a file's mutex. Whose owner wants memory, and comes to
 * the balloon's notifier, which waits for balloon_lock. Inside, oom_lock is held meanwhile: all others
 * take that for progress for ever, killed ones as well, and SysRq-f waits for it. Outside these two are
 * stuck as before, but nobody else: SysRq-f kills. A victim that is in the notifier leaves it at once
 * where callers wait for each other (balloon-mutex, the mail's form), and not where several are in the
 * callback (the review's): balloon_lock is waited for without minding a kill. What mends it is to ask
 * for pages before the lock (balloon-unlocked, later kernels).
 */
#include <stdio.h>
#include <stdlib.h>

#include "kernel/dev/virtio/virtio_balloon.h"
#include "kernel/task/scenario.h"
#include "tests/scenarios/hog.h"
#include "tests/workloads/lockholder.h"

#define MIB_PAGES 256l
#define FULL_MIB  4l   /* of the balloon */
#define NEED      512l /* pages: less than the balloon has */
#define SPARE     256l /* pages: more than several CPUs' counters are off */

static volatile long go KERNEL_DATA, mib KERNEL_DATA;

static void go_to(long target)
{
	if (!balloon_ask_target(target)) {
		printf("no balloon; expected one (DEVICES=\"balloon=deflate\")\n");
		exit(LW_NO_MEMORY);
	}
	while (balloon_pages() != balloon_target_pages())
		lw_sleep_ms(4);
}

static void end(int pid)
{
	int code;

	lw_kill(pid);
	while (lw_alive(pid))
		lw_wait(&code);
}

/* All that is to be had, what the balloon has, and more. */
static void greedy(long unused)
{
	(void)unused;
	hog_until(SPARE, HOG_PLAIN);
	hog_pages(2 * SPARE + 2 * FULL_MIB * MIB_PAGES);
	hog_is_ready();
	sleep_for_ever();
}

static void wants_more_than_there_is(void)
{
	long before = balloon_pages();
	int pid = hog_start("greedy", greedy, 0);

	hog_wait_ready(pid);
	lw_counter(COUNTER("n1_pages"), before - balloon_pages());
	end(pid);
}

static void by_hand_with_full_balloon(void)
{
	long kills = lw_oom_kills(), before;
	int pid = hog_start("small", hog_small, 64);

	hog_wait_ready(pid);
	go_to(mib - FULL_MIB - 1); /* another target than the last one, or it would not be heard */
	before = balloon_pages();
	lw_sysrq('f');
	lw_sysrq_wait();
	lw_counter(COUNTER("n5_kills"), lw_oom_kills() - kills);
	lw_counter(COUNTER("n5_pages"), before - balloon_pages());
	end(pid);
}

/* The largest app, and the one that the killer would choose. */
static void large(long unused)
{
	(void)unused;
	hog_until(SPARE, HOG_PLAIN);
	hog_is_ready();
	sleep_for_ever();
}

/* Has the file's mutex, and memory when the balloon's worker has come to wait for that. */
static void owner(long pages)
{
	hog_is_ready();
	inode_append_contended(1, pages, DEMAND_KERNEL);
}

/* Started before: whoever needs memory for that would wait for the mutex. */
static void bystander(long pages)
{
	wait_until(&go);
	nofs_demand(pages);
}

/* Is it still there 400 ms after it was killed? */
static int stays(int pid)
{
	lw_kill(pid);
	lw_sleep_ms(400);
	return lw_alive(pid);
}

/* Nothing else can end it; where nothing need, that was it. */
static void by_hand(int stuck)
{
	long kills = lw_oom_kills();

	if (!lw_alive(stuck))
		return;
	lw_sysrq('f');
	lw_sysrq_wait();
	lw_counter(COUNTER("n3_kills"), lw_oom_kills() - kills);
}

static void inflates_under_its_lock(void)
{
	int hog = hog_start("large", large, 0), other = lw_spawn("bystander", bystander, NEED),
	    holder;
	int code;

	hog_wait_ready(hog);
	inode_cache_start();
	holder = hog_start("owner", owner, NEED);
	hog_wait_ready(holder);
	balloon_ask_target(mib - 4 * FULL_MIB);
	for (int i = 0; i < 60 && lw_alive(holder); i++)
		lw_sleep_ms(20);
	lw_counter(COUNTER("n3_owner_stuck"), lw_alive(holder));
	go = 1;
	lw_wake();
	lw_sleep_ms(200);
	lw_counter(COUNTER("n3_victim_stays"), stays(other));
	by_hand(holder);
	while (lw_alive(holder) || lw_alive(other))
		lw_wait(&code);
	end(hog);
	inode_cache_stop();
	lockholder_free();
}

static void balloon(long unused)
{
	struct lw_meminfo info;

	(void)unused;
	lw_meminfo(&info);
	mib = info.mib;
	go_to(mib - FULL_MIB);
	wants_more_than_there_is();
	by_hand_with_full_balloon();
	inflates_under_its_lock();
	go_to(mib);
}

#define INSIDE  "n1_pages == 1024", "n5_kills == 0", "n5_pages == 256"
#define OUTSIDE "n1_pages == 256", "n5_kills == 1", "n5_pages == 0", "notifier_calls_locked == 0"
#define GREEDY  "victims == 'greedy'"
#define ALL_BUT "victims == 'greedy small large'"

static const struct scenario_arm arms[] = {
	{.patch = "none",
		.outcome = "lockup",
		.showed = "{n1_pages} pages before a kill; oom_lock held for balloon_lock",
		.checks = {INSIDE, GREEDY, "n3_owner_stuck == 1", "n3_victim_stays == 1"}},
	{.patch = "oom-notifier-outside",
		.outcome = "lockup",
		.showed = "{n1_pages} pages before a kill; SysRq-f kills, a victim stays",
		.checks = {OUTSIDE, ALL_BUT, "n3_victim_stays == 1"}},
	{.patch = "all",
		.outcome = "lockup",
		.showed = "{n1_pages} pages before a kill; SysRq-f kills, a victim stays",
		.checks = {OUTSIDE, ALL_BUT, "n3_victim_stays == 1"}},
};

static const struct scenario_arm arms_of_the_mail[] = {
	{.patch = "oom-notifier-outside",
		.outcome = "lockup",
		.showed = "{n1_pages} pages before a kill; SysRq-f kills, a victim leaves",
		.checks = {OUTSIDE, ALL_BUT, "n3_owner_stuck == 1", "n3_victim_stays == 0",
			"notifier_killed_early == 1"}},
};

static const struct scenario_arm arms_unlocked[] = {
	{.patch = "none",
		.outcome = "oom-killed",
		.showed = "{n1_pages} pages before a kill; nobody is stuck",
		/* The worker takes what comes back: where the balloon is empty then, one more dies. */
		.checks = {INSIDE, GREEDY " or victims == 'greedy large'", "n3_owner_stuck == 0",
			"n3_victim_stays == 0"}},
	{.patch = "oom-notifier-outside",
		.outcome = "oom-killed",
		.showed = "{n1_pages} pages before a kill; nobody is stuck",
		.checks = {OUTSIDE, ALL_BUT, "n3_owner_stuck == 0", "n3_victim_stays == 0"}},
};

static const struct scenario_arm arms_kept[] = {
	{.patch = "none",
		.outcome = "oom-killed",
		.showed = "no page before {oom_kills} kills; nobody is stuck",
		.checks = {"n1_pages == 0", "n5_kills == 1", "n5_pages == 0", ALL_BUT,
			"notifier_freed_pages == 0", "n3_owner_stuck == 0"}},
	{.patch = "oom-notifier-outside",
		.outcome = "oom-killed",
		.showed = "no page before {oom_kills} kills; nobody is stuck",
		.checks = {"n1_pages == 0", "n5_kills == 1", "n5_pages == 0", ALL_BUT,
			"notifier_freed_pages == 0", "n3_owner_stuck == 0"}},
};

#define BALLOON_SCENARIO                                                                           \
	.source = "oom-notifier", .mem_mib = 128, .shift = 4, .mem = {64, 1024}, .cpus = {1, 8},   \
	.group = "study", .app = balloon

#define ARGS "watchdog_ms=4000 min_free_kbytes=4096"

SCENARIO(balloon_scenario) = {
	.name = "balloon",
	.help = "a balloon that gives memory back before a kill, and inflates under its lock",
	.args = ARGS,
	.arms = arms,
	.nr_arms = ARRAY_SIZE(arms),
	.devices = "balloon=deflate",
	BALLOON_SCENARIO,
};

SCENARIO(balloon_mutex_scenario) = {
	.name = "balloon-mutex",
	.help = "the same where notifiers' callers wait for each other, as in the patch's mail",
	.args = ARGS " oom_notifier_mutex=1",
	.arms = arms_of_the_mail,
	.nr_arms = ARRAY_SIZE(arms_of_the_mail),
	.devices = "balloon=deflate",
	BALLOON_SCENARIO,
};

SCENARIO(balloon_unlocked_scenario) = {
	.name = "balloon-unlocked",
	.help = "the same where pages are asked for before the lock, as in later kernels",
	.args = ARGS " balloon_unlocked=1",
	.arms = arms_unlocked,
	.nr_arms = ARRAY_SIZE(arms_unlocked),
	.devices = "balloon=deflate",
	BALLOON_SCENARIO,
};

SCENARIO(balloon_kept_scenario) = {
	.name = "balloon-kept",
	.help = "the same where the host has not agreed to deflate on OOM",
	.args = ARGS,
	.arms = arms_kept,
	.nr_arms = ARRAY_SIZE(arms_kept),
	.devices = "balloon",
	BALLOON_SCENARIO,
};
