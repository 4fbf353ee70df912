/*
 * The OOM reaper: a kernel task that takes a victim's memory away when the victim itself cannot give
 * it back.
 *
 * oom-reaper is the seed exactly (§8.1): one slot, filled by compare-exchange; mmap_sem by trylock,
 * ten attempts HZ/10 apart; then silence. oom-reaper-skip is Linux 4.9 (§8.2, oom_reaper_queue.c): a
 * queue of victims, attempts under oom_lock, log lines, and a victim that was reaped or given up no
 * longer keeps the killer from the next one. Without either nobody is reaped.
 */
#ifndef MM_OOM_REAPER_H
#define MM_OOM_REAPER_H

#include "mm/space/mm.h"

#define MAX_OOM_REAP_RETRIES 10

void oom_reaper_init(struct memory *m);
/*
 * Make the task, by `spawn` of the floor above, when a patch wants it; without it everything goes on.
 * Boot, task context.
 */
typedef struct task *(*spawn_fn)(const char *name, void (*fn)(void *), void *arg);
void oom_reaper_start(struct memory *m, spawn_fn spawn);
/* A patch wanted it, and there was no memory for it; where it was made to fail nobody misses it. */
bool oom_reaper_is_missing(const struct memory *m);

/* `t` was killed; its address space is pinned by the caller. Task context. */
void wake_oom_reaper(struct memory *m, struct task *t, struct mm *mm);
/* Sleep until nothing is being reaped or waits for it. */
void oom_reaper_wait_idle(struct memory *m);

/* Unmap and free what can be had without waiting for anybody. mmap_sem held for reading. */
void oom_reap_address_space(struct mm *mm);

/* The lives of the task. */
void oom_reaper(void *memory);       /* the seed's */
void oom_reaper_queue(void *memory); /* 4.9's */
/* 4.9's hand-over. */
void oom_reaper_enqueue(struct memory *m, struct task *t);

#endif
