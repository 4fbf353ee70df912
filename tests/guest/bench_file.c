/*
 * A page fault on a mapped file whose pages are in memory (§32.5): as many as go at once, and one alone. The
 * file is of this file's own, and is read at once.
 */
#include "kernel/core/machine.h"
#include "kernel/task/app.h"
#include "kernel/task/calls.h"
#include "mm/cache/page_cache.h"
#include "mm/cache/readahead.h"
#include "mm/space/mm.h"
#include "tests/guest/bench.h"

#define PAGES   512ul /* one page table's */
#define AT_ONCE 16ul

static struct address_space bench_mapping;
static struct file *bench_file;

static volatile char *area;

static void read_at_once(struct address_space *as, struct page **pages, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		mapping_read_end(as, pages[i], 0);
}

static const struct address_space_ops bench_ops = {.readpages = read_at_once};

/* One page of each window. */
static void look(long n)
{
	for (long i = 0; i < n; i++)
		(void)area[i * AT_ONCE * PAGE_SIZE];
}

/* The app looks at the first page of each window but the first one, for which the table is made. */
static void fault_app(long pages)
{
	long windows = PAGES / AT_ONCE - 1;

	kernel_enter();
	area = (volatile char *)mm_map_file(
		current->mm, MAP_BASE, PAGES * PAGE_SIZE, 0, bench_file, 0);
	kernel_leave();
	look(1);
	area += AT_ONCE * PAGE_SIZE;
	if (pages == 1)
		bench_report("path", "file fault, one cached page", bench_count_open(look, windows),
			windows);
	else
		bench_report("path", "file fault, 16 cached pages, per page",
			bench_count_open(look, windows), windows * AT_ONCE);
	lw_exit(0);
}

/* So many pages of each window are in memory. */
static void measure(unsigned long pages)
{
	int code;

	for (unsigned long at = 0; at < PAGES; at += AT_ONCE)
		__do_page_cache_readahead(bench_file, at, pages, 0);
	BUG_ON(mapping_pages(&bench_mapping) != PAGES / AT_ONCE * pages);
	BUG_ON(!app_spawn("file", fault_app, pages));
	app_wait(&code);
}

void bench_file_faults(void)
{
	mapping_init(&bench_mapping, &system_memory, PAGES * PAGE_SIZE, &bench_ops, NULL);
	bench_file = file_open(&bench_mapping);
	BUG_ON(!bench_file);
	measure(1);
	measure(AT_ONCE);
	file_put(bench_file);
	mapping_destroy(&bench_mapping);
}
