/*
 * One schedule in words (see show.h).
 */
#include <stdio.h>

#include "names.h"
#include "run.h"
#include "show.h"
#include "sites.h"
#include "words.h"
#include "scenarios/scenario.h"

static unsigned int speaker;

static void speak(void)
{
	if (speaker == self->id)
		return;
	speaker = self->id;
	printf("CPU %u%s (%s):\n", self->cpu, is_handler(self) ? ", answering a call" : "",
		self->here.task ? self->here.task->comm : "idle");
}

static uint64_t value_at(const void *at, unsigned int size)
{
	uint64_t v = 0;

	memcpy(&v, at, MIN(size, 8u));
	return v;
}

static void show_access(const struct access *a)
{
	const struct word *w = &words[word_ids[WORD_OF(a->at)]];
	int site = site_of(a->site);

	if (!(w->bytes & bytes_of((uintptr_t)a->at, a->size)))
		return;
	speak();
	printf("    %-38s %-7s %s, %s %#lx\n", site < 0 ? "?" : site_name(site), op_name[a->op],
		name_of(a->at), a->op == OP_READ ? "which is" : "which was",
		value_at(a->at, a->size));
}

static void show_said(const char *text)
{
	speak();
	printf("    says: %s\n", text);
}

enum end show_token(const struct token *t)
{
	enum end end;

	token_run(t); /* looks the names up */
	if (token_misfit() >= 0)
		printf("part %d of the token does not fit: this program's run does not come "
		       "there\n",
			token_misfit() + 1);
	speaker = ~0u;
	say = show_said;
	token_watch(show_access);
	end = token_run(t);
	token_watch(NULL);
	say = NULL;
	printf("%s%s\n", end == RUN_FAILED ? "failed: " : "done",
		end == RUN_FAILED ? run_message() : "");
	for (unsigned int i = 0; i < MOST_RESULTS; i++)
		if (results_seen & 1u << i)
			printf("shows: %s\n", this_scenario->results[i]);
	return end;
}
