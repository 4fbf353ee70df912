/*
 * Lists and swap over time, for the runner: with sample_us=N every N microseconds of virtual time, in whole
 * ticks, from the scenario's start on (mm/show/sample.h). A sample takes some thousand instructions of the run
 * that it is about.
 */
#ifndef TASK_MEMORY_SAMPLES_H
#define TASK_MEMORY_SAMPLES_H

/* Until the end of the run. Task context. */
void memory_samples_start(void);

#endif
