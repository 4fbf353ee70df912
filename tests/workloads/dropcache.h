/*
 * A cache that can be dropped, and kernel buffers that make it be dropped. The cache is made of
 * whole pageblocks of single movable pages and gives the oldest back first when reclaim asks, 32 at a
 * time (a shrinker, §17.11, whose pages are progress as those of 4.8's inodes are, §30c); the buffers are unmovable pages, taken with GFP_KERNEL|__GFP_NORETRY.
 *
 * Called by apps (each is a kernel call). Pages, unless blocks are said. There is one of each;
 * empty both in the end.
 */
#ifndef WORKLOADS_DROPCACHE_H
#define WORKLOADS_DROPCACHE_H

/* Add up to `blocks` pageblocks; less when memory is refused. Returns how many came. */
long dropcache_fill(long blocks);
/* Drop every second run of `run` pages of the newest pageblock that is still whole: holes in use
 * for others. False when there is none. */
int dropcache_punch(long run);
long dropcache_held(void);
/* The oldest `pages` of it, or all that there are. */
void dropcache_drop(long pages);

/* Take buffers until reclaim has left no more than `held` pages in the cache, `most` at most. */
long kernel_buffers_until(long held, long most);
void kernel_buffers_free(void);

#endif
