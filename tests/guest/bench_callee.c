/* See bench_callee.h. */
#include "tests/guest/bench_callee.h"

long bench_callee(long n)
{
	return n;
}
