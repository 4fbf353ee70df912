/*
 * The machine's memory over time, for the runner, from the scenario's start on: with sample_us=N lists and swap
 * (mm/show/sample.h) every N microseconds of virtual time, with map_us=N what each pageblock is
 * (mm/show/page_map.h), both in whole ticks. With either, there is a sample at each moment that memory_notice()
 * tells of, and with map_us= a map of the same time.
 *
 * A sample takes some thousand instructions of the run that it is about, a map some ten thousand and more;
 * unasked, neither takes any.
 */
#ifndef TASK_MEMORY_SAMPLES_H
#define TASK_MEMORY_SAMPLES_H

/* Before anybody counts what is in use: maps need a few pages. Task context. */
void memory_samples_prepare(void);
/* Until the end of the run. Task context. */
void memory_samples_start(void);
/* The last map. Any context. */
void memory_samples_end(void);

#endif
