/*
 * Files of apps: whoever has a file system registers how one is opened (kernel/fs/root.h).
 */
#ifndef TASK_FILES_H
#define TASK_FILES_H

#include "kernel/core/sched/task.h"
#include "mm/cache/file.h"

/* Boot, before the first app. */
void files_boot(void);

/* An open file by its path, with one reference; NULL, and *error. Task context, sleeps. */
typedef struct file *(*file_opener)(const char *path, int *error);
/* NULL: there are no files any more, as in the beginning: -ENODEV. */
void task_set_opener(file_opener open);

/* The process's last thread is about to end. May sleep. */
void files_close_all(struct process *p);

#endif
