/*
 * The text of sysrq=: keys to press, each at a stated virtual time. Pure: text in, table out.
 */
#ifndef CORE_SYSRQ_PLAN_H
#define CORE_SYSRQ_PLAN_H

#include "kernel/core/types.h"

#define SYSRQ_PLAN_KEYS   8
#define SYSRQ_PLAN_MAX_MS 86400000ul /* a day */

struct sysrq_press {
	char key;
	unsigned long ms; /* since boot */
};

struct sysrq_plan {
	unsigned int n;
	struct sysrq_press press[SYSRQ_PLAN_KEYS]; /* as given, in any order */
};

/* "f@1500,t@2000": NULL, or what was expected; *plan is then not to be used. */
const char *sysrq_plan_read(struct sysrq_plan *plan, const char *text);

#endif
