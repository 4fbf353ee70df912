/*
 * Objects of slabs on several CPUs: each slot of a table changes hands by an exchange, so that what one CPU took
 * another one gives back; now and then a cache is shrunk, which disturbs all (see threads.h).
 */
#include "threads.h"

#include "host_machine.h"
#include "kernel/core/rand.h"
#include "mm/show/validate.h"
#include "mm/slab/kmalloc.h"
#include "mm/slab/slab.h"
#include "mm/slab/slab_validate.h"

#define CPUS  4
#define SLOTS 512

static struct memory *m;
static unsigned char *slots[SLOTS];
static unsigned long steps;

/* Of all sizes up to a page, most of them small; the slot says which, and what it is filled with. */
static size_t size_of(unsigned int n)
{
	return 8ul << n % 10;
}

static void put(unsigned int n, unsigned char *object)
{
	unsigned char *before;

	if (object)
		memset(object, n & 0xff, size_of(n));
	before = __atomic_exchange_n(&slots[n], object, __ATOMIC_ACQ_REL);
	for (size_t i = 0; before && i < size_of(n); i++)
		if (before[i] != (n & 0xff))
			panic("an object of %zu bytes was somebody else's, too", size_of(n));
	kfree(m, before);
}

static void change_slots(void *seed)
{
	struct rand r;

	rand_seed(&r, (uintptr_t)seed * MAX_CPUS + this_cpu_id());
	for (unsigned long step = 0; step < steps; step++) {
		unsigned int n = rand_below(&r, SLOTS);

		put(n, rand_below(&r, 2) ? kmalloc(m, size_of(n), GFP_ATOMIC) : NULL);
		if (rand_below(&r, 500) == 0)
			kmem_cache_shrink(&m->slab.kmalloc[3 + rand_below(&r, 10)]);
	}
}

const char *run_slab(struct memory *memory, unsigned long nr_steps, uintptr_t seed)
{
	long before = all_free(memory);
	const char *wrong;

	m = memory;
	steps = nr_steps;
	tasks_start(CPUS, 0);
	run_on_threads(CPUS, change_slots, (void *)seed);
	wrong = mm_validate(m);
	if (!wrong)
		wrong = slab_validate_pages(m);
	for (unsigned int n = 0; n < SLOTS; n++)
		put(n, NULL);
	if (!wrong && all_free(m) != before)
		wrong = "pages are lost";
	return wrong;
}
