/*
 * States that have been seen (see cache.h): a hash table without chains, a word a state, whose
 * lowest three bits are the preemptions.
 */
#include <string.h>
#include <sys/mman.h>

#include "arena.h"
#include "cache.h"

#define FIRST_SIZE (1ul << 14)
#define COUNT_BITS 7ul

static uint64_t *table;
static unsigned long size, used, most;

void cache_clear(unsigned long most_bytes)
{
	if (table)
		munmap(table, size * sizeof(*table));
	size = FIRST_SIZE;
	used = 0;
	most = most_bytes / sizeof(*table);
	table = own_table(size * sizeof(*table));
}

unsigned long cache_states(void)
{
	return used;
}

/* Where the state is, or the free place for it. */
static uint64_t *place_of(uint64_t state)
{
	unsigned long i = state >> 20 & (size - 1);

	while (table[i] && (table[i] ^ state) & ~COUNT_BITS)
		i = (i + 1) & (size - 1);
	return &table[i];
}

static void grow(void)
{
	uint64_t *old = table;
	unsigned long old_size = size;

	size *= 2;
	table = own_table(size * sizeof(*table));
	for (unsigned long i = 0; i < old_size; i++)
		if (old[i])
			*place_of(old[i]) = old[i];
	munmap(old, old_size * sizeof(*table));
}

bool cache_seen(uint64_t state, unsigned int preemptions)
{
	uint64_t *at = place_of(state);

	if (*at) {
		if ((*at & COUNT_BITS) <= preemptions)
			return true;
		*at = (*at & ~COUNT_BITS) | preemptions;
		return false;
	}
	if (used >= size / 2) {
		if (size >= most)
			return false;
		grow();
		at = place_of(state);
	}
	*at = (state & ~COUNT_BITS) | preemptions;
	used++;
	return false;
}
