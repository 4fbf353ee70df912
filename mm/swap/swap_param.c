/*
 * The parameters of swap (see swap_param.h).
 */
#include <string.h>

#include "kernel/core/param.h"
#include "mm/swap/swap_area.h"
#include "mm/swap/swap_param.h"

#define MOST_KB   (4l * (~0u - 1)) /* §20.1 */
#define MOST_PRIO 32767

#define EXPECTED                                                                                   \
	"DISK:KB[:PRIORITY], up to 4 between commas: DISK a name (card, disk, vda), KB a "         \
	"multiple "                                                                                \
	"of 4, PRIORITY 0 to 32767"

PARAM_INT("page_cluster", mm_tunables.page_cluster, -1, 5,
	"log2 of the pages that a fault reads from swap at most; -1: 3, or 2 below 16 MB");

/* A number that ends where one of `ends` is, or the text does; NULL: it is none from least to most. */
static const char *number(const char *text, const char *ends, long least, long most, long *value)
{
	size_t len = strcspn(text, ends);
	char digits[24];

	if (!len || len >= sizeof(digits))
		return NULL;
	memcpy(digits, text, len);
	digits[len] = '\0';
	if (!param_long(digits, value) || *value < least || *value > most)
		return NULL;
	return text + len;
}

/* One of the list: where it ends, or NULL. */
static const char *parse_one(const char *text, struct swap_spec *s)
{
	size_t len = strcspn(text, ":,");

	if (!len || len >= sizeof(s->name) || text[len] != ':')
		return NULL;
	memcpy(s->name, text, len);
	s->name[len] = '\0';
	s->prio = SWAP_PRIO_AUTO;
	text = number(text + len + 1, ":,", 4, MOST_KB, &s->kbytes);
	if (!text || s->kbytes % 4)
		return NULL;
	return *text == ':' ? number(text + 1, ",", 0, MOST_PRIO, &s->prio) : text;
}

const char *swap_parse(const char *text, struct swap_spec *spec)
{
	memset(spec, 0, MAX_SWAP_SPECS * sizeof(*spec));
	for (unsigned int n = 0; n < MAX_SWAP_SPECS; n++) {
		text = parse_one(text, &spec[n]);
		if (!text)
			return EXPECTED;
		if (!*text++)
			return NULL;
	}
	return EXPECTED;
}

static const char *set_swap(const char *text)
{
	return swap_parse(text, mm_tunables.swap);
}
PARAM_FN("swap", set_swap, EXPECTED);
