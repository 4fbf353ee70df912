/*
 * Attributes of fault injection (see fail_attr.h).
 */
#include <string.h>

#include "kernel/core/param.h"
#include "kernel/core/rand.h"
#include "mm/alloc/fail_attr.h"

/* "key:number", `len` bytes of it. */
static bool set_key(
	struct fail_attr *a, const struct fail_key *keys, size_t nr, const char *text, size_t len)
{
	char number[32];
	size_t name = strcspn(text, ":,");
	long value;

	if (name >= len || len - name > sizeof(number))
		return false;
	memcpy(number, text + name + 1, len - name - 1);
	number[len - name - 1] = '\0';
	for (const struct fail_key *k = keys; k < keys + nr; k++)
		if (strlen(k->name) == name && !memcmp(k->name, text, name) &&
			param_long(number, &value) && value >= k->min && value <= k->max) {
			*(long *)((char *)a + k->offset) = value;
			return true;
		}
	return false;
}

bool fail_attr_set(struct fail_attr *a, const struct fail_key *keys, size_t nr, const char *text)
{
	for (;; text++) {
		size_t len = strcspn(text, ",");

		if (!set_key(a, keys, nr, text, len))
			return false;
		text += len;
		if (!*text)
			break;
	}
	a->on = true;
	return true;
}

/* A draw of its own for each request, whichever CPU comes with it. */
static bool is_drawn(const struct fail_attr *a, unsigned long number)
{
	struct rand r;

	rand_seed(&r, a->seed + number);
	rand_next(&r);
	return rand_below(&r, 100) < (unsigned long)a->probability;
}

/* The attributes in the order in which Linux asks them. */
bool fail_attr_is_due(const struct fail_attr *a, struct fail_state *f, long size)
{
	unsigned long number;

	if (!READ_ONCE(f->times))
		return false;
	if (READ_ONCE(f->space) > size) {
		atomic_add(&f->space, -size);
		return false;
	}
	number = __atomic_add_fetch(&f->seen, 1, __ATOMIC_RELAXED);
	if (number % a->interval || !is_drawn(a, number))
		return false;
	if (f->times > 0)
		atomic_add(&f->times, -1);
	return true;
}
