/*
 * The explorer's program: one scenario a process, one line of JSON for it (explore.h). The runner,
 * tests/run/suites/explore.py, makes the table of many.
 *
 *   explore SCENARIO [--bound N] [--quick] [--no-cache] [--no-keep] [--jobs N] [--seconds N]
 *           [--token TEXT] [--draw random|pct [--seed N] [--runs N]]
 *   explore --list
 *
 * Exit codes: 0, 1 when something failed (or, with a token, that run did), 2 for a wrong option or a
 * token that does not fit this program.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "arena.h"
#include "clocks.h"
#include "draw.h"
#include "keep.h"
#include "learn.h"
#include "report.h"
#include "run.h"
#include "search.h"
#include "show.h"
#include "undo.h"
#include "words.h"

static struct options {
	const char *scenario, *token, *draw;
	unsigned long bound, jobs, seconds, seed, runs;
	bool quick, list;
} options = {.bound = MOST_BOUND + 1, .jobs = 1, .seed = 1, .runs = 100000};

static void refuse(const char *what, const char *value, const char *expected)
	__attribute__((noreturn));

static void refuse(const char *what, const char *value, const char *expected)
{
	fprintf(stderr, "explore: %s \"%s\": expected %s\n", what, value, expected);
	exit(2);
}

static unsigned long number(const char *what, const char *text, unsigned long most)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);
	char expected[64];

	if (*text >= '0' && *text <= '9' && !*end && n <= most)
		return n;
	snprintf(expected, sizeof(expected), "a number up to %lu", most);
	refuse(what, text, expected);
}

static void parse(int argc, char **argv)
{
	enum { BOUND, JOBS, SECONDS, TOKEN, DRAW, SEED, RUNS, QUICK, LIST, NO_CACHE, NO_KEEP };
	static const struct option known[] = {{"bound", 1, NULL, BOUND}, {"jobs", 1, NULL, JOBS},
		{"seconds", 1, NULL, SECONDS}, {"token", 1, NULL, TOKEN}, {"draw", 1, NULL, DRAW},
		{"seed", 1, NULL, SEED}, {"runs", 1, NULL, RUNS}, {"quick", 0, NULL, QUICK},
		{"list", 0, NULL, LIST}, {"no-cache", 0, NULL, NO_CACHE},
		{"no-keep", 0, NULL, NO_KEEP}, {NULL, 0, NULL, 0}};
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) >= 0) {
		switch (option) {
		case BOUND:
			options.bound = number("bound", optarg, MOST_BOUND);
			break;
		case JOBS:
			options.jobs = MAX(number("jobs", optarg, 64), 1ul);
			break;
		case SECONDS:
			options.seconds = number("seconds", optarg, 1000000);
			break;
		case TOKEN:
			options.token = optarg;
			break;
		case DRAW:
			options.draw = optarg;
			break;
		case SEED:
			options.seed = number("seed", optarg, ~0ul);
			break;
		case RUNS:
			options.runs = number("runs", optarg, ~0ul);
			break;
		case QUICK:
			options.quick = true;
			break;
		case NO_CACHE:
			search_cuts = false;
			break;
		case NO_KEEP:
			search_keeps = false;
			break;
		case LIST:
			options.list = true;
			break;
		default:
			exit(2);
		}
	}
	options.scenario = argv[optind];
}

static const struct scenario *find(const char *name)
{
	for (unsigned int i = 0; name && all_scenarios[i]; i++)
		if (!strcmp(all_scenarios[i]->name, name))
			return all_scenarios[i];
	refuse("scenario", name ? name : "", "a name that --list prints");
}

static void prepare(const struct scenario *s)
{
	arena_init();
	undo_init();
	keep_init();
	words_init();
	clocks_init();
	actors_init();
	run_init();
	this_scenario = s;
	run_prepare(s);
	for (unsigned int cpu = 0; cpu < s->cpus; cpu++)
		actor_add(cpu, s->cpu[cpu], NULL, s->daemons >> cpu & 1, cpus[cpu].task);
}

static int replay(void)
{
	struct token t;
	const char *err = token_parse(options.token, &t);

	if (err) {
		fprintf(stderr, "explore: token: %s\n", err);
		return 2;
	}
	learn();
	if (show_token(&t) == RUN_FAILED)
		return 1;
	return token_misfit() >= 0 ? 2 : 0;
}

static bool is_pct(void)
{
	if (!strcmp(options.draw, "pct"))
		return true;
	if (strcmp(options.draw, "random"))
		refuse("draw", options.draw, "random or pct");
	return false;
}

/* Schedules that are drawn, until one fails. */
static int draw(void)
{
	bool pct = is_pct();

	learn();
	for (unsigned long n = 0; n < options.runs; n++) {
		if (pct)
			draw_priorities(options.seed + n, 3, 100);
		else
			draw_at_random(options.seed + n, 2 + (options.seed + n) % 30);
		if (run_once(pct ? choose_by_priority : choose_at_random) == RUN_FAILED) {
			printf("run %lu (seed %lu) failed: %s\n", n + 1, options.seed + n,
				run_message());
			return 1;
		}
	}
	printf("%lu runs drawn, none failed\n", options.runs);
	return 0;
}

int main(int argc, char **argv)
{
	const struct scenario *s;
	unsigned long bound;

	parse(argc, argv);
	if (options.list) {
		report_list();
		return 0;
	}
	s = find(options.scenario);
	prepare(s);
	if (options.token)
		return replay();
	if (options.draw)
		return draw();
	bound = options.quick ? s->quick : s->bound;
	if (options.bound <= MOST_BOUND)
		bound = options.bound;
	return report_scenario(s, bound, options.jobs, options.seconds);
}
