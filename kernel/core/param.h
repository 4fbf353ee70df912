/*
 * Kernel command line: `name=value`, blank-separated. Each floor registers its own parameters
 * where it defines the variable, with range and help. A name nobody registered, a value out of
 * range, or a name given twice stops the boot with one line (DESIGN 6).
 *
 * Context: boot, one CPU. Strings set by the command line point into the boot information.
 */
#ifndef CORE_PARAM_H
#define CORE_PARAM_H

#include "kernel/core/types.h"

struct param {
	const char *name;
	const char *help;
	long min, max;
	long *value;
	/* When set, takes the text instead: NULL, or what was expected. */
	const char *(*set)(const char *text);
};

#define PARAM_SECTION    __attribute__((section(".params"), used))
#define PARAM_CAT_(a, b) a##b
#define PARAM_CAT(a, b)  PARAM_CAT_(a, b)

#define PARAM_INT(pname, var, lo, hi, phelp)                                                       \
	static const struct param PARAM_CAT(param_, __LINE__) = {                                  \
		.name = pname, .help = phelp, .min = lo, .max = hi, .value = &(var)};              \
	static const struct param *const PARAM_CAT(param_p_, __LINE__) PARAM_SECTION =             \
		&PARAM_CAT(param_, __LINE__)

#define PARAM_FN(pname, fn, phelp)                                                                 \
	static const struct param PARAM_CAT(param_, __LINE__) = {                                  \
		.name = pname, .help = phelp, .set = fn};                                          \
	static const struct param *const PARAM_CAT(param_p_, __LINE__) PARAM_SECTION =             \
		&PARAM_CAT(param_, __LINE__)

/* More parameters, whose names begin with `prefix` and a dot: a scenario's knobs. */
#define PARAM_MAX_GROUPS 32
struct param_group {
	const char *prefix;
	const struct param *params;
	unsigned int count;
};
void param_add_group(const struct param_group *group);
/* A group, besides that of `prefix`, of which the command line sets a parameter: its prefix, or NULL. */
const char *param_other_group(const char *prefix);

/* The i-th parameter of all, its full name into `name`; NULL after the last. */
#define PARAM_NAME_LEN 64
const struct param *param_nth(unsigned int i, char *name);
/* Is it no group's? It may have a dot in its name all the same, as of a device. */
bool param_is_plain(unsigned int i);

/* Parse a command line in place. Stops the machine with exit code 2 on the first fault. */
void params_parse(char *cmdline);

/* A whole text as a decimal or 0x-hexadecimal number: false if it is none that fits. */
bool param_long(const char *text, long *result);

/*
 * The same without stopping: false, and one line about the fault in `err`. For tests.
 */
bool params_try_parse(char *cmdline, char *err, size_t err_size);

#endif
