/*
 * Apps that take memory (see hog.h).
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/scenarios/hog.h"

#define EXTENT 256l /* pages mapped at a time */

void fail(const char *what)
{
	printf("%s\n", what);
	exit(LW_NO_MEMORY);
}

long free_pages_now(void)
{
	struct lw_meminfo m;

	lw_meminfo(&m);
	return m.free;
}

long min_pages(void)
{
	struct lw_meminfo m;
	long sum = 0;

	lw_meminfo(&m);
	for (int i = 0; i < m.nr_zones; i++)
		sum += m.zone[i].min;
	return sum;
}

long pages_to_be_had(void)
{
	struct lw_meminfo m;
	long sum = 0;

	lw_meminfo(&m);
	for (int i = 0; i < m.nr_zones; i++) {
		const struct lw_zone *z = &m.zone[i];
		long pages = z->free - z->min - z->protection;

		sum += pages > 0 ? pages : 0;
	}
	return sum;
}

static void touch(volatile unsigned char *start, long pages)
{
	for (long i = 0; i < pages; i++)
		start[i * PAGE] = 1;
}

static unsigned char *map(long pages, enum hog_kind kind)
{
	unsigned char *p = kind == HOG_SHARED ? lw_map_shared(pages * PAGE) : lw_map(pages * PAGE);

	if (!p)
		fail("memory was refused");
	return p;
}

static void take(long pages, enum hog_kind kind)
{
	unsigned char *p = map(pages, kind);

	if (kind == HOG_MLOCKED && lw_mlock(p, pages * PAGE))
		fail("memory could not be locked");
	touch(p, pages);
}

long hog_until(long left, enum hog_kind kind)
{
	long taken = 0, n;

	while ((n = pages_to_be_had() - left) > 0) {
		n = n < EXTENT ? n : EXTENT;
		take(n, kind);
		taken += n;
	}
	return taken;
}

void hog_pages(long pages)
{
	take(pages, HOG_PLAIN);
}

void sleep_for_ever(void)
{
	static volatile int never KERNEL_DATA; /* nothing to fault on */

	for (;;)
		lw_futex_wait(&never, 0);
}

void take_the_rest(volatile long *flag)
{
	hog_until(min_pages() / 2, HOG_PLAIN);
	*flag = 1;
	lw_wake();
	sleep_for_ever();
}

void map_and_unmap(const volatile long *flag)
{
	wait_until(flag);
	for (;;) {
		void *p = lw_map(PAGE);

		if (p)
			lw_unmap(p, PAGE);
	}
}

void wait_until(const volatile long *flag)
{
	for (;;) {
		long seen = lw_event_count();

		if (*flag)
			return;
		lw_wait_event(seen);
	}
}

void wait_for_app(int pid, const volatile long *flag)
{
	for (;;) {
		long seen = lw_event_count();

		if (*flag)
			return;
		if (!lw_alive(pid))
			fail("an app ended before its time");
		lw_wait_event(seen);
	}
}

int wait_for_child(int pid, const volatile long *flag)
{
	int code, ended = lw_wait(&code);

	if (ended == pid && !*flag)
		fail("an app ended before its time");
	return ended;
}

static volatile long ready KERNEL_DATA;

int hog_start(const char *name, void (*fn)(long), long arg)
{
	int pid;

	ready = 0;
	pid = lw_spawn(name, fn, arg);
	if (pid < 0)
		fail("an app could not be started");
	return pid;
}

void hog_is_ready(void)
{
	ready = 1;
	lw_wake();
}

void hog_wait_ready(int pid)
{
	while (!ready && lw_alive(pid))
		lw_sleep_ms(4);
}

void hog_small(long pages)
{
	hog_pages(pages);
	hog_is_ready();
	sleep_for_ever();
}

void be_patient(void)
{
	struct lw_meminfo m;

	lw_meminfo(&m);
	if (m.mib > 1024)
		lw_watchdog_at_least(2 * m.mib);
}
