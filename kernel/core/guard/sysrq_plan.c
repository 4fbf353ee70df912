/*
 * Reads sysrq= (see sysrq_plan.h).
 */
#include "kernel/core/guard/sysrq_plan.h"

static const char expected[] =
	"KEY@MS[,KEY@MS...], at most 8, each MS from 1 to 86400000 (virtual time since boot), such "
	"as f@1500,t@2000";

_Static_assert(SYSRQ_PLAN_KEYS == 8 && SYSRQ_PLAN_MAX_MS == 86400000, "as the text says");

/* Past the digits; NULL if there is none, or the number is too large. */
static const char *read_ms(const char *p, unsigned long *ms)
{
	const char *start = p;

	for (*ms = 0; *p >= '0' && *p <= '9'; p++) {
		*ms = *ms * 10 + (*p - '0');
		if (*ms > SYSRQ_PLAN_MAX_MS)
			return NULL;
	}
	return p > start && *ms ? p : NULL;
}

/* Past one KEY@MS. */
static const char *read_press(const char *p, struct sysrq_press *press)
{
	if (p[0] == '\0' || p[1] != '@')
		return NULL;
	press->key = p[0];
	return read_ms(p + 2, &press->ms);
}

const char *sysrq_plan_read(struct sysrq_plan *plan, const char *text)
{
	const char *p = text;

	plan->n = 0;
	for (;;) {
		if (plan->n == SYSRQ_PLAN_KEYS)
			return expected;
		p = read_press(p, &plan->press[plan->n++]);
		if (!p || (*p && *p != ','))
			return expected;
		if (*p++ == '\0')
			return NULL;
	}
}
