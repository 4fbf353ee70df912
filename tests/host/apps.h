/*
 * Tasks with address spaces that are only numbers: what the OOM killer looks at.
 */
#ifndef HOST_APPS_H
#define HOST_APPS_H

#include "mm/mm.h"

/* A task of `rss` anonymous pages. */
struct task *app_new(const char *comm, int pid, unsigned long rss, short adj);
/* All of them are forgotten; before each test. */
void apps_reset(void);

#endif
