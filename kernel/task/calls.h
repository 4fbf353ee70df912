/*
 * The kernel's calls for apps. Function calls, not traps; each raises the app's depth while it
 * runs, so a kill never ends an app inside the kernel. Lengths are in bytes.
 *
 * What apps share, they share on purpose: variables marked KERNEL_DATA exist once. All other
 * writable data of a scenario is private to each app and starts afresh in each.
 */
#ifndef TASK_CALLS_H
#define TASK_CALLS_H

#include <stddef.h>

#define KERNEL_DATA __attribute__((section(".kdata")))

/* A new app that runs fn(arg): its pid, or -1. */
int lw_spawn(const char *name, void (*fn)(long), long arg);
/* Wait for any child to end: its pid, or -1 if there is none. *code: -9 when it was killed. */
int lw_wait(int *code);
void lw_exit(int code) __attribute__((noreturn));
int lw_pid(void);

/* In the real-time class, or back in the normal one: runs before all others, until it sleeps. */
void lw_set_realtime(int on);

/* Run on this CPU only from here on; a CPU that is not there panics. */
void lw_bind(int cpu);

/* Anonymous zero memory; NULL when refused. */
void *lw_map(size_t len);
int lw_unmap(void *addr, size_t len);
/* Move the end of the heap: the old end, or (void *)-1. */
void *lw_sbrk(ptrdiff_t increment);

void lw_sleep_ms(unsigned int ms); /* virtual time; killable */
/*
 * Events: lw_wake() and every app's end are counted. To wait for something without losing it:
 * read the count, look whether it has come true, and if not wait until the count has changed.
 * Killable.
 */
long lw_event_count(void);
void lw_wait_event(long seen);
void lw_wake(void);
int lw_alive(int pid);
/* SIGKILL: 0, or -1 if there is no such app. */
int lw_kill(int pid);

/* A line of text for the kernel log. */
void lw_log(const char *text, size_t len);
/* A figure for result.json's counters. */
void lw_counter(const char *name, long value);

/* What /proc would tell. Pages. */
struct lw_zone {
	char name[8];
	long managed, free, free_pcp, min, low, high, protection, reserved_highatomic;
	long reserve_max; /* what the high-order atomic reserve can reach (§4.2) */
	long free_highatomic;
	long highatomic_blocks; /* pages of the pageblocks that are tagged H, used or free */
};
struct lw_meminfo {
	int nr_zones; /* highest zone first; protection: against a request that may use all */
	struct lw_zone zone[4];
	long free, pageblock_pages;
};
void lw_meminfo(struct lw_meminfo *info);

#endif
