/*
 * A page fault of an app: the exception, the address space, a zeroed page. An app of its own, as
 * kernel tasks have no memory to fault on.
 */
#include "kernel/core/machine.h"
#include "kernel/task/app.h"
#include "kernel/task/calls.h"
#include "tests/guest/bench.h"

#define PAGES 256

static volatile char *area;

static void touch(long n)
{
	for (long i = 0; i < n; i++)
		area[i * PAGE_SIZE] = 1;
}

static void zero(long n)
{
	(void)n;
	clear_page((void *)area);
}

static void fault_app(long unused)
{
	long zeroing, faults;

	(void)unused;
	area = lw_map((2 * PAGES + 512) * PAGE_SIZE);
	/* One page table for all that is counted: it is there after the first touch. */
	area = (volatile char *)(((uint64_t)area + (2ul << 20) - 1) & ~((2ul << 20) - 1));
	area[0] = 1;
	zeroing = bench_count(zero, 1);
	area += PAGE_SIZE;
	faults = bench_count_open(touch, PAGES);
	bench_report("path", "anonymous page fault", faults, PAGES);
	bench_report(
		"path", "anonymous page fault, besides zeroing", faults - PAGES * zeroing, PAGES);
	lw_exit(0);
}

void bench_fault(void)
{
	int code;

	BUG_ON(!app_spawn("fault", fault_app, 0));
	app_wait(&code);
}
