/*
 * What every scenario declares (see scenario_list.h).
 */
#include <string.h>

#include "kernel/core/log/event.h"
#include "kernel/core/log/printk.h"
#include "kernel/task/scenario.h"
#include "kernel/task/scenario_list.h"

#define BLANKS " "

/* The next word of `*p`, which moves behind it; its length is 0 at the end. */
static const char *next_word(const char **p, size_t *len)
{
	const char *word = *p + strspn(*p, BLANKS);

	*len = strcspn(word, BLANKS);
	*p = word + *len;
	return word;
}

/* Do these parameters set the one that `word`, "name=value", sets? */
static bool set_by(const char *args, const char *word)
{
	size_t name = strcspn(word, "= "), len;
	const char *other;

	while (other = next_word(&args, &len), len)
		if (!strncmp(other, word, name) && strcspn(other, "= ") == name)
			return true;
	return false;
}

/* The parameters of every arm, but for those that this arm sets, and then its own. */
static void merge_args(struct line *l, const char *every, const char *own)
{
	const char *word;
	size_t len;

	line_init(l);
	for (const char *p = every; word = next_word(&p, &len), len;)
		if (!set_by(own, word))
			line_add(l, "%s%.*s", l->len ? " " : "", (int)len, word);
	for (const char *p = own; word = next_word(&p, &len), len;)
		line_add(l, "%s%.*s", l->len ? " " : "", (int)len, word);
}

static const char *text_of(const char *text)
{
	return text ? text : "";
}

static void list_checks(struct line *l, const struct scenario_arm *arm)
{
	char text[160];

	line_init(l);
	for (int i = 0; i < ARM_CHECKS && arm->checks[i]; i++)
		line_add(l, "%s\"%s\"", i ? "," : "",
			event_string(arm->checks[i], text, sizeof(text)));
}

static void list_range(const struct range *own, const struct range *every, const char *what)
{
	const struct range *r = own->max ? own : every;

	if (r->max)
		pr_info("%-15s holds with %u to %u %s", "", r->min, r->max, what);
}

static void list_machines(const struct scenario *s, const struct scenario_arm *arm)
{
	list_range(&arm->mem, &s->mem, "MiB");
	list_range(&arm->cpus, &s->cpus, "CPUs");
}

static void list_arm(const struct scenario *s, const struct scenario_arm *arm)
{
	static struct line checks, args;
	char every[160], merged[320], showed[256], help[160];

	list_checks(&checks, arm);
	merge_args(&args, text_of(s->args), text_of(arm->args));
	event("{\"event\":\"arm\",\"scenario\":\"%s\",\"group\":\"%s\",\"source\":\"%s\","
	      "\"mem\":%u,\"shift\":%u,\"every\":\"%s\",\"patch\":\"%s\",\"outcome\":\"%s\","
	      "\"checks\":[%s],\"args\":\"%s\",\"showed\":\"%s\",\"help\":\"%s\"}",
		s->name, s->group, text_of(s->source), s->mem_mib, s->shift,
		event_string(text_of(s->args), every, sizeof(every)), arm->patch, arm->outcome,
		checks.text, event_string(args.text, merged, sizeof(merged)),
		event_string(text_of(arm->showed), showed, sizeof(showed)),
		event_string(s->help, help, sizeof(help)));
	pr_info("%-15s patch=%-20s %-12s %s", s->name, arm->patch, arm->outcome, s->help);
	list_machines(s, arm);
}

void list_scenarios(void)
{
	const struct scenario *const *s;

	for_each_scenario(s)
		for (unsigned int i = 0; i < (*s)->nr_arms; i++)
			list_arm(*s, &(*s)->arms[i]);
}
