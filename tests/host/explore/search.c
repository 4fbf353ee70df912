/*
 * The search (see search.h): a path of nodes, each a point where more than one could go on, or
 * where the first choice was not who ran. A run repeats the path, or goes on from a node of it (keep.h),
 * and makes first choices after it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "cache.h"
#include "keep.h"
#include "learn.h"
#include "run.h"
#include "search.h"
#include "words.h"

#define MOST_NODES  (1u << 16)
#define CACHE_BYTES (256ul << 20)

struct node {
	unsigned int point;
	uint32_t todo; /* choices not tried yet */
	uint8_t branches, first, chosen;
	bool costs; /* any other choice than the first is a preemption */
	/* What the run was on its way here, and where it is kept; nowhere if both are the same. */
	bool deviated;
	unsigned int used;
	size_t kept, kept_end;
};

static struct node path[MOST_NODES];
static unsigned int depth, at; /* nodes; the next one that this run comes to */
static unsigned int bound, used;
static unsigned int shard, shards, dealt;
static bool deviated;
bool search_cuts = true, search_keeps = true;

void search_begin(unsigned int most, unsigned int number, unsigned int of)
{
	bound = most;
	shard = number;
	shards = of;
	depth = dealt = 0;
	cache_clear(CACHE_BYTES);
}

static unsigned int take(const struct node *n)
{
	if (n->chosen != n->first) {
		deviated = true;
		used += n->costs;
	}
	at++;
	return n->chosen;
}

/* The ways to leave the first run belong to one shard each. */
static uint32_t deal(uint32_t choices)
{
	uint32_t ours = 0;

	for (; choices; choices &= choices - 1)
		if (dealt++ % shards == shard)
			ours |= choices & -choices;
	return ours;
}

static unsigned int add_node(uint32_t others, unsigned int first, bool costs)
{
	struct node *n = &path[depth];

	if (depth == MOST_NODES)
		explore_fail("livelock: %u choices and no end", depth);
	if (!deviated && shards > 1)
		others = deal(others);
	*n = (struct node){.point = points,
		.todo = others,
		.branches = __builtin_popcount(others) + 1,
		.first = first,
		.chosen = first,
		.costs = costs,
		.deviated = deviated,
		.used = used,
		.kept = depth ? path[depth - 1].kept_end : 0};
	n->kept_end = n->kept;
	depth++;
	if (others && search_keeps && self->id < MOST_ACTORS) /* the engine has no stack to keep */
		n->kept_end = keep_run(n->kept);
	return take(n);
}

static uint64_t state(bool runs_on)
{
	uint64_t turns = actors_turns();

	return mix(words_state() + turns, runs_on ? self->id + 1 : 0);
}

static unsigned int choose_new(void)
{
	uint32_t can = actors_enabled(), others;
	unsigned int first;
	bool runs_on;

	if (!can)
		run_over();
	first = first_choice(can);
	runs_on = first == self->id;
	if (search_cuts && deviated && cache_seen(state(runs_on), used))
		run_cut();
	others = can & ~(1u << first);
	if (runs_on && used == bound)
		others = 0;
	if (!others && runs_on)
		return first;
	return add_node(others, first, runs_on);
}

static unsigned int choose_searched(void)
{
	if (at == depth)
		return choose_new();
	if (path[at].point == points)
		return take(&path[at]);
	return self->id;
}

/* From the last node of the path where a run is kept: all of the path is repeated only if there is none. */
static enum end go_on(void)
{
	for (at = depth; at-- > 0;) {
		const struct node *n = &path[at];

		if (n->kept == n->kept_end)
			continue;
		used = n->used;
		deviated = n->deviated;
		return run_kept(n->kept, choose_searched);
	}
	at = 0;
	return run_once(choose_searched);
}

enum end search_run(bool watch)
{
	unsigned int repeated = depth;
	enum end end;

	at = used = 0;
	deviated = false;
	end = watch ? run_watched(choose_searched) : go_on();
	if (at < repeated && end != RUN_FAILED) {
		fprintf(stderr, "explore: a schedule does not repeat (node %u of %u)\n", at,
			repeated);
		exit(2);
	}
	return end;
}

bool search_advance(void)
{
	for (; depth; depth--) {
		struct node *n = &path[depth - 1];

		if (!n->todo)
			continue;
		n->chosen = __builtin_ctz(n->todo);
		n->todo &= n->todo - 1;
		return true;
	}
	return false;
}

bool search_is_ours(void)
{
	return deviated || shard == 0;
}

void search_turns(struct turns *t)
{
	t->nr = 0;
	for (unsigned int i = 0; i < at && t->nr < MOST_TURNS; i++)
		if (path[i].chosen != path[i].first)
			t->turn[t->nr++] = (struct turn){path[i].point, path[i].chosen};
}

double search_done(void)
{
	double done = 0, part = 1;

	for (unsigned int i = 0; i < depth; i++) {
		const struct node *n = &path[i];

		part /= n->branches;
		done += part * (n->branches - __builtin_popcount(n->todo) - 1);
	}
	return done;
}
