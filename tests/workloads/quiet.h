/*
 * Between the phases of a long mix: everybody has ended, and what is left must agree with itself.
 */
#ifndef WORKLOADS_QUIET_H
#define WORKLOADS_QUIET_H

/*
 * Wait until the reaper, workers and kswapd have nothing to do, then mm_validate(): NULL, or its line.
 * Called by an app, the only one.
 */
const char *quiet_and_right(void);
/* Wait until kswapd sleeps. Apps. */
void quiet_kswapd(void);
/* From when it next wakes on, and for good, it runs on this CPU only, which is online. Apps. */
void quiet_kswapd_on(unsigned int cpu);
/* Virtual time since boot. Apps. */
long quiet_now_ms(void);

#endif
