/* A function that does nothing, in a unit of its own: what a call costs. */
#ifndef GUEST_BENCH_CALLEE_H
#define GUEST_BENCH_CALLEE_H

long bench_callee(long n);

#endif
