/*
 * Objects refused on purpose (see failslab.h).
 */
#include "kernel/core/param.h"
#include "mm/alloc/fail_attr.h"
#include "mm/slab/failslab.h"

#define EXPECTED                                                                                   \
	"a list of interval:N, probability:0..100, times:N (-1: no end), space:BYTES, "            \
	"ignore-gfp-wait:0|1, gfp:MASK"

static const struct fail_key keys[] = {FAIL_KEYS};

static const char *set_failslab(const char *text)
{
	return fail_attr_set(&mm_tunables.failslab, keys, ARRAY_SIZE(keys), text) ? NULL : EXPECTED;
}
PARAM_FN("failslab", set_failslab,
	"refuse objects of slabs, as Linux's fault injection does: " EXPECTED);

void failslab_start(struct memory *m)
{
	const struct fail_attr *a = &m->tunables.failslab;

	m->slab.fail = (struct fail_state){.on = a->on, .times = a->times, .space = a->space};
}

bool should_failslab(struct kmem_cache *s, gfp_t gfp)
{
	struct memory *m = s->memory;
	const struct fail_attr *a = &m->tunables.failslab;

	if ((gfp & __GFP_NOFAIL) || (gfp & a->gfp) != (gfp_t)a->gfp ||
		(a->ignore_wait && (gfp & __GFP_DIRECT_RECLAIM)) ||
		!fail_attr_is_due(a, &m->slab.fail, s->object_size))
		return false;
	mm_event_add(m, OBJECTS_REFUSED, 1);
	return true;
}
