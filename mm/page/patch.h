/*
 * Patches under study: switches on the command line (DESIGN §3). Each is one bit and a branch
 * exactly where the patch changes the code; all off is Linux 4.8.
 */
#ifndef MM_PATCH_H
#define MM_PATCH_H

#include "kernel/core/types.h"

#define PATCH_HIGHATOMIC_NOSTEAL   0x1u
#define PATCH_HIGHATOMIC_ACCOUNT   0x2u
#define PATCH_HIGHATOMIC_EXHAUST   0x4u
#define PATCH_HIGHATOMIC_FORCE     0x8u
#define PATCH_HIGHATOMIC_EARLY     0x10u
#define PATCH_OOM_REAPER           0x20u
#define PATCH_OOM_REAPER_SKIP      0x40u
#define PATCH_OOM_NOTIFIER_OUTSIDE 0x80u
/* "series": the four of October 2016. */
#define PATCH_SERIES 0xfu

struct patch {
	const char *name, *title, *source;
	unsigned int bit;
	unsigned int needs; /* bits without which it means nothing */
};

extern const struct patch patches[];
extern const unsigned int nr_patches;

/* The set that patch= asked for. */
extern unsigned int patches_chosen;

/*
 * "none", "all", "series", names and "-name" after one of those, comma-separated: NULL, or what was
 * expected.
 */
const char *patch_parse(const char *text, unsigned int *set);

/* The set as a comma-separated list of names ("" for none). Returns `buf`. */
const char *patch_list(unsigned int set, char *buf, size_t size);

#endif
