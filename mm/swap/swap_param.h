/*
 * swap=: which areas a run begins with. `DISK:KB[:PRIORITY]`, several with commas: `swap=card:255996`,
 * `swap=disk:65532:5,card:32764:5`. DISK is a disk's name (card, vda, vdb), or `disk`, the first one that is
 * no card. KB are usable: as in "Adding ... swap on" and "Total swap", a multiple of 4.
 */
#ifndef MM_SWAP_PARAM_H
#define MM_SWAP_PARAM_H

#include "mm/page/memory.h"

/* NULL, or what was expected. `spec` gets up to MAX_SWAP_SPECS; unused ones have no name. */
const char *swap_parse(const char *text, struct swap_spec *spec);

#endif
