/*
 * A machine on which nothing is free, for the tests of the slow path and of its retry decision.
 */
#ifndef HOST_STARVED_H
#define HOST_STARVED_H

#include "twin.h"

#include "host_machine.h"
#include "mm/alloc/highatomic.h"
#include "mm/space/mm.h"
#include "mm/page/pageblock.h"
#include "mm/page/patch.h"
#include "rounds.h"
#include "shrink.h"

#define M         MIGRATE_MOVABLE
#define U         MIGRATE_UNMOVABLE
#define H         MIGRATE_HIGHATOMIC
#define NO_VICTIM "Out of memory and no killable processes..."

static struct memory *m;
static struct zone *z;
static struct fake_shrinker shrinker;

/* Nothing is free, no mark holds, nobody can be killed. */
static inline void start(unsigned int patches)
{
	m = machine_with(10, patches);
	memory_empty(m);
	memory_no_marks(m);
	z = dma32(m);
	fake_shrinker_add(m, &shrinker);
}

static inline int setup(void **state)
{
	int err = twin_setup(state);

	start(0);
	return err;
}

/* `blocks` H blocks of 1024 free pages from 4096, of which `counted` are in the counter. */
static inline void reserve_of(unsigned int blocks, unsigned int counted)
{
	for (unsigned long pfn = 4096; blocks--; pfn += 1024) {
		set_pageblock_type(z, pfn, H);
		zone_put(z, pfn, 10, H);
	}
	z->nr_reserved_highatomic = counted * 1024;
}

/* Rounds of direct reclaim so far; none of them has freed anything. */
static inline unsigned long rounds_so_far(void)
{
	return rounds_in_vain(shrinker.calls);
}

static inline void free_one_page(void)
{
	zone_put(z, 9500, 0, U);
}

/* Every test of a file that includes this starts on such a machine. */
#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, twin_teardown)

#endif
