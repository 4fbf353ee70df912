/*
 * Memory of any size from slabs: the same object again and again (pair), and many taken and then given
 * back in order (bulk), which need slabs from the page allocator and give them back.
 */
#include "kernel/core/log/printk.h"
#include "mm/slab/kmalloc.h"
#include "mm/slab/slab.h"
#include "tests/guest/bench.h"

#define MOST 512

static volatile size_t size; /* volatile: the compiler must not know them */
static volatile gfp_t gfp = GFP_ATOMIC;
static void *object[MOST];

static void pairs(long n)
{
	while (n--)
		kfree(&system_memory, kmalloc(&system_memory, size, gfp));
}

static void take(long n)
{
	for (long i = 0; i < n; i++)
		object[i] = kmalloc(&system_memory, size, gfp);
}

static void give(long n)
{
	for (long i = 0; i < n; i++)
		kfree(&system_memory, object[i]);
}

static void measure_many(long n)
{
	char name[48];

	ksnprintf(name, sizeof(name), "kmalloc %lu bytes, %ld: allocate", size, n);
	bench_report("bulk", name, bench_count(take, n), n);
	ksnprintf(name, sizeof(name), "kmalloc %lu bytes, %ld: free", size, n);
	bench_report("bulk", name, bench_count(give, n), n);
}

void bench_slab(void)
{
	static const size_t sizes[] = {8, 64, 256, 1024, 4096, 8192, 16384};
	char name[48];

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		size = sizes[i];
		ksnprintf(name, sizeof(name), "kmalloc %lu bytes", size);
		bench_run("pair", name, pairs, 1000);
	}
	for (size = 64; size <= 1024; size *= 16)
		measure_many(MOST);
	slab_shrink_all(&system_memory);
}
