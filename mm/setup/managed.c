/*
 * What zones are given of the memory that boot has left (see managed.h).
 */
#include <string.h>

#include "kernel/core/param.h"
#include "mm/alloc/page_alloc.h"
#include "mm/setup/managed.h"

#define MOST_PAGES (1l << 40)

#define EXPECTED                                                                                   \
	"ZONE:PAGES[:FIRST], a zone each between commas: ZONE DMA, DMA32 or Normal, PAGES from 1 " \
	"on, FIRST those before watermarks are computed, 1 to PAGES"

static const char *const names[ZONE_MOVABLE] = {"DMA", "DMA32", "Normal"};

/* A number from 1 on that ends where one of `ends` is, or the text does; NULL: it is none. */
static const char *number(const char *text, const char *ends, long most, long *value)
{
	size_t len = strcspn(text, ends);
	char digits[24];

	if (!len || len >= sizeof(digits))
		return NULL;
	memcpy(digits, text, len);
	digits[len] = '\0';
	if (!param_long(digits, value) || *value < 1 || *value > most)
		return NULL;
	return text + len;
}

static struct managed_spec *find(const char *name, size_t len, struct managed_spec *spec)
{
	for (int i = 0; i < ZONE_MOVABLE; i++)
		if (strlen(names[i]) == len && !memcmp(names[i], name, len))
			return &spec[i];
	return NULL;
}

/* One of the list: where it ends, or NULL. */
static const char *parse_one(const char *text, struct managed_spec *spec)
{
	size_t len = strcspn(text, ":,");
	struct managed_spec *s = find(text, len, spec);

	if (!s || s->pages || text[len] != ':')
		return NULL;
	text = number(text + len + 1, ":,", MOST_PAGES, &s->pages);
	if (!text)
		return NULL;
	s->first = s->pages;
	return *text == ':' ? number(text + 1, ",", s->pages, &s->first) : text;
}

const char *managed_parse(const char *text, struct managed_spec *spec)
{
	memset(spec, 0, MAX_NR_ZONES * sizeof(*spec));
	for (;;) {
		text = parse_one(text, spec);
		if (!text)
			return EXPECTED;
		if (!*text++)
			return NULL;
	}
}

static const char *set_managed(const char *text)
{
	return managed_parse(text, mm_tunables.managed);
}
PARAM_FN("managed", set_managed, EXPECTED);

/* A walk over what is free, ascending: of each zone those from one count up to another are given. */
struct giving {
	struct memory *m;
	unsigned long from[MAX_NR_ZONES], to[MAX_NR_ZONES];
	unsigned long seen[MAX_NR_ZONES];
};

static void give_of_zone(
	struct giving *g, enum zone_type type, unsigned long start, unsigned long end)
{
	unsigned long seen = g->seen[type];
	unsigned long from = MAX(g->from[type], seen);
	unsigned long to = MIN(g->to[type], seen + (end - start));

	if (from < to)
		release_boot_pages(g->m, start + (from - seen), start + (to - seen));
	g->seen[type] += end - start;
}

static void give(void *arg, unsigned long start, unsigned long end)
{
	struct giving *g = arg;
	struct zone *z;

	for_each_populated_zone(g->m, z) {
		unsigned long lo = MAX(start, z->start_pfn), hi = MIN(end, zone_end_pfn(z));

		if (lo < hi)
			give_of_zone(g, z->type, lo, hi);
	}
}

void managed_release_first(struct memory *m, const struct boot_mem *bm)
{
	struct giving g = {.m = m};

	for (int i = 0; i < MAX_NR_ZONES; i++)
		g.to[i] = m->tunables.managed[i].pages ?
			(unsigned long)m->tunables.managed[i].first :
			~0ul;
	boot_mem_for_each_free(bm, give, &g);
}

void managed_release_rest(struct memory *m, const struct boot_mem *bm)
{
	struct giving g = {.m = m};

	for (int i = 0; i < MAX_NR_ZONES; i++) {
		g.from[i] = m->tunables.managed[i].first;
		g.to[i] = m->tunables.managed[i].pages;
	}
	boot_mem_for_each_free(bm, give, &g);
}

const struct zone *managed_lacking(const struct memory *m)
{
	const struct zone *z;

	for_each_zone(m, z)
		if (z->managed < (unsigned long)m->tunables.managed[z->type].pages)
			return z;
	return NULL;
}
