/*
 * What the lock-up scenarios' apps have in common: memory taken until little is left, and a lookout
 * for the first kill. An app's own code: it touches nothing that is not mapped once memory is short.
 */
#ifndef SCENARIOS_HOG_H
#define SCENARIOS_HOG_H

#include "kernel/task/calls.h"

#define PAGE   4096l
#define KILLED (-9)

/* Pages that are free on the whole machine, and pages of all zones' min watermarks. */
long free_pages_now(void);
long min_pages(void);
/*
 * Pages that an app can have before anybody must be killed for it: what a zone keeps below min and, if
 * it is a lower one, in protection from such requests is not among them, and may be the larger part.
 */
long pages_to_be_had(void);

enum hog_kind { HOG_PLAIN, HOG_MLOCKED, HOG_SHARED };
/* Map and touch memory until so many pages are still to be had. Returns how many it took. */
long hog_until(long left, enum hog_kind kind);
/* Map and touch so many pages. */
void hog_pages(long pages);

/*
 * One app after the other that gets ready: hog_start() starts it, or fails; it calls hog_is_ready(),
 * once; hog_wait_ready() sleeps until then, or until it has been killed for what it wants.
 */
int hog_start(const char *name, void (*fn)(long), long arg);
void hog_is_ready(void);
void hog_wait_ready(int pid);
/* Such an app: so many pages, and then sleep. */
void hog_small(long pages);

/* Take what is to be had but for half of min, set the flag, and sleep until killed. */
void take_the_rest(volatile long *flag) __attribute__((noreturn));
/* Wait for the flag, then map and unmap a page until killed: each wants mmap_sem for writing. */
void map_and_unmap(const volatile long *flag) __attribute__((noreturn));
void sleep_for_ever(void) __attribute__((noreturn));

/* Wait (killable) until what apps share is not 0; who sets it calls lw_wake(). */
void wait_until(const volatile long *flag);
/*
 * The scenario's own app waits for what another one does first. Where that one ends without it (memory
 * was refused to it, or it was killed for somebody's) nothing of the scenario can follow: it fails.
 */
void wait_for_app(int pid, const volatile long *flag);
/* lw_wait(), which fails when `pid` has ended and the flag is 0. */
int wait_for_child(int pid, const volatile long *flag);
/* To reap or to fill gigabytes takes seconds: on more than 1024 MiB the watchdog waits 2 ms for each MiB. */
void be_patient(void);
/* Print, and end the app with LW_NO_MEMORY. */
void fail(const char *what) __attribute__((noreturn));

#endif
