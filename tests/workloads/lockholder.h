/*
 * Allocating with a lock held: what makes a victim of the OOM killer wait for somebody who waits for
 * the victim's memory (reference §8.6).
 *
 * Called by apps (each is a kernel call; it may sleep without minding a kill). Pages. What is
 * allocated stays until lockholder_free(). When a demand has been served, the counter `holder_ms` says
 * how long after the first kill that was.
 */
#ifndef WORKLOADS_LOCKHOLDER_H
#define WORKLOADS_LOCKHOLDER_H

/* With which mask the lock's holder asks. */
enum { DEMAND_KERNEL, DEMAND_NOFS };

/* Append to the one file: its mutex is held for all of it. */
void inode_append(long pages, int mask);
/* The same, but wait with the mutex held until so many tasks wait for it. */
void inode_append_contended(long waiters, long pages, int mask);
/*
 * Read a process's /proc file: its mmap_sem is held for reading, and its address space used, while so
 * many writers come to wait for it and pages are allocated. With `inode` the file's mutex, too.
 * 0, or -1 without such a process.
 */
int proc_read(int pid, long writers, long pages, int inode);
/* Kernel workers that want the file's mutex, all of them (§8.6 W9). */
void workers_want_inode(void);
/* Tasks that wait for the file's mutex. */
long inode_waiters(void);
/* Pages by DEMAND_NOFS, without the mutex. */
void nofs_demand(long pages);
/*
 * A cache whose shrinker wants the file's mutex, where the mask allows that (__GFP_FS), but not its
 * owner's own, and has nothing to give. kswapd does not come to it.
 */
void inode_cache_start(void);
void inode_cache_stop(void);
void lockholder_free(void);

#endif
