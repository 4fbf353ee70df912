/*
 * mm/slab on the real machine, with interrupts and on all of its CPUs: the rules themselves are tested on the
 * host twin.
 */
#include <string.h>

#include "kernel/core/sched/smp.h"
#include "kernel/task/app.h"
#include "mm/show/validate.h"
#include "mm/slab/kmalloc.h"
#include "mm/slab/slab.h"
#include "mm/slab/slab_validate.h"
#include "tests/guest/ktest.h"

#define SLOTS  256
#define ROUNDS 4000

/* What is taken on one CPU is given back on any: each slot changes hands by an exchange. */
static unsigned char *slot[SLOTS];
static struct kmem_cache *shared;
static unsigned long damaged;

static void put(unsigned int n, unsigned char *object)
{
	unsigned char *before;

	if (object)
		memset(object, (int)n, shared->object_size);
	before = __atomic_exchange_n(&slot[n], object, __ATOMIC_ACQ_REL);
	if (!before)
		return;
	for (unsigned int i = 0; i < shared->object_size; i++)
		if (before[i] != (unsigned char)n)
			__atomic_fetch_add(&damaged, 1, __ATOMIC_RELAXED);
	kmem_cache_free(shared, before);
}

static void change_slots(void *arg)
{
	unsigned long at = (unsigned long)arg;

	for (unsigned int i = 0; i < ROUNDS; i++) {
		at = at * 6364136223846793005ul + 1442695040888963407ul;
		put(at >> 56, at >> 40 & 1 ? kmem_cache_alloc(shared, GFP_ATOMIC) : NULL);
		if (i % 1000 == 999)
			kmem_cache_shrink(shared);
	}
	app_exit(0);
}

KTEST(slab_objects_change_cpus)
{
	struct memory *m = &system_memory;
	int code;

	shared = kmem_cache_create(m, "ktest", 100, 0, SLAB_ACCOUNT, NULL);
	EXPECT(shared);
	damaged = 0;
	for (unsigned long i = 0; i < nr_cpus + 1; i++)
		EXPECT(kthread_spawn("slots", change_slots, (void *)(i + 1)));
	while (app_wait(&code) > 0)
		;
	EXPECT(!mm_validate(m) && !slab_validate_pages(m));
	for (unsigned int n = 0; n < SLOTS; n++)
		put(n, NULL);
	EXPECT(!damaged);
	EXPECT(kmem_cache_destroy(shared));
	return NULL;
}

KTEST(slab_destroy_finds_a_leak)
{
	struct kmem_cache *s =
		kmem_cache_create(&system_memory, "ktest-leak", 100, 0, SLAB_ACCOUNT, NULL);
	void *object;

	EXPECT(s);
	object = kmem_cache_alloc(s, GFP_KERNEL);
	EXPECT(object);
	EXPECT(!kmem_cache_destroy(s));
	kmem_cache_free(s, object);
	EXPECT(kmem_cache_destroy(s));
	return NULL;
}

KTEST(kmalloc_of_each_size)
{
	struct memory *m = &system_memory;

	for (size_t size = 1; size <= 65536; size += size / 3 + 1) {
		unsigned char *p = kzalloc(m, size, GFP_KERNEL);

		EXPECT(p && p[0] == 0 && p[size - 1] == 0);
		memset(p, 0xff, size);
		kfree(m, p);
	}
	EXPECT(!slab_validate_pages(m));
	return NULL;
}
