/*
 * What Linux's kinds of fault injection have in common: attributes in words, and when the next fault is
 * due. Each kind (fail_page_alloc.h, mm/slab/failslab.h) says which of the attributes it has.
 */
#ifndef MM_FAIL_ATTR_H
#define MM_FAIL_ATTR_H

#include "mm/page/memory.h"

struct fail_key {
	const char *name;
	long min, max;
	size_t offset; /* in struct fail_attr */
};

#define FAIL_MOST 0x7fffffff
#define FAIL_KEYS                                                                                  \
	{"interval", 1, FAIL_MOST, offsetof(struct fail_attr, interval)},                          \
		{"probability", 0, 100, offsetof(struct fail_attr, probability)},                  \
		{"times", -1, FAIL_MOST, offsetof(struct fail_attr, times)},                       \
		{"space", 0, FAIL_MOST, offsetof(struct fail_attr, space)},                        \
		{"ignore-gfp-wait", 0, 1, offsetof(struct fail_attr, ignore_wait)},                \
	{                                                                                          \
		"gfp", 0, 0x3ffffff, offsetof(struct fail_attr, gfp)                               \
	}

/* "key:number,..." into the attributes, which are on then; false: it is something else. Boot. */
bool fail_attr_set(struct fail_attr *a, const struct fail_key *keys, size_t nr, const char *text);

/* Is it time for one? Counts; `size`: what the request is counted as against space. Any context. */
bool fail_attr_is_due(const struct fail_attr *a, struct fail_state *f, long size);

#endif
