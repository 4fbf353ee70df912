/*
 * The request of a state, made again (see ask.h).
 */
#include <string.h>

#include "kernel/core/sched/task.h"
#include "mm/alloc/highatomic.h"
#include "mm/alloc/pcp.h"
#include "mm/page/mm_trace.h"
#include "mm/replay/ask.h"

#define DESCENTS 2 /* of a round of reclaim that frees nothing; each counts a stall (§17.2) */

const char *const remedy_name[NR_REMEDIES] = {
	"none", "reserve-released", "lists-drained", "lowmem-waived"};
const char *const ask_end_name[NR_ASK_ENDS] = {"served", "oom-kill", "failed", "stuck", "panic"};
const char *const ask_step_name[NR_ASK_STEPS] = {"fast", "slow", "reclaim", "release", "oom"};

void ask_begin(struct asked *a, struct memory *m, int pid)
{
	*a = (struct asked){.memory = m,
		.pid = pid,
		.released = m->event[HIGHATOMIC_RELEASED_PAGES],
		.stalls = mm_event_sum(m, ALLOCSTALL),
		.oom_steps = m->event[OOM_STEPS],
		.invocations = m->event[OOM_INVOCATIONS],
		.traced = trace_ring.total};
}

/* As the request's own slow path does it in the end. */
static void release_reserve(struct memory *m, const struct state *s)
{
	gfp_t gfp = s->request.gfp;
	struct alloc_context ac = {.memory = m,
		.gfp = gfp,
		.high_zoneidx = gfp_zone(gfp),
		.first = m->first_zone[gfp_zone(gfp)],
		.migratetype = request_type(m, gfp)};

	while (unreserve_highatomic_pageblock(&ac, true))
		;
}

void ask_remedy(struct memory *m, const struct state *s, enum remedy_kind remedy)
{
	struct zone *z;

	if (remedy == REMEDY_RESERVE_RELEASED)
		release_reserve(m, s);
	if (remedy == REMEDY_LISTS_DRAINED)
		pcp_drain_all(m);
	if (remedy == REMEDY_LOWMEM_WAIVED)
		for_each_zone(m, z)
			memset(z->lowmem_reserve, 0, sizeof(z->lowmem_reserve));
}

struct page *ask(struct memory *m, const struct state *s)
{
	current->memdie |= s->request.memdie;
	current->flags |= s->request.memalloc ? PF_MEMALLOC : 0;
	return alloc_pages(m, s->request.gfp, s->request.order);
}

/* Of a request that has not reclaimed, what it left in the ring is still there. */
static bool was_slow(const struct asked *a)
{
	for (uint64_t n = a->traced; n < trace_ring.total; n++) {
		const struct trace_record *r = &trace_ring.record[n % TRACE_RECORDS];

		if (r->event == &mm_page_alloc_slowpath && r->pid == a->pid)
			return true;
	}
	return false;
}

static enum ask_step step_of(const struct asked *a, const struct answer *answer, bool released)
{
	if (answer->oom_steps)
		return STEP_OOM;
	if (answer->rounds)
		return released ? STEP_RELEASE : STEP_RECLAIM;
	return was_slow(a) ? STEP_SLOW : STEP_FAST;
}

struct answer ask_answer(const struct asked *a)
{
	const struct memory *m = a->memory;
	struct answer answer = {.released = m->event[HIGHATOMIC_RELEASED_PAGES] - a->released,
		.rounds = (mm_event_sum(m, ALLOCSTALL) - a->stalls) / DESCENTS,
		.oom_steps = m->event[OOM_STEPS] - a->oom_steps,
		.invocations = m->event[OOM_INVOCATIONS] - a->invocations};

	answer.step = step_of(a, &answer, answer.released);
	return answer;
}

const struct zone *ask_zone(const struct memory *m, const struct page *page)
{
	unsigned long pfn = page_to_pfn(m, page);
	const struct zone *z;

	for_each_zone(m, z)
		if (pfn >= z->start_pfn && pfn < zone_end_pfn(z))
			return z;
	return NULL;
}

/* Names have no quotes (words.c); a panic's text may. */
static void add_text(struct line *l, const char *name, const char *text)
{
	line_add(l, ",\"%s\":", name);
	if (!text || !text[0]) {
		line_add(l, "null");
		return;
	}
	line_add(l, "\"");
	for (; *text; text++)
		line_add(l, "%c", *text < ' ' || *text == '"' || *text == '\\' ? ' ' : *text);
	line_add(l, "\"");
}

static void add_pid(struct line *l, int pid)
{
	if (pid)
		line_add(l, ",\"victim_pid\":%d", pid);
	else
		line_add(l, ",\"victim_pid\":null");
}

const char *ask_json(struct line *l, const char *arm, const struct outcome *o)
{
	bool served = o->end == END_SERVED;

	line_init(l);
	line_add(l, "{\"arm\":\"%s\",\"outcome\":\"%s\"", arm, ask_end_name[o->end]);
	add_text(l, "victim", o->victim);
	add_pid(l, o->victim_pid);
	add_text(l, "zone", o->zone);
	add_text(l, "step", served ? ask_step_name[o->answer.step] : NULL);
	line_add(l, ",\"released_pages\":%lu,\"loops\":%lu,\"oom_steps\":%lu", o->answer.released,
		o->answer.rounds, o->answer.oom_steps);
	add_text(l, "why", o->why);
	line_add(l, "}");
	return l->text;
}
