/*
 * soak: a mix of everything, drawn from the seed, for so many virtual minutes. In each phase some apps
 * live, with memory of their own, shared or locked, or with a program's text; the host has moved the
 * balloon before, and meanwhile the receive ring fills and empties, somebody is killed, and SysRq-f is
 * pressed. At a phase's end nobody is left, and all must be as it was: mm_validate(), no slot in use
 * but this app's own. The first phase, and every fourth, wants more than memory and swap together.
 *
 * The watchdog waits long: 4.8's direct reclaim, once it has come down to priority 0 with pages of both
 * kinds on its lists, goes on beyond the 32 that it wants (§17.5); in a debug build these are minutes.
 *
 *     make sweep SCENARIO=soak SEEDS=1..20 CPUS=2
 */
#include <stdio.h>
#include <stdlib.h>

#include "kernel/dev/virtio/virtio_balloon.h"
#include "kernel/task/scenario.h"
#include "tests/scenarios/soak_work.h"
#include "tests/workloads/quiet.h"
#include "tests/workloads/rxring.h"

#define MOST_APPS 8
#define OWN_SLOTS 128 /* pages of this app's that may be in swap */
#define KILLED    (-9)

static long minutes KERNEL_DATA = 30;
static long phase_ms KERNEL_DATA = 30000;
static long most_rounds KERNEL_DATA = 2;

static const struct param knobs[] = {
	{"minutes", "virtual time that it takes, about", 1, 100000, &minutes, NULL},
	{"phase_ms", "virtual milliseconds from one phase to the next, if it has ended by then",
		100, 1000000, &phase_ms, NULL},
	{"rounds", "how often apps use each of their pages, at most", 1, 100, &most_rounds, NULL},
};

static struct soak_plan plans[MOST_APPS] KERNEL_DATA;

/* This app's own, and of all phases. */
static unsigned long rand_state;
static int pids[MOST_APPS];
static long nr_apps, nr_left, mib;
static struct {
	long phases, apps, well, killed, refused, targets;
} sum;

static long draw(long below)
{
	return soak_draw(&rand_state, below);
}

static void life(long which)
{
	lw_set_oom_score_adj(lw_pid(), 0);
	soak_live(&plans[which]);
}

/* So many pages in all, in unequal parts. */
static void draw_plans(long pages)
{
	nr_apps = 2 + draw(MOST_APPS - 1);
	for (long i = 0; i < nr_apps; i++) {
		struct soak_plan *p = &plans[i];

		p->kind = i ? draw(SOAK_KINDS) : SOAK_ANON;
		p->pages = 64 + (i == 0 ? pages / 2 : pages / nr_apps * draw(100) / 100);
		p->rounds = 1 + draw(most_rounds);
		p->rand = draw(1ul << 30);
		if (p->kind == SOAK_LOCKED)
			p->pages = 16 + p->pages / 16;
		if (p->kind == SOAK_FILE)
			p->pages = 512 + draw(4096);
	}
	if (sum.phases % 4 == 0)
		plans[0].pages = pages;
}

static void start_apps(void)
{
	nr_left = 0;
	for (long i = 0; i < nr_apps; i++) {
		pids[i] = lw_spawn(soak_names[plans[i].kind], life, i);
		nr_left += pids[i] > 0;
		sum.apps += pids[i] > 0;
		sum.refused += pids[i] <= 0;
	}
}

static void note_end(int code)
{
	nr_left--;
	sum.well += code == 0;
	sum.killed += code == KILLED;
	sum.refused += code == LW_NO_MEMORY;
	if (code != 0 && code != KILLED && code != LW_NO_MEMORY) {
		printf("an app ended with %d\n", code);
		exit(1);
	}
}

/* Those that have ended already. */
static void collect(void)
{
	long alive = 0;
	int code;

	for (long i = 0; i < nr_apps; i++)
		alive += pids[i] > 0 && lw_alive(pids[i]);
	while (nr_left > alive && lw_wait(&code) > 0)
		note_end(code);
}

/*
 * Before the apps are there: as long as it is not as large as it should be, its worker takes what its
 * notifier gives, and with notifiers inside of the killer nobody would ever be killed (devices.md
 * §35.14 N1').
 */
static void move_balloon(void)
{
	sum.targets += balloon_ask_target(mib - draw(mib / 4));
	while (balloon_pages() != balloon_target_pages())
		lw_sleep_ms(4);
}

/* Not the first one, which is to be short of memory. */
static void kill_somebody(void)
{
	long i = 1 + draw(nr_apps - 1);

	if (pids[i] > 0 && lw_alive(pids[i]))
		lw_kill(pids[i]);
}

static void by_hand(void)
{
	lw_sysrq('f');
	lw_sysrq_wait();
}

static void disturb(void)
{
	switch (draw(16)) {
	case 0:
		if (!draw(4))
			kill_somebody();
		break;
	case 1:
		if (!draw(8))
			by_hand();
		break;
	case 4:
	case 5:
	case 6:
		rxring_fill(draw(512) + 1);
		break;
	case 7:
	case 8:
		rxring_empty();
		break;
	}
}

/* The balloon must be empty, or what it has is missing. */
static void settle(void)
{
	rxring_empty();
	while (balloon_pages() || balloon_target_pages()) {
		balloon_ask_target(mib);
		balloon_wait();
	}
}

static void check(void)
{
	const char *err = quiet_and_right();
	struct lw_meminfo m;
	long own;

	lw_meminfo(&m);
	own = m.swap_total - m.swap_free - m.swap_cached;
	if (err || own > OWN_SLOTS) {
		printf("after phase %ld: %ld slots in use; %s\n", sum.phases, own,
			err ? err : "mm_validate found nothing");
		exit(1);
	}
	printf("phase %ld: %ld apps, %ld ended well, %ld killed, %ld refused, %ld by the OOM "
	       "killer; %ld pages out, %ld in\n",
		sum.phases, sum.apps, sum.well, sum.killed, sum.refused, lw_oom_kills(),
		lw_vmstat("pswpout"), lw_vmstat("pswpin"));
}

static void phase(void)
{
	long begin = quiet_now_ms(), left;
	struct lw_meminfo m;

	move_balloon();
	lw_meminfo(&m);
	if (sum.phases % 4 == 0)
		draw_plans((m.free + m.swap_free) * (100 + draw(20)) / 100);
	else
		draw_plans((m.free + m.swap_free) * (70 + draw(50)) / 100);
	start_apps();
	while (nr_left) {
		lw_sleep_ms(1 + draw(100));
		disturb();
		collect();
	}
	settle();
	sum.phases++;
	check();
	left = phase_ms - (quiet_now_ms() - begin);
	if (left > 0)
		lw_sleep_ms(left);
}

static void soak(long unused)
{
	struct lw_meminfo m;

	(void)unused;
	lw_set_oom_score_adj(lw_pid(), -1000);
	lw_meminfo(&m);
	mib = m.mib;
	rand_state = workload_seed;
	rxring_start(8);
	while (quiet_now_ms() < minutes * 60000)
		phase();
	rxring_stop();
	lw_counter(COUNTER("soak_phases"), sum.phases);
	lw_counter(COUNTER("soak_apps"), sum.apps);
	lw_counter(COUNTER("soak_ended_well"), sum.well);
	lw_counter(COUNTER("soak_killed"), sum.killed);
	lw_counter(COUNTER("soak_targets"), sum.targets);
}

#define A_MIX "soak_phases > 0", "soak_ended_well > 0", "soak_targets > 0", "pswpout > 0"
#define SHOWN "{soak_phases} phases, {soak_apps} apps, {soak_killed} killed, nothing lost"

static const struct scenario_arm arms[] = {
	{.patch = "none", .outcome = "oom-killed", .checks = {A_MIX}, .showed = SHOWN},
	{.patch = "series", .outcome = "oom-killed", .checks = {A_MIX}, .showed = SHOWN},
	{.patch = "oom-reaper,oom-reaper-skip",
		.outcome = "oom-killed",
		.checks = {A_MIX},
		.showed = SHOWN},
	{.patch = "all", .outcome = "oom-killed", .checks = {A_MIX}, .showed = SHOWN},
};

SCENARIO(soak_scenario) = {
	.name = "soak",
	.help = "a mix of everything, for long",
	.mem = {32, 4096},
	.cpus = {1, 8},
	.shift = 6,
	.group = "test",
	.app = soak,
	.knobs = knobs,
	.nr_knobs = ARRAY_SIZE(knobs),
	.arms = arms,
	.nr_arms = ARRAY_SIZE(arms),
	.args = "swap=card:65532:5,vdb:65532:3 root=vda watchdog_ms=600000",
	.mem_mib = 256,
	.devices = "disk=48:ext4:ro disk=64 balloon=deflate card=64",
};
