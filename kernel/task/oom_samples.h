/*
 * The victims' memory over time, as samples for the runner: 50 a second of virtual time while the
 * OOM killer has victims that live.
 */
#ifndef TASK_OOM_SAMPLES_H
#define TASK_OOM_SAMPLES_H

/* Until the end of the run. Task context. */
void oom_samples_start(void);

#endif
