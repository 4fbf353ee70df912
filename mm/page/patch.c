/*
 * The table of patches under study, and patch= (see patch.h).
 */
#include <string.h>

#include "kernel/core/nearest.h"
#include "kernel/core/param.h"
#include "kernel/core/log/printk.h"
#include "mm/page/patch.h"

const struct patch patches[] = {
	{"highatomic-nosteal", "mm: don't steal highatomic pageblock",
		"Minchan Kim, October 2016, 1/4", PATCH_HIGHATOMIC_NOSTEAL, 0},
	{"highatomic-account", "mm: prevent double decrease of nr_reserved_highatomic",
		"Minchan Kim, October 2016, 2/4", PATCH_HIGHATOMIC_ACCOUNT, 0},
	{"highatomic-exhaust", "mm: try to exhaust highatomic reserve before the OOM",
		"Minchan Kim, October 2016, 3/4", PATCH_HIGHATOMIC_EXHAUST, 0},
	{"highatomic-force", "mm: make unreserve highatomic functions reliable",
		"Minchan Kim, October 2016, 4/4", PATCH_HIGHATOMIC_FORCE, PATCH_HIGHATOMIC_EXHAUST},
	{"highatomic-early", "mm: unreserve highatomic on every \"no retry\" exit",
		"position of Linux 6.8", PATCH_HIGHATOMIC_EARLY, PATCH_HIGHATOMIC_EXHAUST},
	{"oom-reaper", "mm, oom: introduce oom reaper", "Michal Hocko, 2016, 1/5", PATCH_OOM_REAPER,
		0},
	{"oom-reaper-skip", "mm, oom: a victim that was reaped or given up blocks nobody",
		"behaviour of Linux 4.9", PATCH_OOM_REAPER_SKIP, PATCH_OOM_REAPER},
	{"oom-notifier-outside", "mm, oom: bring OOM notifier callbacks to outside of OOM killer",
		"Tetsuo Handa, June 2018, as reviewed by David Rientjes",
		PATCH_OOM_NOTIFIER_OUTSIDE, 0},
};
const unsigned int nr_patches = ARRAY_SIZE(patches);

unsigned int patches_chosen;

static const struct patch *find_patch(const char *name, size_t len)
{
	for (unsigned int i = 0; i < nr_patches; i++)
		if (strlen(patches[i].name) == len && !memcmp(patches[i].name, name, len))
			return &patches[i];
	return NULL;
}

static unsigned int all_patches(void)
{
	unsigned int set = 0;

	for (unsigned int i = 0; i < nr_patches; i++)
		set |= patches[i].bit;
	return set;
}

/* What is nearest to `word`, which is no patch, and all that there is. */
static const char *expected_names(const char *word, size_t len)
{
	static char text[420];
	char typed[NEAREST_LEN], list[256];
	bool minus = len && word[0] == '-';
	struct nearest near;

	ksnprintf(typed, sizeof(typed), "%.*s", (int)(len - minus), word + minus);
	nearest_init(&near, typed);
	nearest_offer(&near, "none");
	nearest_offer(&near, "all");
	nearest_offer(&near, "series");
	for (unsigned int i = 0; i < nr_patches; i++)
		nearest_offer(&near, patches[i].name);
	ksnprintf(text, sizeof(text),
		"%s%snone, all, series, or a list of %s (-name takes one out of all)", near.name,
		near.name[0] ? ", which is the nearest: " : "",
		patch_list(all_patches(), list, sizeof(list)));
	return text;
}

static bool apply_word(const char *word, size_t len, unsigned int *set)
{
	bool minus = len && word[0] == '-';
	const struct patch *p;

	if (len == 4 && !memcmp(word, "none", 4)) {
		*set = 0;
		return true;
	}
	if (len == 3 && !memcmp(word, "all", 3)) {
		*set |= all_patches();
		return true;
	}
	if (len == 6 && !memcmp(word, "series", 6)) {
		*set |= PATCH_SERIES;
		return true;
	}
	p = find_patch(word + minus, len - minus);
	if (!p)
		return false;
	if (minus)
		*set &= ~p->bit;
	else
		*set |= p->bit;
	return true;
}

static const char *check_needs(unsigned int set)
{
	static char text[160];
	char list[128];

	for (unsigned int i = 0; i < nr_patches; i++) {
		unsigned int missing = patches[i].needs & ~set;

		if ((set & patches[i].bit) && missing) {
			ksnprintf(text, sizeof(text), "%s together with %s", patches[i].name,
				patch_list(missing, list, sizeof(list)));
			return text;
		}
	}
	return NULL;
}

const char *patch_parse(const char *text, unsigned int *set)
{
	*set = 0;
	for (;;) {
		size_t len = strcspn(text, ",");

		if (!apply_word(text, len, set))
			return expected_names(text, len);
		if (text[len] == '\0')
			return check_needs(*set);
		text += len + 1;
	}
}

const char *patch_list(unsigned int set, char *buf, size_t size)
{
	size_t n = 0;

	buf[0] = '\0';
	for (unsigned int i = 0; i < nr_patches && n < size; i++)
		if (set & patches[i].bit)
			n += ksnprintf(buf + n, size - n, "%s%s", n ? "," : "", patches[i].name);
	return buf;
}

static const char *set_patches(const char *text)
{
	return patch_parse(text, &patches_chosen);
}
PARAM_FN("patch", set_patches, "patches under study: none, all, series, or a list of names");
