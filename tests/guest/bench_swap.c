/*
 * What a page costs on its way to swap, and back: pages of an app, which are looked at when they are active, then when
 * they are inactive, and written to the first area; then the app reads them, or writes to them.
 */
#include "kernel/core/machine.h"
#include "kernel/task/app.h"
#include "kernel/task/calls.h"
#include "mm/lru/pagevec.h"
#include "mm/reclaim/scan.h"
#include "tests/guest/bench.h"

#define PAGES 1024l

static volatile char *area;
static struct scan_control control;

static void write_all(long n)
{
	for (long i = 0; i < n; i++)
		area[i * PAGE_SIZE] = 1;
}

static void read_all(long n)
{
	for (long i = 0; i < n; i++)
		(void)area[i * PAGE_SIZE];
}

static void deactivate(long n)
{
	for (; n > 0; n -= SWAP_CLUSTER_MAX)
		shrink_active_list(&control, SWAP_CLUSTER_MAX, LRU_ANON);
}

static void reclaim(long n)
{
	for (; n > 0; n -= SWAP_CLUSTER_MAX)
		control.nr_reclaimed += shrink_inactive_list(&control, SWAP_CLUSTER_MAX, LRU_ANON);
}

static void prepare(void)
{
	control = (struct scan_control){.memory = &system_memory,
		.gfp = GFP_KERNEL,
		.highest = ZONE_MOVABLE,
		.may_writepage = true,
		.nr_to_reclaim = PAGES};
	lru_add_drain(&system_memory);
}

/* What is active now leaves memory; the app's own few pages come along. */
static void all_out(const char *deactivating, const char *reclaiming)
{
	long active, out;

	kernel_enter();
	current->flags |= PF_MEMALLOC;
	prepare();
	active = bench_count_open(deactivate, PAGES);
	out = bench_count_open(reclaim, PAGES);
	current->flags &= ~PF_MEMALLOC;
	kernel_leave();
	if (!deactivating)
		return;
	bench_report("swap", deactivating, active, PAGES);
	bench_report("swap", reclaiming, out, control.nr_reclaimed);
}

static void swap_app(long unused)
{
	(void)unused;
	area = lw_map((PAGES + 1) * PAGE_SIZE);
	write_all(PAGES);
	all_out("an active page becomes inactive", "an inactive page goes to the card");
	bench_report("swap", "it comes back by a read, with its neighbours",
		bench_count_open(read_all, PAGES), PAGES);
	write_all(PAGES);
	all_out(NULL, NULL);
	bench_report("swap", "it comes back by a write, with its neighbours",
		bench_count_open(write_all, PAGES), PAGES);
	lw_exit(0);
}

void bench_swap(void)
{
	int code;

	if (!system_memory.total_swap_pages)
		return;
	BUG_ON(!app_spawn("swap", swap_app, 0));
	app_wait(&code);
}
