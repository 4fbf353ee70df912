/*
 * One bound over several processes (see shards.h). Each shard writes what it has done into its part of
 * memory that all of them share.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cache.h"
#include "clocks.h"
#include "run.h"
#include "search.h"
#include "shards.h"
#include "words.h"

#define MOST_JOBS   64
#define MOST_NEW    64
#define WATCH_EVERY 64 /* runs */
#define LOOK_EVERY  1024

struct shard {
	volatile unsigned long runs, cut;
	volatile double done;
	double cpu_seconds, reset_us;
	unsigned long states;
	unsigned int longest;
	bool exhausted;
	volatile bool failed;
	unsigned long failed_at;
	struct turns turns;
	char message[512];
	struct shown shown[MOST_RESULTS];
	unsigned int nr_new;
	struct race new[MOST_NEW];
};

static struct shared {
	volatile unsigned long first_failure; /* fewest runs of a shard that failed */
	volatile bool stop;
	struct shard shard[MOST_JOBS];
} * shared;

static double seconds_of(clockid_t which)
{
	struct timespec t;

	clock_gettime(which, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void note_shown(struct shard *s)
{
	for (unsigned int left = results_seen; left; left &= left - 1) {
		struct shown *shown = &s->shown[__builtin_ctz(left)];

		if (shown->runs++ && shown->points <= points)
			continue;
		shown->points = points;
		search_turns(&shown->turns);
	}
}

static void note_failure(struct shard *s)
{
	unsigned long before = __atomic_load_n(&shared->first_failure, __ATOMIC_RELAXED);

	s->failed_at = s->runs;
	search_turns(&s->turns);
	snprintf(s->message, sizeof(s->message), "%s", run_message());
	s->failed = true;
	while (s->runs < before &&
		!__atomic_compare_exchange_n(&shared->first_failure, &before, s->runs, false,
			__ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}

/* Words that nobody knew of: this search was not a whole one. */
static bool note_new(struct shard *s)
{
	const struct race *race;
	unsigned int n = clocks_races(&race);

	for (unsigned int i = 0; i < n && s->nr_new < MOST_NEW; i++)
		if (word_learn(race[i].at, race[i].bytes, race[i].kinds))
			s->new[s->nr_new++] = race[i];
	return s->nr_new > 0;
}

/* One schedule; false: there is no more to do here. */
static bool run_one(struct shard *s)
{
	bool watch = s->runs % WATCH_EVERY == WATCH_EVERY - 1;
	enum end end = search_run(watch);

	if (search_is_ours()) {
		s->runs++;
		s->cut += end == RUN_CUT;
		s->longest = MAX(s->longest, points);
	}
	if (watch && note_new(s))
		return false;
	if (end == RUN_FAILED) {
		note_failure(s);
		return false;
	}
	note_shown(s);
	s->exhausted = !search_advance();
	return !s->exhausted;
}

/* Nobody needs what comes after the first failure, counted in the runs of its shard. */
static bool shall_go_on(struct shard *s)
{
	s->done = search_done();
	return !shared->stop && s->runs < shared->first_failure;
}

static void be_shard(unsigned int bound, unsigned int number, unsigned int jobs)
{
	struct shard *s = &shared->shard[number];
	double start = seconds_of(CLOCK_PROCESS_CPUTIME_ID);

	search_begin(bound, number, jobs);
	while (run_one(s))
		if (s->runs % LOOK_EVERY == 0 && !shall_go_on(s))
			break;
	s->states = cache_states();
	s->cpu_seconds = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - start;
	s->reset_us = run_reset_us();
	_exit(0);
}

static void start(unsigned int bound, unsigned int jobs, pid_t pids[])
{
	memset(shared, 0, sizeof(*shared));
	shared->first_failure = ~0ul;
	fflush(NULL);
	for (unsigned int i = 0; i < jobs; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			be_shard(bound, i, jobs);
		if (pids[i] < 0) {
			perror("explore: fork");
			exit(2);
		}
	}
}

static void add_shown(struct shown *sum, const struct shown *more)
{
	if (more->runs && (!sum->runs || more->points < sum->points)) {
		sum->points = more->points;
		sum->turns = more->turns;
	}
	sum->runs += more->runs;
}

static void add(struct bound_result *r, const struct shard *s)
{
	r->runs += s->runs;
	r->cut += s->cut;
	r->states += s->states;
	r->longest = MAX(r->longest, s->longest);
	r->cpu_seconds += s->cpu_seconds;
	r->reset_us = MAX(r->reset_us, s->reset_us);
	r->exhausted = r->exhausted && s->exhausted;
	for (unsigned int i = 0; i < MOST_RESULTS; i++)
		add_shown(&r->shown[i], &s->shown[i]);
	if (!s->failed || (r->failed && r->failed_at <= s->failed_at))
		return;
	r->failed = true;
	r->failed_at = s->failed_at;
	r->turns = s->turns;
	memcpy(r->message, s->message, sizeof(r->message));
}

static double sum_up(unsigned int bound, unsigned int jobs, struct bound_result *r)
{
	unsigned int learned = r->learned;
	double done = 0;

	*r = (struct bound_result){.bound = bound, .exhausted = true, .learned = learned};
	for (unsigned int i = 0; i < jobs; i++) {
		add(r, &shared->shard[i]);
		done += shared->shard[i].done / jobs;
	}
	return done;
}

static bool all_ended(unsigned int jobs, pid_t pids[])
{
	bool all = true;

	for (unsigned int i = 0; i < jobs; i++) {
		int status;

		if (pids[i] && waitpid(pids[i], &status, WNOHANG) == pids[i]) {
			pids[i] = 0;
			if (!WIFEXITED(status) || WEXITSTATUS(status)) {
				fprintf(stderr, "explore: shard %u ended with status %x\n", i,
					status);
				exit(2);
			}
		}
		all = all && !pids[i];
	}
	return all;
}

static void wait_for_all(unsigned int bound, unsigned int jobs, double seconds, live_fn live,
	struct bound_result *r, pid_t pids[])
{
	double begun = seconds_of(CLOCK_MONOTONIC), told = begun;

	for (useconds_t pause = 200; !all_ended(jobs, pids); pause = MIN(2 * pause, 50000u)) {
		double at = seconds_of(CLOCK_MONOTONIC);

		usleep(pause);
		if (seconds && at - begun > seconds)
			shared->stop = true;
		if (at - told < 0.25)
			continue;
		told = at;
		if (live)
			live(r, sum_up(bound, jobs, r), at - begun);
	}
}

static unsigned int learn_from(unsigned int jobs)
{
	unsigned int new = 0;

	for (unsigned int i = 0; i < jobs; i++)
		for (unsigned int n = 0; n < shared->shard[i].nr_new; n++) {
			const struct race *race = &shared->shard[i].new[n];

			new += word_learn(race->at, race->bytes, race->kinds);
		}
	return new;
}

void search_bound(
	unsigned int bound, unsigned int jobs, double seconds, live_fn live, struct bound_result *r)
{
	pid_t pids[MOST_JOBS];
	unsigned int new;

	if (!shared)
		shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	jobs = MIN(jobs, (unsigned int)MOST_JOBS);
	r->learned = 0;
	do {
		start(bound, jobs, pids);
		wait_for_all(bound, jobs, seconds, live, r, pids);
		sum_up(bound, jobs, r);
		new = learn_from(jobs);
		r->learned += new;
	} while (new && !r->failed);
}
