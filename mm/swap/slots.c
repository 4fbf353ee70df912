/*
 * Slots in use: taken, counted, given back (see swap.h).
 */
#include <errno.h>

#include "kernel/core/log/printk.h"
#include "mm/swap/swap_area.h"

/*
 * The next one to ask, of those that have not been, with a user more: it goes behind its equals (§20.3).
 * avail_lock held.
 */
static struct swap_area *next_area(struct swap_state *s, uint32_t asked)
{
	struct swap_area *a, *after;

	list_for_each_entry(a, &s->available, available)
		if (!(asked >> a->type & 1))
			break;
	if (&a->available == &s->available)
		return NULL;
	after = a;
	while (after->available.next != &s->available &&
		list_next_entry(after, available)->prio == a->prio)
		after = list_next_entry(after, available);
	if (after != a)
		list_move(&a->available, &after->available);
	atomic_add(&a->users, 1);
	return a;
}

static unsigned long slot_of(struct swap_area *a)
{
	unsigned long offset = 0;

	spin_lock(&a->lock);
	if (a->highest_bit && a->writable)
		offset = swap_scan(a, SWAP_HAS_CACHE);
	spin_unlock(&a->lock);
	return offset;
}

swp_entry_t get_swap_page(struct memory *m)
{
	struct swap_state *s = &m->swap;
	struct swap_area *a;
	uint32_t asked = 0;
	swp_entry_t e;

	if (READ_ONCE(s->nr_swap_pages) <= 0)
		return (swp_entry_t){0};
	atomic_add(&s->nr_swap_pages, -1);
	for (;;) {
		spin_lock(&s->avail_lock);
		a = next_area(s, asked);
		spin_unlock(&s->avail_lock);
		if (!a)
			break;
		e = swp_entry(a->type, slot_of(a));
		asked |= 1u << a->type;
		atomic_add(&a->users, -1);
		if (swp_offset(e))
			return e;
	}
	atomic_add(&s->nr_swap_pages, 1);
	return (swp_entry_t){0};
}

struct swap_area *swap_lock_used(struct memory *m, swp_entry_t e, const char *caller)
{
	struct swap_area *a = swap_area_of(m, e);

	if (!a) {
		pr_err("%s: Bad swap %s entry %08lx", caller,
			swp_type(e) < MAX_SWAP_AREAS && m->swap.area[swp_type(e)] ? "offset" :
										    "file",
			e.val);
		return NULL;
	}
	spin_lock(&a->lock);
	if (likely(*swap_byte(a, swp_offset(e))))
		return a;
	spin_unlock(&a->lock);
	pr_err("%s: Unused swap offset entry %08lx", caller, e.val);
	return NULL;
}

/* The byte becomes what change() says, or its error is returned. */
static int change_byte(struct memory *m, swp_entry_t e, int (*change)(uint8_t *byte))
{
	struct swap_area *a = swap_area_of(m, e);
	uint8_t *byte, value;
	int err;

	if (!a)
		return -ENOENT;
	spin_lock(&a->lock);
	byte = swap_byte(a, swp_offset(e));
	value = *byte;
	err = value ? change(&value) : -ENOENT;
	if (!err)
		WRITE_ONCE(*byte, value);
	spin_unlock(&a->lock);
	return err;
}

static int one_user_more(uint8_t *byte)
{
	if (SWAP_COUNT(*byte) == SWAP_MAP_BAD)
		return -ENOENT;
	if (SWAP_COUNT(*byte) >= SWAP_MAP_MAX)
		return -ENOMEM;
	(*byte)++;
	return 0;
}

int swap_duplicate(struct memory *m, swp_entry_t e)
{
	return change_byte(m, e, one_user_more);
}

static int becomes_shmems(uint8_t *byte)
{
	if (SWAP_COUNT(*byte))
		return -EEXIST;
	*byte |= SWAP_MAP_SHMEM;
	return 0;
}

void swap_shmem_alloc(struct memory *m, swp_entry_t e)
{
	int err = change_byte(m, e, becomes_shmems);

	BUG_ON(err);
}

static int take_cache_bit(uint8_t *byte)
{
	if (*byte == SWAP_MAP_BAD)
		return -ENOENT;
	if (*byte & SWAP_HAS_CACHE)
		return -EEXIST;
	*byte |= SWAP_HAS_CACHE;
	return 0;
}

int swapcache_prepare(struct memory *m, swp_entry_t e)
{
	return change_byte(m, e, take_cache_bit);
}

static void make_free(struct swap_area *a, unsigned long offset)
{
	bool was_full = !a->highest_bit;

	if (a->cluster)
		swap_cluster_give(a, offset);
	a->lowest_bit = MIN(a->lowest_bit, (uint32_t)offset);
	a->highest_bit = MAX(a->highest_bit, (uint32_t)offset);
	if (was_full && a->writable)
		swap_area_available(a, true);
	a->inuse--;
	atomic_add(&a->memory->swap.nr_swap_pages, 1);
}

uint8_t swap_put_locked(struct swap_area *a, unsigned long offset)
{
	uint8_t *byte = swap_byte(a, offset), count = SWAP_COUNT(*byte);

	BUG_ON(!count || count == SWAP_MAP_BAD);
	WRITE_ONCE(*byte, count == SWAP_MAP_SHMEM ? *byte & SWAP_HAS_CACHE : *byte - 1);
	if (!*byte)
		make_free(a, offset);
	return *byte;
}

void swap_free(struct memory *m, swp_entry_t e)
{
	struct swap_area *a = swap_lock_used(m, e, __func__);

	if (!a)
		return;
	swap_put_locked(a, swp_offset(e));
	spin_unlock(&a->lock);
}

void swapcache_free(struct memory *m, swp_entry_t e)
{
	struct swap_area *a = swap_lock_used(m, e, __func__);
	uint8_t *byte;

	if (!a)
		return;
	byte = swap_byte(a, swp_offset(e));
	BUG_ON(!(*byte & SWAP_HAS_CACHE));
	WRITE_ONCE(*byte, SWAP_COUNT(*byte));
	if (!*byte)
		make_free(a, swp_offset(e));
	spin_unlock(&a->lock);
}

int swap_count(struct memory *m, swp_entry_t e)
{
	struct swap_area *a = swap_area_of(m, e);

	return a ? SWAP_COUNT(READ_ONCE(*swap_byte(a, swp_offset(e)))) : -1;
}
