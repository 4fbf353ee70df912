/*
 * Runs that stand still (see keep.h).
 */
#include "keep.h"

#include "actors.h"
#include "arena.h"
#include "undo.h"
#include "words.h"

#define ROOM (64ul << 20)

struct kept {
	unsigned long undone; /* writes noted until then */
	unsigned long accesses;
	size_t end;
};

static char *room;
static size_t place; /* for keep(), which runs on another stack */

void keep_init(void)
{
	room = own_table(ROOM);
}

static size_t bytes_needed(void)
{
	return sizeof(struct kept) + words_bytes() + actors_bytes();
}

static void keep(void)
{
	struct kept *k = (struct kept *)(room + place);

	if (place + bytes_needed() > ROOM)
		return;
	k->undone = undo_count();
	k->accesses = accesses;
	k->end = place + bytes_needed();
	actors_save(words_save(k + 1));
	place = k->end;
}

size_t keep_run(size_t at)
{
	place = at;
	actors_stand_still(keep);
	return place;
}

void keep_load(size_t at)
{
	const struct kept *k = (struct kept *)(room + at);

	undo_to(k->undone);
	accesses = k->accesses;
	place = k->end;
	actors_load(words_load(k + 1));
}
