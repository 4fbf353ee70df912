/*
 * Kernel command line (see param.h).
 */
#include <string.h>

#include "kernel/core/machine.h"
#include "kernel/core/nearest.h"
#include "kernel/core/param.h"
#include "kernel/core/log/printk.h"

#define MAX_SEEN 64

extern const struct param *const _params[], *const _params_end[];

static const struct param_group *groups[PARAM_MAX_GROUPS];
static unsigned int nr_groups;
static bool given[PARAM_MAX_GROUPS]; /* a parameter of it, on the command line */

void param_add_group(const struct param_group *group)
{
	if (nr_groups < PARAM_MAX_GROUPS)
		groups[nr_groups++] = group;
}

bool param_is_plain(unsigned int i)
{
	return i < (unsigned int)(_params_end - _params);
}

const struct param *param_nth(unsigned int i, char *name)
{
	unsigned int plain = _params_end - _params;

	if (i < plain) {
		ksnprintf(name, PARAM_NAME_LEN, "%s", _params[i]->name);
		return _params[i];
	}
	i -= plain;
	for (unsigned int g = 0; g < nr_groups; g++) {
		if (i < groups[g]->count) {
			const struct param *p = &groups[g]->params[i];

			ksnprintf(name, PARAM_NAME_LEN, "%s.%s", groups[g]->prefix, p->name);
			return p;
		}
		i -= groups[g]->count;
	}
	return NULL;
}

static void describe(const struct param *p, char *buf, size_t size)
{
	if (p->set)
		ksnprintf(buf, size, "%s", p->help);
	else
		ksnprintf(buf, size, "%ld to %ld: %s", p->min, p->max, p->help);
}

/* No parameter has that name. */
static void unknown(const char *want, char *err, size_t err_size)
{
	const struct param *p, *best = NULL;
	char name[PARAM_NAME_LEN], help[160];
	struct nearest near;

	nearest_init(&near, want);
	for (unsigned int i = 0; (p = param_nth(i, name)); i++)
		if (nearest_offer(&near, name))
			best = p;
	if (!best) {
		ksnprintf(err, err_size, "bad parameter: unknown name \"%s\"", want);
		return;
	}
	describe(best, help, sizeof(help));
	ksnprintf(err, err_size, "bad parameter: unknown name \"%s\"; the nearest is %s (%s)", want,
		near.name, help);
}

static const struct param *find(const char *want)
{
	char name[PARAM_NAME_LEN];
	const struct param *p;

	for (unsigned int i = 0; (p = param_nth(i, name)); i++)
		if (!strcmp(name, want))
			return p;
	return NULL;
}

/* A scenario's knob may be given; whose it was is asked later. */
static void note_group(const struct param *p)
{
	for (unsigned int g = 0; g < nr_groups; g++)
		if (p >= groups[g]->params && p < groups[g]->params + groups[g]->count)
			given[g] = true;
}

const char *param_other_group(const char *prefix)
{
	for (unsigned int g = 0; g < nr_groups; g++)
		if (given[g] && strcmp(groups[g]->prefix, prefix))
			return groups[g]->prefix;
	return NULL;
}

/* The value of a digit, or something too large for any base. */
static long digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return 99;
}

bool param_long(const char *text, long *result)
{
	bool minus = *text == '-';
	long base = 10, v = 0;

	text += minus;
	if (text[0] == '0' && text[1] == 'x') {
		base = 16;
		text += 2;
	}
	if (*text == '\0')
		return false;
	for (; *text; text++) {
		long digit = digit_of(*text);

		if (digit >= base || v > (0x7fffffffffffffffl - digit) / base)
			return false;
		v = v * base + digit;
	}
	*result = minus ? -v : v;
	return true;
}

static bool set_int(
	const struct param *p, const char *name, const char *value, char *err, size_t err_size)
{
	long v;

	if (!param_long(value, &v) || v < p->min || v > p->max) {
		ksnprintf(err, err_size, "bad parameter: %s=%s; expected %ld to %ld: %s", name,
			value, p->min, p->max, p->help);
		return false;
	}
	*p->value = v;
	return true;
}

static bool set_one(
	const struct param *p, const char *name, const char *value, char *err, size_t err_size)
{
	const char *expected;

	if (!p->set)
		return set_int(p, name, value, err, err_size);
	expected = p->set(value);
	if (expected)
		ksnprintf(
			err, err_size, "bad parameter: %s=%s; expected %s", name, value, expected);
	return !expected;
}

static bool parse_word(
	char *word, const struct param **seen, unsigned int *nr_seen, char *err, size_t err_size)
{
	char *eq = strchr(word, '=');
	const struct param *p;

	if (!eq) {
		ksnprintf(err, err_size, "bad parameter: \"%s\"; expected name=value", word);
		return false;
	}
	*eq = '\0';
	p = find(word);
	if (!p) {
		unknown(word, err, err_size);
		return false;
	}
	for (unsigned int i = 0; i < *nr_seen; i++) {
		if (seen[i] == p) {
			ksnprintf(err, err_size, "bad parameter: %s is given twice; expected once",
				word);
			return false;
		}
	}
	if (*nr_seen == MAX_SEEN) {
		ksnprintf(err, err_size, "bad parameter: %s is one too many; expected at most %d",
			word, MAX_SEEN);
		return false;
	}
	seen[(*nr_seen)++] = p;
	note_group(p);
	return set_one(p, word, eq + 1, err, err_size);
}

bool params_try_parse(char *cmdline, char *err, size_t err_size)
{
	const struct param *seen[MAX_SEEN];
	unsigned int nr_seen = 0;
	char *p = cmdline;

	for (;;) {
		char *word;

		p += strspn(p, " \t\n");
		if (*p == '\0')
			return true;
		word = p;
		p += strcspn(p, " \t\n");
		if (*p)
			*p++ = '\0';
		if (!parse_word(word, seen, &nr_seen, err, err_size))
			return false;
	}
}

void params_parse(char *cmdline)
{
	static char err[512];

	if (!params_try_parse(cmdline, err, sizeof(err)))
		machine_refuse("%s", err);
}
