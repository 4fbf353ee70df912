/*
 * What every scenario declares (see scenario_list.h).
 */
#include <string.h>

#include "kernel/core/log/event.h"
#include "kernel/core/log/printk.h"
#include "kernel/core/param.h"
#include "kernel/task/scenario.h"
#include "kernel/task/scenario_list.h"
#include "mm/page/memory.h"
#include "mm/page/patch.h"
#include "mm/show/vmstat_show.h"

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

static const struct range *said(const struct range *own, const struct range *every)
{
	return own->max ? own : every;
}

static void show_range(const struct range *r, const char *what)
{
	if (r->max)
		pr_info("%-15s holds with %u to %u %s", "", r->min, r->max, what);
}

static void list_arm(const struct scenario *s, const struct scenario_arm *arm)
{
	const struct range *mem = said(&arm->mem, &s->mem), *cpus = said(&arm->cpus, &s->cpus);
	static struct line checks, args;
	char every[160], merged[320], showed[256], help[160], devices[256], every_devices[256];

	list_checks(&checks, arm);
	merge_args(&args, text_of(s->args), text_of(arm->args));
	event("{\"event\":\"arm\",\"scenario\":\"%s\",\"group\":\"%s\",\"source\":\"%s\","
	      "\"mem\":%u,\"ncpus\":%u,\"shift\":%u,\"fills\":%s,\"every\":\"%s\",\"patch\":\"%s\","
	      "\"outcome\":"
	      "\"%s\","
	      "\"checks\":[%s],\"args\":\"%s\",\"showed\":\"%s\",\"help\":\"%s\","
	      "\"mem_hold\":[%u,%u],\"cpus_hold\":[%u,%u],\"devices\":\"%s\","
	      "\"every_devices\":\"%s\"}",
		s->name, s->group, text_of(s->source), s->mem_mib, s->nr_cpus, s->shift,
		s->fills_memory ? "true" : "false",
		event_string(text_of(s->args), every, sizeof(every)), arm->patch, arm->outcome,
		checks.text, event_string(args.text, merged, sizeof(merged)),
		event_string(text_of(arm->showed), showed, sizeof(showed)),
		event_string(s->help, help, sizeof(help)), mem->min, mem->max, cpus->min, cpus->max,
		event_string(text_of(arm->devices ? arm->devices : s->devices), devices,
			sizeof(devices)),
		event_string(text_of(s->devices), every_devices, sizeof(every_devices)));
	pr_info("%-15s patch=%-20s %-12s %s", s->name, arm->patch, arm->outcome, s->help);
	show_range(mem, "MiB");
	show_range(cpus, "CPUs");
}

/* Also one without an arm has a name that may be asked for, and a file. */
static void list_scenario(const struct scenario *s, const char *file)
{
	event("{\"event\":\"scenario\",\"name\":\"%s\",\"file\":\"%s\"}", s->name, file);
	for (unsigned int i = 0; i < s->nr_arms; i++)
		list_arm(s, &s->arms[i]);
}

static void list_patches(void)
{
	char title[160], needs[256];

	for (const struct patch *p = patches; p < patches + nr_patches; p++)
		event("{\"event\":\"patch\",\"name\":\"%s\",\"title\":\"%s\",\"source\":\"%s\","
		      "\"needs\":\"%s\",\"series\":%s}",
			p->name, event_string(p->title, title, sizeof(title)), p->source,
			patch_list(p->needs, needs, sizeof(needs)),
			p->bit & PATCH_SERIES ? "true" : "false");
}

/* One that takes a text has no range. */
static void list_param(const struct param *p, const char *name, const char *kernel)
{
	char help[256];

	event_string(p->help, help, sizeof(help));
	if (p->set)
		event("{\"event\":\"param\",\"name\":\"%s\",\"kernel\":%s,\"help\":\"%s\"}", name,
			kernel, help);
	else
		event("{\"event\":\"param\",\"name\":\"%s\",\"kernel\":%s,\"help\":\"%s\","
		      "\"min\":%ld,\"max\":%ld,\"default\":%ld}",
			name, kernel, help, p->min, p->max, *p->value);
}

static void list_params(void)
{
	char name[PARAM_NAME_LEN];
	const struct param *p;

	for (unsigned int i = 0; (p = param_nth(i, name)); i++)
		list_param(p, name, param_is_plain(i) ? "true" : "false");
}

static void list_counter(const char *name)
{
	event("{\"event\":\"counter_name\",\"name\":\"%s\"}", name);
}

static void list_vmstat(const char *name, unsigned long value, void *unused)
{
	(void)value;
	(void)unused;
	list_counter(name);
}

static void list_counters(void)
{
	vmstat_tell(&system_memory, list_vmstat, NULL);
	for (int i = NR_VM_EVENTS; i < NR_MM_EVENTS; i++)
		list_counter(mm_event_name[i]);
	for (const char *const *name = _counters; name < _counters_end; name++)
		list_counter(*name);
}

void list_scenarios(void)
{
	list_patches();
	list_params();
	list_counters();
	for_each_scenario(e)
		list_scenario((*e)->scenario, (*e)->file);
}
