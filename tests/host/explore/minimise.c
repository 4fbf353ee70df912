/*
 * The least token for what a token leads to (see token.h): parts are taken out one at a time, as long
 * as the run still ends in the same way.
 */
#include <ctype.h>

#include "run.h"
#include "token.h"

/* Numbers apart: another page may be lost. */
static void without_digits(const char *from, char *to, size_t size)
{
	for (; *from && size > 1; from++)
		if (!isdigit((unsigned char)*from))
			*to++ = *from, size--;
	*to = '\0';
}

struct ending {
	enum end end;
	unsigned int seen;
	char message[512];
};

static struct ending run_to_end(const struct token *t)
{
	struct ending e = {.end = token_run(t), .seen = results_seen};

	without_digits(run_message(), e.message, sizeof(e.message));
	return e;
}

/* At least the results that the whole token shows. */
static bool is_same(const struct ending *a, const struct ending *b)
{
	return a->end == b->end && !(a->seen & ~b->seen) && !strcmp(a->message, b->message);
}

static struct token without(const struct token *t, unsigned int part)
{
	struct token less = *t;

	less.nr--;
	memmove(&less.part[part], &less.part[part + 1], (less.nr - part) * sizeof(less.part[0]));
	return less;
}

void token_minimise(struct token *t)
{
	struct ending whole = run_to_end(t);

	for (unsigned int i = 0; i < t->nr;) {
		struct token less = without(t, i);
		struct ending e = run_to_end(&less);

		if (!is_same(&whole, &e) || token_misfit() >= 0) {
			i++;
			continue;
		}
		*t = less;
		i = 0;
	}
}
