/*
 * What the lines of a state file say (see state.h).
 */
#include <string.h>

#include "kernel/core/log/printk.h"
#include "mm/alloc/watermark.h"
#include "mm/replay/words.h"

#define VALID_GFP_BITS 0x3ffffffl /* §1.1: 26 */

/* The zone that a line is about. */
static struct state_zone *zone_of(struct state *s, struct words *w)
{
	for (int i = 0; i < MAX_NR_ZONES; i++)
		if (!strcmp(w->subject, state_zone_name[i]))
			return &s->zone[i];
	words_wrong(w, "%s %.40s, expected DMA, DMA32, Normal or Movable", w->item, w->subject);
	return NULL;
}

static bool once(struct words *w, bool said)
{
	return !said ||
		words_wrong(w, "%s%s%s a second time, expected it once", w->item,
			w->subject[0] ? " " : "", w->subject);
}

static bool read_version(struct state *s, struct words *w)
{
	(void)s;
	return words_wrong(w, "lowwater-state a second time, expected it once");
}

static bool read_prose(struct state *s, struct words *w)
{
	(void)s;
	(void)w;
	return true;
}

static bool read_pageblock_order(struct state *s, struct words *w)
{
	if (!once(w, s->pageblock_line))
		return false;
	s->pageblock_line = w->line;
	return words_take_subject(w, 9, 10, &s->pageblock_order) && words_take(w, NULL, 0);
}

static bool read_request(struct state *s, struct words *w)
{
	struct state_request *r = &s->request;
	const struct key keys[] = {
		{.name = "order", .must = true, .max = MAX_ORDER - 1, .value = &r->order},
		{.name = "gfp", .must = true, .max = VALID_GFP_BITS, .value = &r->gfp},
		{.name = "comm", .must = true, .comm = r->comm},
		{.name = "pid", .min = 1, .max = STATE_PID_MAX, .value = &r->pid},
		{.name = "memdie", .max = 1, .value = &r->memdie},
		{.name = "memalloc", .max = 1, .value = &r->memalloc},
	};

	if (!once(w, r->line))
		return false;
	r->line = w->line;
	return words_take(w, keys, ARRAY_SIZE(keys));
}

#define PAGES(key_name, place)                                                                     \
	{                                                                                          \
		.name = key_name, .max = STATE_PAGES_MAX, .value = place                           \
	}
#define PAGES_MUST(key_name, place)                                                                \
	{                                                                                          \
		.name = key_name, .must = true, .max = STATE_PAGES_MAX, .value = place             \
	}

static bool take_zone(struct state_zone *z, struct words *w)
{
	const struct key keys[] = {
		PAGES("present", &z->present),
		PAGES_MUST("managed", &z->managed),
		PAGES_MUST("min", &z->mark[WMARK_MIN]),
		PAGES_MUST("low", &z->mark[WMARK_LOW]),
		PAGES_MUST("high", &z->mark[WMARK_HIGH]),
		{.name = "protection",
			.max = STATE_PAGES_MAX,
			.value = z->protection,
			.count = MAX_NR_ZONES},
		PAGES("highatomic", &z->highatomic),
		{.name = "lag", .min = -STATE_LAG_MAX, .max = STATE_LAG_MAX, .value = &z->lag},
	};

	z->line = w->line;
	z->present = -1;
	if (!words_take(w, keys, ARRAY_SIZE(keys)))
		return false;
	if (z->present < 0)
		z->present = z->managed;
	return true;
}

static bool read_zone(struct state *s, struct words *w)
{
	struct state_zone *z = zone_of(s, w);

	return z && once(w, z->line) && take_zone(z, w);
}

/* For a line about a zone that may be named later. */
static struct state_zone *mentioned(struct state *s, struct words *w)
{
	struct state_zone *z = zone_of(s, w);

	if (z && !z->mentioned)
		z->mentioned = w->line;
	return z;
}

/* A number of which each value may stand in one line. */
static bool take_once(struct words *w, const char *name, long n, uint16_t *said)
{
	if (*said & 1u << n)
		return words_wrong(w, "%s %s %s=%ld a second time, expected it once", w->item,
			w->subject, name, n);
	*said |= 1u << n;
	return true;
}

/* Where the numbers belong stands among them. */
static bool read_free(struct state *s, struct words *w)
{
	struct state_zone *z = mentioned(s, w);
	long order, cma = 0, blocks[STATE_FREE_TYPES] = {0};
	const struct key keys[] = {
		{.name = "order", .must = true, .max = MAX_ORDER - 1, .value = &order},
		PAGES("U", &blocks[MIGRATE_UNMOVABLE]),
		PAGES("M", &blocks[MIGRATE_MOVABLE]),
		PAGES("E", &blocks[MIGRATE_RECLAIMABLE]),
		PAGES("H", &blocks[MIGRATE_HIGHATOMIC]),
		PAGES("C", &cma),
	};

	if (!z || !words_take(w, keys, ARRAY_SIZE(keys)) ||
		!take_once(w, "order", order, &z->orders_said))
		return false;
	if (cma)
		return words_wrong(w,
			"C=%ld, expected 0: there is no CMA here, so nobody could "
			"have these blocks",
			cma);
	memcpy(z->free[order], blocks, sizeof(blocks));
	return true;
}

static bool read_pcp(struct state *s, struct words *w)
{
	struct state_zone *z = mentioned(s, w);
	long cpu, pages[STATE_LISTS] = {0};
	const struct key keys[] = {
		{.name = "cpu", .must = true, .max = MAX_CPUS - 1, .value = &cpu},
		PAGES("U", &pages[MIGRATE_UNMOVABLE]),
		PAGES("M", &pages[MIGRATE_MOVABLE]),
		PAGES("E", &pages[MIGRATE_RECLAIMABLE]),
	};

	if (!z || !words_take(w, keys, ARRAY_SIZE(keys)) ||
		!take_once(w, "cpu", cpu, &z->cpus_said))
		return false;
	memcpy(z->pcp[cpu], pages, sizeof(pages));
	return true;
}

static bool take_lru(struct state_zone *z, struct words *w)
{
	const struct key keys[] = {
		PAGES("inactive_anon", &z->lru[LRU_INACTIVE_ANON]),
		PAGES("active_anon", &z->lru[LRU_ACTIVE_ANON]),
		PAGES("inactive_file", &z->lru[LRU_INACTIVE_FILE]),
		PAGES("active_file", &z->lru[LRU_ACTIVE_FILE]),
		PAGES("unevictable", &z->lru[LRU_UNEVICTABLE]),
	};

	z->lru_said = true;
	return words_take(w, keys, ARRAY_SIZE(keys));
}

static bool read_lru(struct state *s, struct words *w)
{
	struct state_zone *z = mentioned(s, w);

	return z && once(w, z->lru_said) && take_lru(z, w);
}

static bool read_swap(struct state *s, struct words *w)
{
	const struct key keys[] = {
		PAGES_MUST("total", &s->swap_total),
		PAGES_MUST("free", &s->swap_free),
	};

	if (!once(w, s->swap_line))
		return false;
	s->swap_line = w->line;
	if (!words_take(w, keys, ARRAY_SIZE(keys)))
		return false;
	return s->swap_free <= s->swap_total ||
		words_wrong(w, "free=%ld, expected at most total=%ld", s->swap_free, s->swap_total);
}

static bool is_known(const struct state *s, long pid)
{
	for (unsigned int i = 0; i < s->nr_tasks; i++)
		if (s->task[i].pid == pid)
			return true;
	return false;
}

static bool read_task(struct state *s, struct words *w)
{
	struct state_task t = {.adj = 0};
	const struct key keys[] = {
		{.name = "pid", .must = true, .min = 1, .max = STATE_PID_MAX, .value = &t.pid},
		{.name = "comm", .must = true, .comm = t.comm},
		PAGES_MUST("rss", &t.rss),
		PAGES("swapents", &t.swapents),
		{.name = "adj", .min = -1000, .max = 1000, .value = &t.adj},
	};

	if (!words_take(w, keys, ARRAY_SIZE(keys)))
		return false;
	if (is_known(s, t.pid))
		return words_wrong(w, "pid=%ld a second time, expected it once", t.pid);
	if (s->nr_tasks == STATE_TASKS)
		return words_wrong(w, "task %u, expected at most %u", STATE_TASKS + 1, STATE_TASKS);
	s->task[s->nr_tasks++] = t;
	return true;
}

static const struct item {
	const char *name;
	bool (*read)(struct state *s, struct words *w);
	bool subject; /* stands before the pairs */
} items[] = {
	{"lowwater-state", read_version, true},
	{"source", read_prose, false},
	{"choice", read_prose, false},
	{"pageblock_order", read_pageblock_order, true},
	{"request", read_request, false},
	{"zone", read_zone, true},
	{"free", read_free, true},
	{"pcp", read_pcp, true},
	{"lru", read_lru, true},
	{"swap", read_swap, false},
	{"task", read_task, false},
};

static bool read_item(struct state *s, struct words *w)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(items); i++) {
		if (strcmp(w->item, items[i].name))
			continue;
		if (!items[i].subject && w->subject[0])
			return words_wrong(
				w, "'%.40s' after %s, expected name=value", w->subject, w->item);
		return items[i].read(s, w);
	}
	return words_wrong(w,
		"%.40s, expected one of lowwater-state, source, choice, "
		"pageblock_order, request, zone, free, pcp, lru, swap, task",
		w->item);
}

static bool read_header(struct words *w)
{
	long version;

	if (!words_next(w))
		return false;
	if (!w->item || strcmp(w->item, "lowwater-state"))
		return words_wrong(w, "%.40s, expected lowwater-state %d first",
			w->item ? w->item : "nothing", STATE_VERSION);
	return words_take_subject(w, STATE_VERSION, STATE_VERSION, &version) &&
		words_take(w, NULL, 0);
}

bool state_read(struct state *s, const char *text, size_t len, char err[STATE_ERROR_LEN])
{
	struct words w;

	memset(s, 0, sizeof(*s));
	s->pageblock_order = 10;
	words_init(&w, text, len, err);
	if (len > STATE_BYTES_MAX)
		return words_wrong(&w, "%zu bytes, expected at most %lu", len, STATE_BYTES_MAX);
	if (!read_header(&w))
		return false;
	for (;;) {
		if (!words_next(&w))
			return false;
		s->lines = w.line;
		if (!w.item)
			return state_check(s, err);
		if (!read_item(s, &w))
			return false;
	}
}
