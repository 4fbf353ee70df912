/*
 * Samples of lists and swap, and maps of pageblocks (see memory_samples.h).
 */
#include "kernel/core/machine.h"
#include "kernel/core/param.h"
#include "kernel/core/time/time.h"
#include "kernel/core/time/timer.h"
#include "kernel/task/memory_samples.h"
#include "mm/alloc/exact.h"
#include "mm/show/page_map.h"
#include "mm/show/sample.h"

#define US_PER_SECOND 1000000

static struct timer sample_timer, map_timer;
static struct page_map map;
static long sample_us, map_us;
PARAM_INT("sample_us", sample_us, 0, 60 * US_PER_SECOND,
	"samples of free pages, lists and swap this often, in whole ticks (hz=); 0: none");
PARAM_INT("map_us", map_us, 0, 60 * US_PER_SECOND,
	"maps of all pageblocks this often, in whole ticks (hz=); 0: none");

static unsigned long in_ticks(long us)
{
	return (us * hz + US_PER_SECOND - 1) / US_PER_SECOND;
}

static void sample(struct timer *t)
{
	memory_sample(&system_memory, clock_ns(), "sample");
	timer_start(t, in_ticks(sample_us));
}

static void draw(struct timer *t)
{
	page_map_tell(&map, clock_ns());
	timer_start(t, in_ticks(map_us));
}

static void noticed(struct memory *m, const char *what)
{
	uint64_t ns = clock_ns();

	memory_sample(m, ns, what);
	if (map_us)
		page_map_tell(&map, ns);
}

static void start(struct timer *t, void (*fn)(struct timer *t))
{
	timer_init(t, fn);
	t->wakes_nobody = true;
	fn(t);
}

void memory_samples_prepare(void)
{
	struct memory *m = &system_memory;
	void *space;

	if (!map_us)
		return;
	space = alloc_pages_exact(m, page_map_size(m), GFP_KERNEL);
	if (!space)
		machine_refuse("machine: no memory for map_us=%ld", map_us);
	page_map_init(&map, m, space);
}

void memory_samples_start(void)
{
	if (!sample_us && !map_us)
		return;
	memory_sample_zones(&system_memory);
	if (sample_us)
		start(&sample_timer, sample);
	if (map_us)
		start(&map_timer, draw);
	system_memory.noticed = noticed;
}

void memory_samples_end(void)
{
	if (map_us)
		page_map_tell(&map, clock_ns());
}
