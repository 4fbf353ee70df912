/*
 * Setting the world back (see undo.h).
 */
#include "arena.h"
#include "explore.h"
#include "undo.h"

struct undo *undo_next, *undo_end;
static struct undo *undo_start;

void undo_init(void)
{
	undo_start = undo_next = own_table(MOST_UNDO * sizeof(*undo_start));
	undo_end = undo_start + MOST_UNDO;
}

void undo_forget(void)
{
	undo_next = undo_start;
}

unsigned long undo_count(void)
{
	return undo_next - undo_start;
}

void undo_to(unsigned long count)
{
	while (undo_next > undo_start + count) {
		const struct undo *u = --undo_next;
		void *at = (void *)(uintptr_t)u->at;

		switch (u->size) {
		case 1:
			*(uint8_t *)at = u->old;
			break;
		case 2:
			*(uint16_t *)at = u->old;
			break;
		case 4:
			*(uint32_t *)at = u->old;
			break;
		default:
			*(uint64_t *)at = u->old;
		}
	}
}

/* A set-up may write as much as it likes: nobody sets that back. */
void undo_full(void)
{
	if (is_running())
		explore_fail("livelock: %lu writes and no end", MOST_UNDO);
	undo_forget();
}

void undo_note_range(const void *at, size_t bytes)
{
	const char *p = at;

	for (; bytes >= 8; bytes -= 8, p += 8)
		undo_note(p, 8);
	for (; bytes; bytes--, p++)
		undo_note(p, 1);
}
