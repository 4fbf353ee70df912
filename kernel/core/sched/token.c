/*
 * Tokens, read (see token.h).
 */
#include <string.h>

#include "kernel/core/log/printk.h"
#include "kernel/core/sched/token.h"

/* What is left of a part. */
struct rest {
	const char *at, *end;
};

static bool skip(struct rest *r, char c)
{
	if (r->at == r->end || *r->at != c)
		return false;
	r->at++;
	return true;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool read_number(struct rest *r, unsigned int *n)
{
	const char *first = r->at;

	for (*n = 0; r->at < r->end && is_digit(*r->at) && *n < 100000000; r->at++)
		*n = *n * 10 + (*r->at - '0');
	return r->at > first;
}

/* "1", or of the twin "1^0": on CPU 1 the handler of CPU 0's call. */
static bool read_actor(struct rest *r, unsigned int *cpu, bool *handler)
{
	unsigned int caller;

	if (!read_number(r, cpu))
		return false;
	if (!skip(r, '^'))
		return true;
	*handler = true;
	return read_number(r, &caller);
}

static bool is_of_place(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
		c == '+' || c == '?';
}

static bool read_place(struct rest *r, char *place)
{
	size_t len = 0;

	for (; r->at < r->end && is_of_place(*r->at) && len < TOKEN_PLACE - 1; r->at++)
		place[len++] = *r->at;
	place[len] = '\0';
	return len > 0;
}

static bool is_start(struct rest *r)
{
	static const char word[] = "start";
	size_t len = sizeof(word) - 1;

	if ((size_t)(r->end - r->at) < len || memcmp(r->at, word, len))
		return false;
	r->at += len;
	return true;
}

static bool read_part(struct token_part *p, struct rest r, unsigned int nr_cpus)
{
	p->twins = is_start(&r);
	if (!p->twins &&
		!(read_actor(&r, &p->cpu, &p->twins) && skip(&r, ':') && read_place(&r, p->place) &&
			skip(&r, '#') && read_number(&r, &p->n) && p->n > 0))
		return false;
	if (!skip(&r, '>') || !read_actor(&r, &p->to, &p->twins) || r.at != r.end)
		return false;
	return p->twins || (p->cpu < nr_cpus && p->to < nr_cpus && p->cpu != p->to);
}

static const char *expected(const struct token_part *p, unsigned int nr_cpus)
{
	static char text[256];

	ksnprintf(text, sizeof(text),
		"@ and parts cpu:function+line#n>cpu with commas between, of two of the CPUs 0 to "
		"%u; not \"%.*s\"",
		nr_cpus - 1, MIN(p->len, 100), p->text);
	return text;
}

static size_t span(const char *text)
{
	size_t len = 0;

	while (text[len] && text[len] != ',')
		len++;
	return len;
}

const char *token_read(struct token *t, const char *text, unsigned int nr_cpus)
{
	t->nr = 0;
	if (!strcmp(text, "-"))
		return NULL;
	for (;; text++) {
		struct token_part *p = &t->part[t->nr];
		size_t len = span(text);

		if (t->nr++ == TOKEN_PARTS)
			return "at most 64 parts";
		*p = (struct token_part){.text = text, .len = (int)len};
		if (!read_part(p, (struct rest){text, text + len}, nr_cpus))
			return expected(p, nr_cpus);
		text += len;
		if (!*text)
			return NULL;
	}
}
