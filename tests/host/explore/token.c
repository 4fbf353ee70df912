/*
 * Tokens: made, read and run (see token.h).
 */
#include <stdio.h>
#include <stdlib.h>

#include "run.h"
#include "sites.h"
#include "token.h"

static unsigned int counts[MOST_ACTORS][MOST_SITES];
static const struct turns *given_turns;
static const struct token *given;
static struct token *making;
static unsigned int next;
static int misfit;

static void (*also)(const struct access *access);

static int place(void)
{
	return self->site ? site_of(self->site) : site_named(op_name[self->op]);
}

static void count(const struct access *access)
{
	int site = site_of(access->site);

	if (site >= 0)
		counts[self->id][site]++;
	if (also)
		also(access);
}

void token_watch(void (*fn)(const struct access *access))
{
	also = fn;
}

/* Which time it is that the running actor is about to do this. Accesses are counted as they are made. */
static unsigned int time_now(int site)
{
	if (site < 0)
		return 0;
	if (self->at)
		return counts[self->id][site] + 1;
	return ++counts[self->id][site];
}

static unsigned int can_or_over(uint32_t *can)
{
	*can = actors_enabled();
	if (!*can)
		run_over();
	return first_choice(*can);
}

static bool is_start(void)
{
	return self->id >= MOST_ACTORS;
}

static void note_part(unsigned int to)
{
	struct part *p = &making->part[making->nr++];

	*p = (struct part){START, 0, 0, to};
	if (is_start())
		return;
	p->actor = self->id;
	p->site = place();
}

static unsigned int choose_turns(void)
{
	unsigned int first, n = is_start() ? 0 : time_now(place());
	uint32_t can;

	first = can_or_over(&can);
	if (next == given_turns->nr || given_turns->turn[next].point != points)
		return first;
	note_part(given_turns->turn[next].to);
	making->part[making->nr - 1].n = n;
	return given_turns->turn[next++].to;
}

/* As often as there are places whose names have to be looked up. */
static enum end run_counted(choose_fn choose)
{
	enum end end;

	every_access = count;
	do {
		memset(counts, 0, sizeof(counts));
		next = 0;
		misfit = -1;
		if (making)
			making->nr = 0;
		end = run_once(choose);
	} while (sites_look_up());
	every_access = NULL;
	return end;
}

void token_of_turns(const struct turns *turns, struct token *t)
{
	making = t;
	given_turns = turns;
	run_counted(choose_turns);
	making = NULL;
}

static bool is_here(const struct part *p, int site, unsigned int n)
{
	if (is_start())
		return p->actor == START;
	return p->actor == (int)self->id && p->site == site && p->n == n;
}

/* The next part, or one behind it: what lies between did not come to pass. */
static const struct part *part_here(int site, unsigned int n)
{
	for (unsigned int i = next; i < given->nr; i++) {
		if (!is_here(&given->part[i], site, n))
			continue;
		if (i > next && misfit < 0)
			misfit = next;
		next = i + 1;
		return &given->part[i];
	}
	return NULL;
}

static unsigned int choose_given(void)
{
	int site = is_start() ? -1 : place();
	unsigned int first, n = is_start() ? 0 : time_now(site);
	const struct part *p;
	uint32_t can;

	first = can_or_over(&can);
	p = part_here(site, n);
	if (!p)
		return first;
	if (can & 1u << p->to)
		return p->to;
	if (misfit < 0)
		misfit = next - 1;
	return first;
}

enum end token_run(const struct token *t)
{
	enum end end;

	given = t;
	everywhere = true;
	end = run_counted(choose_given);
	everywhere = false;
	if (misfit < 0 && next < t->nr)
		misfit = next;
	return end;
}

int token_misfit(void)
{
	return misfit;
}

const char *token_text(const struct token *t)
{
	static char text[TOKEN_LEN];
	size_t len = 0;

	text[0] = '\0';
	for (unsigned int i = 0; i < t->nr && len < sizeof(text); i++) {
		const struct part *p = &t->part[i];
		const char *comma = i ? "," : "";

		if (p->actor == START)
			len += snprintf(text + len, sizeof(text) - len, "%sstart>%s", comma,
				actor_name(p->to));
		else
			len += snprintf(text + len, sizeof(text) - len, "%s%s:%s#%u>%s", comma,
				actor_name(p->actor), site_name(p->site), p->n, actor_name(p->to));
	}
	return text[0] ? text : "-";
}

static const char *complain(const char *part, size_t len)
{
	static char text[256];

	snprintf(text, sizeof(text), "\"%.*s\": expected cpu:function+line#n>cpu, or start>cpu",
		(int)MIN(len, 120ul), part);
	return text;
}

/* "cpu:site#n" */
static bool parse_where(const char *text, size_t len, struct part *p)
{
	const char *colon = memchr(text, ':', len), *hash = memchr(text, '#', len);
	char site[128], *end;

	if (!colon || !hash || hash < colon || (size_t)(hash - colon) > sizeof(site))
		return false;
	p->actor = actor_named(text, colon - text);
	snprintf(site, sizeof(site), "%.*s", (int)(hash - colon - 1), colon + 1);
	p->site = site_named(site);
	p->n = strtoul(hash + 1, &end, 10);
	return p->actor >= 0 && p->n > 0 && end == text + len;
}

static bool parse_part(const char *text, size_t len, struct part *p)
{
	const char *to = memchr(text, '>', len);
	int actor = to ? actor_named(to + 1, text + len - to - 1) : -1;

	if (actor < 0)
		return false;
	*p = (struct part){.actor = START, .to = actor};
	if (to - text == 5 && !strncmp(text, "start", 5))
		return true;
	return parse_where(text, to - text, p);
}

const char *token_parse(const char *text, struct token *t)
{
	t->nr = 0;
	if (!strcmp(text, "-"))
		return NULL;
	for (;;) {
		size_t len = strcspn(text, ",");

		if (t->nr == MOST_TURNS)
			return "at most 64 parts";
		if (!parse_part(text, len, &t->part[t->nr++]))
			return complain(text, len);
		if (!text[len])
			return NULL;
		text += len + 1;
	}
}
