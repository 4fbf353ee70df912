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

/* What a call of its OOM notifier (priority 80) gives back at most. */
#define BALLAST_OOM_PAGES 256

/* Kernel calls for apps. */
void ballast_start(void);
/* It must hold nothing: panics. */
void ballast_stop(void);
/*
 * Take so many pages more. At the first that is refused it says so, sleeps 200 ms with the lock held,
 * as the balloon does, and is done. Returns how many it took.
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
