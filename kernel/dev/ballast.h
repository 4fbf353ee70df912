/*
 * A memory ballast: holds pages and gives some back before anybody is killed, as virtio-balloon with
 * deflate-on-oom does (reference §9.2). Its one lock, ballast_lock, is held while it is filled and
 * while it is emptied; 4.8's balloon also allocates under it, later ones do not
 * (ballast_alloc_locked=0).
 *
 * Units: pages. Task context, sleeps.
 */
#ifndef DEV_BALLAST_H
#define DEV_BALLAST_H

/* Kernel calls for apps. */

/* At most so many a call of the notifier, at priority 80. */
#define BALLAST_OOM_PAGES 256

void ballast_start(void);
/* Holding nothing. */
void ballast_stop(void);
/*
 * Take so many pages more, the last ones after a wait for memory, 200 ms under the lock, and giving up
 * then, as the balloon does. Returns how many it took.
 */
long ballast_inflate(long pages);
/*
 * The same against the rule of §9.4: requests that may reclaim and retry, made under the lock, after
 * `waiters` tasks have come to wait for it.
 */
long ballast_inflate_stubborn(long pages, long waiters);
/* Give back at most so many: how many it did. */
long ballast_deflate(long pages);
long ballast_held(void);

#endif
