/*
 * A page fault of an app: the exception, the address space, a zeroed page. An app of its own, as
 * kernel tasks have no memory to fault on. And the way back: pages unmapped, one by one and by
 * the end of an address space, which no app need be in.
 */
#include "kernel/core/machine.h"
#include "kernel/task/app.h"
#include "kernel/task/calls.h"
#include "mm/space/mm.h"
#include "tests/guest/bench.h"

#define PAGES       256
#define ZERO_PAGES  128
#define UNMAP_PAGES 2048ul
#define UNMAP_AT    0x1000000000ul

static volatile char *area;

static void touch(long n)
{
	for (long i = 0; i < n; i++)
		area[i * PAGE_SIZE] = 1;
}

static void look(long n)
{
	for (long i = 0; i < n; i++)
		(void)area[i * PAGE_SIZE];
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
	area += PAGES * PAGE_SIZE; /* further on under the same table */
	bench_report(
		"path", "read fault, zero page", bench_count_open(look, ZERO_PAGES), ZERO_PAGES);
	bench_report("path", "write fault on the zero page", bench_count_open(touch, ZERO_PAGES),
		ZERO_PAGES);
	lw_exit(0);
}

static struct mm *space;

static void fill_space(void)
{
	space = mm_create(&system_memory);
	BUG_ON(!space || !mm_map(space, UNMAP_AT, UNMAP_PAGES * PAGE_SIZE, VM_WRITE));
	for (unsigned long i = 0; i < UNMAP_PAGES; i++)
		BUG_ON(mm_fault(space, UNMAP_AT + i * PAGE_SIZE, FAULT_WRITE) != FAULT_OK);
}

static void unmap(long n)
{
	(void)n;
	mm_unmap(space, UNMAP_AT, UNMAP_PAGES * PAGE_SIZE);
}

static void tear_down(long n)
{
	(void)n;
	mm_put_user(space);
}

static void measure_unmap(void)
{
	fill_space();
	bench_report("path", "munmap, per page", bench_count_open(unmap, 1), UNMAP_PAGES);
	mm_put_user(space);
	fill_space();
	bench_report("path", "exit, per page", bench_count_open(tear_down, 1), UNMAP_PAGES);
}

void bench_fault(void)
{
	int code;

	BUG_ON(!app_spawn("fault", fault_app, 0));
	app_wait(&code);
	measure_unmap();
}
