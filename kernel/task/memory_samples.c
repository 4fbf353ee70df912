/*
 * Samples of lists and swap (see memory_samples.h).
 */
#include "kernel/core/param.h"
#include "kernel/core/time/time.h"
#include "kernel/core/time/timer.h"
#include "kernel/task/memory_samples.h"
#include "mm/show/sample.h"

#define US_PER_SECOND 1000000

static struct timer timer;
static long interval;
PARAM_INT("sample_us", interval, 0, 60 * US_PER_SECOND,
	"samples of free pages, lists and swap this often, in whole ticks (hz=); 0: none");

static unsigned long interval_in_ticks(void)
{
	return (interval * hz + US_PER_SECOND - 1) / US_PER_SECOND;
}

static void sample(struct timer *t)
{
	memory_sample(&system_memory);
	timer_start(t, interval_in_ticks());
}

void memory_samples_start(void)
{
	if (!interval)
		return;
	timer_init(&timer, sample);
	timer.wakes_nobody = true;
	sample(&timer);
}
