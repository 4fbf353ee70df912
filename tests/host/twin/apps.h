/*
 * Processes for the OOM killer's eyes. Their address spaces are only numbers; real ones, of tasks
 * made by task_new(), work as well.
 */
#ifndef HOST_APPS_H
#define HOST_APPS_H

#include "mm/space/mm.h"

/* A process of `rss` anonymous pages. */
struct task *app_new(const char *comm, int pid, unsigned long rss, short adj);
/* The same with a real address space: so many pages from APP_BASE on, all present. */
struct task *app_mapped(struct memory *m, const char *comm, int pid, unsigned int pages);
/* One more thread of `leader`'s process; a process of its own that shares `other`'s memory. */
struct task *app_thread(struct task *leader, const char *comm, int pid);
struct task *app_sharing(struct task *other, const char *comm, int pid);
/* All of them are forgotten: part of twin_setup(). */
void apps_reset(void);

/* SIGKILL to `t`'s whole process. */
void app_kill(struct task *t);
/* `t` becomes a victim, as if it had been chosen and killed. */
void app_mark(struct memory *m, struct task *t);
/* The thread exits: its address space, its reserves, its place among the living are gone. */
void app_leaves(struct memory *m, struct task *t);

#endif
