/*
 * What a scenario's search came to (see report.h).
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "learn.h"
#include "report.h"
#include "token.h"
#include "words.h"

static const struct scenario *scenario;

static void string(const char *text)
{
	putchar('"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			putchar('\\');
		putchar((unsigned char)*text < ' ' ? ' ' : *text);
	}
	putchar('"');
}

static void field(const char *name, const char *text)
{
	printf("\"%s\":", name);
	string(text);
	putchar(',');
}

void report_list(void)
{
	for (unsigned int i = 0; all_scenarios[i]; i++) {
		const struct scenario *s = all_scenarios[i];

		putchar('{');
		field("scenario", s->name);
		field("title", s->title);
		field("arm", s->arm);
		printf("\"bound\":%u,\"quick\":%u}\n", s->bound, s->quick);
	}
}

static void live(const struct bound_result *r, double done, double seconds)
{
	fprintf(stderr,
		"\r%-24s bound %u  %9lu schedules  %6.0f a second  %4.1f %% cut  %4.1f %% done",
		scenario->name, r->bound, r->runs, r->runs / seconds,
		r->runs ? 100.0 * r->cut / r->runs : 0, 100 * done);
	if (done > 0.001)
		fprintf(stderr, "  %4.0f s to go ", seconds * (1 - done) / done);
}

static void print_bound(const struct bound_result *r)
{
	printf("%s{\"bound\":%u,\"schedules\":%lu,\"cut\":%lu,\"points\":%u,\"states\":%lu,"
	       "\"cpu_seconds\":%.3f,\"exhausted\":%s}",
		r->bound ? "," : "", r->bound, r->runs, r->cut, r->longest, r->states,
		r->cpu_seconds, r->exhausted ? "true" : "false");
}

static const char *least_token(const struct turns *turns)
{
	struct token t;

	token_of_turns(turns, &t);
	token_minimise(&t);
	return token_text(&t);
}

/* The least schedules of named results that this bound is the first to show. Printed later. */
static struct first_shown {
	bool yes;
	unsigned int bound;
	unsigned long runs;
	char token[TOKEN_LEN];
} first_shown[MOST_RESULTS];

static void keep_shown(const struct bound_result *r)
{
	for (unsigned int i = 0; i < MOST_RESULTS; i++) {
		struct first_shown *f = &first_shown[i];

		if (!r->shown[i].runs)
			continue;
		if (!f->yes)
			snprintf(f->token, sizeof(f->token), "%s", least_token(&r->shown[i].turns));
		if (!f->yes)
			f->bound = r->bound;
		f->yes = true;
		f->runs = r->shown[i].runs;
	}
}

static void print_shown(void)
{
	const char *comma = "";

	printf("],\"shows\":[");
	for (unsigned int i = 0; i < MOST_RESULTS; i++) {
		if (!first_shown[i].yes)
			continue;
		printf("%s{", comma);
		field("result", scenario->results[i]);
		field("token", first_shown[i].token);
		printf("\"bound\":%u,\"schedules\":%lu}", first_shown[i].bound,
			first_shown[i].runs);
		comma = ",";
	}
	printf("],");
}

/* A result that the arm declares, and that no schedule has shown. */
static const char *missed(const struct bound_result *last)
{
	for (unsigned int i = 0; i < MOST_RESULTS; i++)
		if ((scenario->shows & 1u << i) && !first_shown[i].yes)
			return last->exhausted ? scenario->results[i] : NULL;
	return NULL;
}

static void print_end(const struct bound_result *last, unsigned int learn_runs)
{
	const char *never = last->failed ? NULL : missed(last);
	char text[256];

	print_shown();
	printf("\"learn_runs\":%u,\"words\":%u,\"learned_late\":%u,\"reset_us\":%.2f,", learn_runs,
		nr_words - 1, last->learned, last->reset_us);
	if (last->failed) {
		field("message", last->message);
		printf("\"failed_at\":%lu,", last->failed_at);
		field("token", least_token(&last->turns));
	} else if (never) {
		snprintf(text, sizeof(text), "no schedule shows: %s", never);
		field("message", text);
	}
	printf("\"ok\":%s}\n", last->failed || never ? "false" : "true");
}

int report_scenario(
	const struct scenario *s, unsigned int bound, unsigned int jobs, unsigned int seconds)
{
	struct bound_result r = {.failed = false};
	unsigned int learn_runs = learn();

	scenario = s;
	putchar('{');
	field("scenario", s->name);
	field("title", s->title);
	field("arm", s->arm);
	printf("\"jobs\":%u,\"bounds\":[", jobs);
	for (unsigned int b = 0; b <= bound && !r.failed; b++) {
		search_bound(b, jobs, seconds, isatty(2) ? live : NULL, &r);
		keep_shown(&r);
		print_bound(&r);
	}
	if (isatty(2))
		fprintf(stderr, "\r%*s\r", 110, "");
	print_end(&r, learn_runs);
	return r.failed || missed(&r);
}
