/*
 * Faults on purpose (see fail_page_alloc.h).
 */
#include "kernel/core/log/ksyms.h"
#include "kernel/core/log/printk.h"
#include "kernel/core/param.h"
#include "mm/alloc/fail_attr.h"
#include "mm/alloc/fail_page_alloc.h"
#include "mm/page/mm_trace.h"

#define SHOWN 10 /* refusals that are logged */

#define EXPECTED                                                                                   \
	"a list of interval:N, probability:0..100, times:N (-1: no end), space:PAGES, "            \
	"min-order:0..10, ignore-gfp-wait:0|1, ignore-gfp-highmem:0|1, gfp:MASK"

static const struct fail_key keys[] = {FAIL_KEYS,
	{"min-order", 0, MAX_ORDER - 1, offsetof(struct fail_attr, min_order)},
	{"ignore-gfp-highmem", 0, 1, offsetof(struct fail_attr, ignore_highmem)}};

static const char *set_fail_page_alloc(const char *text)
{
	struct fail_attr *a = &mm_tunables.fail_page_alloc;

	return fail_attr_set(a, keys, ARRAY_SIZE(keys), text) ? NULL : EXPECTED;
}
PARAM_FN("fail_page_alloc", set_fail_page_alloc,
	"refuse requests for pages, as Linux's fault injection does: " EXPECTED);
PARAM_INT("fail_nth", mm_tunables.fail_page_alloc.nth, 0, 0x7fffffff,
	"refuse the N-th request for pages that may be refused (0: none)");

PARAM_INT("trace_page_alloc", mm_tunables.fail_page_alloc.trace, 0, 1,
	"1: each request for pages leaves a trace event, mm_page_alloc");

void fail_page_alloc_start(struct memory *m)
{
	const struct fail_attr *a = &m->tunables.fail_page_alloc;

	m->fail = (struct fail_state){.times = a->times, .space = a->space};
	m->fail.on = a->on || a->nth || a->trace;
	for (unsigned int i = 0; m->fail.on && i < ARRAY_SIZE(m->route); i++)
		m->route[i].zone = &m->no_zone;
}

static bool may_be_refused(const struct fail_attr *a, gfp_t gfp, unsigned int order)
{
	if (gfp & __GFP_NOFAIL)
		return false;
	if (!a->on)
		return a->nth;
	return order >= (unsigned long)a->min_order && (gfp & a->gfp) == (gfp_t)a->gfp &&
		!(a->ignore_wait && (gfp & __GFP_DIRECT_RECLAIM)) &&
		!(a->ignore_highmem && (gfp & __GFP_HIGHMEM));
}

static void show(const struct memory *m, gfp_t gfp, unsigned int order)
{
	const struct fail_attr *a = &m->tunables.fail_page_alloc;
	char text[GFP_TEXT_LEN];

	pr_warn("FAULT_INJECTION: forcing a failure.");
	pr_warn("name fail_page_alloc, interval %ld, probability %ld, space %ld, times %ld",
		a->interval, a->probability, m->fail.space, m->fail.times);
	pr_warn("request %lu: order:%u, mode:%#x(%s)", m->fail.seen, order, gfp,
		gfp_text(gfp, text, sizeof(text)));
	dump_stack();
}

bool should_fail_alloc_page(struct memory *m, gfp_t gfp, unsigned int order)
{
	const struct fail_attr *a = &m->tunables.fail_page_alloc;
	bool refused;

	if (a->trace)
		trace(mm_page_alloc, order, gfp);
	if (!may_be_refused(a, gfp, order))
		return false;
	if (a->nth)
		refused = __atomic_add_fetch(&m->fail.seen, 1, __ATOMIC_RELAXED) ==
			(unsigned long)a->nth;
	else
		refused = fail_attr_is_due(a, &m->fail, 1l << order);
	if (!refused)
		return false;
	mm_event_add(m, FAULTS_INJECTED, 1);
	if (m->event[FAULTS_INJECTED] <= SHOWN)
		show(m, gfp, order);
	return true;
}
