/*
 * apptest: what apps are promised (DESIGN §4): ordinary C on newlib, an address space, globals
 * and libc state of their own, floating point that survives preemption, and a kill that works.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/scenarios/app_test.h"

static int private_global = 42;
static char big_bss[100000];

static void change_globals(long value)
{
	private_global = (int)value;
	memset(big_bss, 1, sizeof(big_bss));
	exit(private_global == value ? 7 : 1);
}

static void test_globals_are_private(void)
{
	int code = 0;

	lw_spawn("globals", change_globals, 43);
	lw_wait(&code);
	report(code == 7 && private_global == 42 && big_bss[99999] == 0, "globals_are_private");
}

static void test_libc(void)
{
	char text[64];
	char *p = malloc(3000000), *q = malloc(100);

	memset(p, 7, 3000000);
	snprintf(text, sizeof(text), "%.3f %zu %lld %s", 3.14159, sizeof(p), 1ll << 40, "x");
	report(!strcmp(text, "3.142 8 1099511627776 x"), "printf_knows_floats_and_wide_integers");
	report(p && q && p[2999999] == 7, "malloc_gives_memory");
	free(p);
	free(q);
}

static double spin_sum(int start)
{
	double sum = 0;

	for (int i = start; i < start + 1000; i++)
		sum += i * 0.5;
	return sum;
}

static void fp_app(long start)
{
	double expected = 0.5 * (1000.0 * start + 1000.0 * 999.0 / 2);

	while (spin_sum((int)start) == expected)
		;
	exit(1);
}

/* For several ticks, which interrupt them in the middle of a sum. */
static void test_fp_survives_preemption(void)
{
	int code, bad = 0, pid[4];

	for (long i = 0; i < 4; i++)
		pid[i] = lw_spawn("fp", fp_app, i * 1000);
	lw_sleep_ms(40);
	for (int i = 0; i < 4; i++) {
		lw_kill(pid[i]);
		bad += lw_wait(&code) < 0 || code != -9;
	}
	report(bad == 0, "fp_state_survives_preemption");
}

static void busy(long unused)
{
	(void)unused;
	for (;;)
		private_global++;
}

static void sleeper(long unused)
{
	(void)unused;
	for (;;)
		lw_wait_event(lw_event_count());
}

static void test_kill(void (*fn)(long), const char *name)
{
	int code = 0, pid = lw_spawn("target", fn, 0);

	lw_sleep_ms(12);
	report(lw_alive(pid), "is_alive_before_the_kill");
	lw_kill(pid);
	report(lw_wait(&code) == pid && code == -9, name);
}

static void grandchild(long unused)
{
	(void)unused;
	lw_sleep_ms(20);
	exit(5);
}

static void short_lived_parent(long unused)
{
	(void)unused;
	lw_spawn("grandchild", grandchild, 0);
}

static void test_orphans(void)
{
	int code = 0, pid = lw_spawn("parent", short_lived_parent, 0);
	int ok = lw_wait(&code) == pid && code == 0;

	report(ok && lw_wait(&code) > pid && code == 5,
		"an_orphan_is_collected_by_its_grandparent");
}

static void test_bad_unmap(void)
{
	char *p = lw_map(2 * 4096);

	p[0] = 55;
	report(lw_unmap(p + 4000, 200) == -1 && lw_unmap(p, (size_t)-1) == -1 &&
			lw_unmap(p, 0) == -1 && p[0] == 55,
		"a_bad_unmap_changes_nothing");
	lw_unmap(p, 2 * 4096);
}

/* What was only read has been the page of zeroes that all share. */
static void test_read_then_write(void)
{
	char *p = lw_map(3 * 4096), *q = lw_map(4096);
	int zero = !p[0] && !p[4096] && !p[2 * 4096] && !q[0];

	p[4096] = 42;
	report(zero && p[4096] == 42 && !p[4097] && !p[0] && !p[2 * 4096] && !q[0],
		"what_was_only_read_can_be_written");
	lw_unmap(p, 3 * 4096);
	lw_unmap(q, 4096);
}

static void test_map(void)
{
	char *a = lw_map(1 << 20), *b = lw_map(1 << 20);

	a[0] = 1;
	b[(1 << 20) - 1] = 2;
	report(a && b && a[1] == 0, "mapped_memory_is_zero");
	lw_unmap(a, 1 << 20);
	a = lw_map(4096);
	report(a && a[0] == 0, "unmapped_memory_comes_back_zero");
}

/* Writing where it is not allowed would end the test: only that it can be allowed again is seen. */
static void test_protect(void)
{
	char *p = lw_map(3 * 4096);

	memset(p, 5, 2 * 4096);
	report(lw_protect(p, 3 * 4096, 0) == 0 && p[0] == 5 && p[4096] == 5 && p[2 * 4096] == 0,
		"a_read_only_page_can_be_read");
	report(lw_protect(p + 4096, 2 * 4096, 1) == 0, "it_can_be_made_writable");
	p[4096] = p[3 * 4096 - 1] = 6;
	report(p[4096] == 6 && p[0] == 5 && p[3 * 4096 - 1] == 6, "and_then_be_written");
	lw_unmap(p + 4096, 4096);
	report(lw_protect(p, 3 * 4096, 1) == -1 && lw_protect(p + 1, 4096, 1) == -1 &&
			lw_protect(p, 0, 1) == -1,
		"only_what_is_mapped_can_be_protected");
	lw_unmap(p, 3 * 4096);
}

static long free_pages(void)
{
	struct lw_meminfo info;

	lw_meminfo(&info);
	return info.free;
}

static void test_mlock(void)
{
	char *p = lw_map(1 << 20);
	long before = free_pages();

	report(lw_mlock(p, 1 << 20) == 0 && before - free_pages() > 200 && p[(1 << 20) - 1] == 0,
		"mlock_makes_pages_present");
	report(lw_munlock(p, 1 << 20) == 0 && lw_mlock(p + 100, 4096) == -1, "munlock_undoes_it");
	lw_mlock(p, 4096);
	lw_unmap(p, 1 << 20);
	report(lw_mlock(p, 4096) == -1 && lw_munlock(p, 4096) == -1,
		"only_what_is_mapped_can_be_locked");
}

static void add_to(long where)
{
	++*(volatile int *)where;
}

static void test_map_shared(void)
{
	volatile int *p = lw_map_shared(2 * 4096);
	int code;

	report(p && p[0] == 0 && p[2047] == 0, "shared_memory_is_zero");
	p[0] = 41;
	lw_clone("sharer", 0, add_to, (long)p);
	lw_wait(&code);
	report(p[0] == 42, "shared_memory_is_seen_by_who_shares_it");
	report(lw_unmap((void *)p, 2 * 4096) == 0, "shared_memory_can_be_unmapped");
}

static void test_log_of_bad_text(void)
{
	lw_log((const char *)0x10, 5);
	lw_log((const char *)0x8000000000000000, 5);
	report(1, "a_bad_pointer_in_a_kernel_call_is_survived");
}

static long crash KERNEL_DATA;
static const struct param knobs[] = {
	{"crash", "1: end in a wild pointer", 0, 1, &crash, NULL},
};

static void apptest(long unused)
{
	(void)unused;
	if (crash)
		*(volatile int *)0x1234 = 1;
	test_globals_are_private();
	test_libc();
	test_fp_survives_preemption();
	test_kill(busy, "a_kill_ends_a_busy_app");
	test_kill(sleeper, "a_kill_ends_a_killable_sleep");
	test_orphans();
	test_map();
	test_read_then_write();
	test_bad_unmap();
	test_protect();
	test_mlock();
	test_map_shared();
	test_log_of_bad_text();
	report_end();
}

static const struct scenario_arm arms[] = {
	{.patch = "none", .outcome = "completed", .checks = REPORT_CHECKS},
};

SCENARIO(apptest_scenario) = {
	.name = "apptest",
	.help = "what apps are promised: address space, globals, libc, floats, kills",
	.group = "test",
	.app = apptest,
	.knobs = knobs,
	.nr_knobs = ARRAY_SIZE(knobs),
	.arms = arms,
	.nr_arms = ARRAY_SIZE(arms),
};
