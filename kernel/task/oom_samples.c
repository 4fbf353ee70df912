/*
 * Samples of the victims' memory (see oom_samples.h).
 */
#include "kernel/core/time/time.h"
#include "kernel/core/time/timer.h"
#include "kernel/task/oom_samples.h"
#include "mm/oom/oom_watch.h"

#define SAMPLES_A_SECOND 50

static struct timer timer;

static void sample(struct timer *t)
{
	oom_watch_sample(&system_memory);
	timer_start(t, hz / SAMPLES_A_SECOND);
}

void oom_samples_start(void)
{
	timer_init(&timer, sample);
	timer.wakes_nobody = true;
	timer_start(&timer, hz / SAMPLES_A_SECOND);
}
