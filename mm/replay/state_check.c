/*
 * What the lines of a state file must hold together (see state.h).
 */
#include "kernel/core/log/printk.h"
#include "mm/replay/state.h"

const char *const state_zone_name[MAX_NR_ZONES] = {"DMA", "DMA32", "Normal", "Movable"};

static bool wrong(char err[STATE_ERROR_LEN], unsigned int line, const char *fmt, ...)
	__printf(3, 4);

static bool wrong(char err[STATE_ERROR_LEN], unsigned int line, const char *fmt, ...)
{
	int n = ksnprintf(err, STATE_ERROR_LEN, "state: line %u: ", line);
	va_list ap;

	va_start(ap, fmt);
	kvsnprintf(err + n, STATE_ERROR_LEN - n, fmt, ap);
	va_end(ap);
	return false;
}

/* Each number is bounded (STATE_PAGES_MAX): no sum here overflows. */
long state_free_pages(const struct state_zone *z)
{
	long pages = 0;

	for (int order = 0; order < MAX_ORDER; order++)
		for (int t = 0; t < STATE_FREE_TYPES; t++)
			pages += z->free[order][t] << order;
	return pages;
}

long state_pcp_pages(const struct state_zone *z)
{
	long pages = 0;

	for (int cpu = 0; cpu < MAX_CPUS; cpu++)
		for (int t = 0; t < STATE_LISTS; t++)
			pages += z->pcp[cpu][t];
	return pages;
}

unsigned int state_cpus(const struct state *s)
{
	unsigned int cpus = 1;

	for (int i = 0; i < MAX_NR_ZONES; i++)
		for (unsigned int cpu = 0; cpu < MAX_CPUS; cpu++)
			if (s->zone[i].cpus_said & 1u << cpu)
				cpus = MAX(cpus, cpu + 1);
	return cpus;
}

int state_first_zone(const struct state *s)
{
	for (int i = gfp_zone(s->request.gfp); i >= 0; i--)
		if (s->zone[i].managed)
			return i;
	return -1;
}

static bool check_request(const struct state *s, char err[STATE_ERROR_LEN])
{
	const struct state_request *r = &s->request;

	if (!r->line)
		return wrong(err, s->lines, "no request, expected one");
	if (gfp_zone(r->gfp) < 0)
		return wrong(
			err, r->line, "gfp=0x%lx, expected zone bits that go together", r->gfp);
	if (state_first_zone(s) < 0)
		return wrong(err, r->line,
			"gfp=0x%lx, expected a zone with managed pages that it "
			"may use",
			r->gfp);
	return true;
}

static bool check_marks(const struct state_zone *z, const char *name, char err[STATE_ERROR_LEN])
{
	const long *mark = z->mark;

	if (mark[WMARK_MIN] > mark[WMARK_LOW] || mark[WMARK_LOW] > mark[WMARK_HIGH])
		return wrong(err, z->line,
			"zone %s: min=%ld low=%ld high=%ld, expected them to "
			"rise",
			name, mark[WMARK_MIN], mark[WMARK_LOW], mark[WMARK_HIGH]);
	return true;
}

static bool check_reserve(const struct state *s, const struct state_zone *z, const char *name,
	char err[STATE_ERROR_LEN])
{
	long block = 1l << s->pageblock_order;

	if (z->highatomic % block)
		return wrong(err, z->line,
			"zone %s: highatomic=%ld, expected whole pageblocks of "
			"%ld",
			name, z->highatomic, block);
	if (z->highatomic >= z->managed + block)
		return wrong(err, z->line,
			"zone %s: highatomic=%ld, expected no more than "
			"managed=%ld",
			name, z->highatomic, z->managed);
	return true;
}

static bool check_zone(const struct state *s, const struct state_zone *z, const char *name,
	char err[STATE_ERROR_LEN])
{
	long pages = state_free_pages(z) + state_pcp_pages(z);

	if (!z->line && z->mentioned)
		return wrong(err, z->mentioned, "zone %s, expected a line that names it", name);
	if (z->managed > z->present)
		return wrong(err, z->line, "zone %s: managed=%ld, expected at most present=%ld",
			name, z->managed, z->present);
	if (pages > z->managed)
		return wrong(err, z->line,
			"zone %s: %ld pages free and on per-CPU lists, expected "
			"at most managed=%ld",
			name, pages, z->managed);
	return check_marks(z, name, err) && check_reserve(s, z, name, err);
}

bool state_check(const struct state *s, char err[STATE_ERROR_LEN])
{
	long pages = 0;

	for (int i = 0; i < MAX_NR_ZONES; i++) {
		if (!check_zone(s, &s->zone[i], state_zone_name[i], err))
			return false;
		pages += state_free_pages(&s->zone[i]) + state_pcp_pages(&s->zone[i]);
	}
	if (pages > STATE_FREE_MAX)
		return wrong(err, s->lines,
			"%ld pages free and on per-CPU lists, expected at most %ld", pages,
			STATE_FREE_MAX);
	return check_request(s, err);
}
