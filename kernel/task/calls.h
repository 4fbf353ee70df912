/*
 * The kernel's calls for apps. Function calls, not traps; each raises the app's depth while it
 * runs, so a kill never ends an app inside the kernel. Lengths are in bytes.
 *
 * What apps share, they share on purpose: variables marked KERNEL_DATA exist once. All other
 * writable data of a scenario is private to each app and starts afresh in each.
 */
#ifndef TASK_CALLS_H
#define TASK_CALLS_H

#include "kernel/core/log/counter.h"
#include <stddef.h>

#define KERNEL_DATA __attribute__((section(".kdata")))

/* A new app that runs fn(arg): its pid, or -1. */
int lw_spawn(const char *name, void (*fn)(long), long arg);
/*
 * The same in the caller's address space, sharing all its data: a process of its own, or with
 * LW_THREAD one more thread of the caller's process. When fn returns, that thread alone ends; exit()
 * ends its whole process. A thread's stack is given back with its process.
 *
 * As on Linux, a kill may come while a thread is in the libc. Its own process dies with it, but a
 * process that shares its memory finds the libc's lock held for ever.
 */
#define LW_THREAD 1
int lw_clone(const char *name, int flags, void (*fn)(long), long arg);
/* At once: what the libc of this thread still holds, such as an unfinished line, is lost. */
void lw_exit_thread(void) __attribute__((noreturn));
/* One pointer for each thread, for the libc. */
void *lw_tls(void);
void lw_set_tls(void *tls);
/* Wait for any child to end: its pid, or -1 if there is none. *code: -9 when it was killed; LW_SIGBUS. */
#define LW_SIGBUS (-7) /* it used what is behind the end of its file, or what could not be read */
int lw_wait(int *code);
void lw_exit(int code) __attribute__((noreturn));
/*
 * The code (Linux's ENOMEM) of a process that memory was refused which it cannot do without. A scenario
 * that ends with it ends the run with one line and exit code 2, as it does where memory is too small.
 */
#define LW_NO_MEMORY 12
int lw_pid(void); /* of the process */
/*
 * /proc/PID/oom_score_adj: -1000 (never killed) to 1000, also for the processes that share the memory,
 * unless shared_oom_adj=0. 0, or -1 if there is no such app.
 */
int lw_set_oom_score_adj(int pid, int adj);

/* The caller's process is no longer root, and nor are the children it has from then on (§7.5). */
void lw_drop_root(void);

/* In the real-time class, or back in the normal one: runs before all others, until it sleeps. */
void lw_set_realtime(int on);

/* Run on this CPU only from here on; a CPU that is not there panics. */
void lw_bind(int cpu);

/* Anonymous zero memory; NULL when refused. Shared: its pages count as shmem. */
void *lw_map(size_t len);
void *lw_map_shared(size_t len);
/*
 * A file of the disk of root=, from page `offset` on, shared, to be read; `exec`: as a program's text
 * is. NULL, and *error: -ENOENT, -EIO ..., -ENODEV if there is no root, -ENOMEM. Behind its end
 * there is SIGBUS.
 */
void *lw_map_file(const char *path, size_t offset, size_t len, int exec, int *error);
/* The same of an open one. */
void *lw_map_open(int fd, size_t offset, size_t len, int exec, int *error);
/*
 * Files that a process, all its threads, has open: a descriptor, the lowest that is free, or a negative
 * errno, those of lw_map_file(), -EMFILE or -ENOMEM. What is still open at its end is closed. Of a
 * descriptor that is not open: -EBADF.
 */
#define LW_MAX_FILES 16
int lw_open(const char *path);
int lw_close(int fd);
/* Up to `n` bytes from where the last one ended: how many, 0 at the end of the file; -EIO, -ENOMEM. */
long lw_read(int fd, void *to, size_t n);
/* Where the next one begins, in bytes. */
int lw_seek(int fd, size_t pos);
/* fadvise: how it will be read, and so how far ahead. */
enum lw_advice { LW_ADVICE_NORMAL, LW_ADVICE_SEQUENTIAL, LW_ADVICE_RANDOM };
int lw_advise(int fd, enum lw_advice advice);
int lw_unmap(void *addr, size_t len);
/* On whole pages of mapped memory: 0, or -1. */
int lw_protect(void *addr, size_t len, int writable);
int lw_mlock(void *addr, size_t len);
int lw_munlock(void *addr, size_t len);
/* The page at `addr` out to swap: 0, or a negative errno (mm_swap_out() of mm/space/mm.h). */
int lw_swap_out(void *addr);
/* swapoff of the disk "card", "vda": 0, or a negative errno (swap_off() of mm/space/swap_off.h). */
int lw_swapoff(const char *name);
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
/*
 * Wait for a word to change, among those who share the caller's memory, or, for a KERNEL_DATA word, among
 * all: who waits for one word is not woken for another. Wait: sleeps if the word is
 * `expected`, until the next wake for that address (0), or returns at once (-1: it is another, or
 * cannot be read). Killable. Wake: all who wait. To change the word first and then wake loses nobody.
 */
int lw_futex_wait(volatile int *addr, int expected);
void lw_futex_wake(volatile int *addr);
/* Of a thread; or of a process, by lw_pid(), until its last thread has ended. */
int lw_alive(int pid);
/* Kills by the OOM killer since boot. */
long lw_oom_kills(void);
/* SIGKILL, to the whole process: 0, or -1 if there is no such app. */
int lw_kill(int pid);

/* As if that SysRq key had been pressed (kernel/core/guard/sysrq.h); 'f' is not waited for ... */
void lw_sysrq(char key);
/* ... but here, killable: until no manual kill is to be done. */
void lw_sysrq_wait(void);

/* The watchdog waits at least so many ms of virtual time (kernel/core/guard/watchdog.h). */
void lw_watchdog_at_least(long ms);

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
	long swap_free, swap_total; /* slots */
	long swap_cached;           /* pages in the swap cache: each has a slot */
	long mib;                   /* that the machine has */
};
void lw_meminfo(struct lw_meminfo *info);
/* CPUs that there are. */
int lw_nr_cpus(void);
/* A line of /proc/vmstat, or a counter of Lowwater's own (oom_kills); -1: there is none of that name. */
long lw_vmstat(const char *name);
/* All of them, and the time, into result.json's points under that name: "before". */
void lw_point(const char *name);
/* /proc/self/pagemap: the slot, in its area, of the page at `addr`; -1 if it is not in swap. */
long lw_swap_slot(void *addr);

#endif
