/*
 * The oracle's file (oracle-w4, oracle-w5): as large as the disk of root= makes it
 * (tests/run/machine/images.py).
 */
#ifndef SCENARIOS_ORACLE_FILE_H
#define SCENARIOS_ORACLE_FILE_H

#include <stdint.h>

/* Its first pages, mapped to be read; ends the app where it is not there. */
const uint64_t *oracle_file(long pages);
/* Look at one word of so many pages, in order: how many are not what the runner put there. */
long oracle_look(const uint64_t *file, long first, long pages);

#endif
