/*
 * The ruler: guest instructions of an operation, exact under -icount, interrupts off. What is
 * measured is called from another unit than it lives in, with flags that the compiler does not
 * know; the empty loop is subtracted.
 */
#ifndef GUEST_BENCH_H
#define GUEST_BENCH_H

#include "mm/alloc/page_alloc.h"

/* `n` operations; the loop is inside. */
typedef void (*bench_fn)(long n);

/* Instructions of fn(n), less those of an empty loop of n rounds. Leaves interrupts as they were. */
long bench_count(bench_fn fn, long n);

/* The same with interrupts on, for what needs them: right after a tick, well before the next. */
long bench_count_open(bench_fn fn, long n);

/* One result, to console and events: instructions for `ops` operations. */
void bench_report(const char *group, const char *name, long insns, long ops);

/* bench_count() after a first round that warms up, reported by itself. */
void bench_run(const char *group, const char *name, bench_fn fn, long n);

/* The groups, each in a file of its own. */
void bench_primitives(void);
void bench_patterns(void); /* pair, bulk, random free */
void bench_paths(void);    /* what the patterns are made of, one by one */
void bench_fault(void);
void bench_file_faults(void); /* on pages of a file */
void bench_slab(void);
void bench_disk(void); /* of a machine with a virtio disk */
void bench_swap(void); /* of one with swap */

#endif
