/*
 * Objects refused on purpose, in the manner of Linux's failslab:
 *
 *   failslab=KEY:N,KEY:N,...   interval, probability, times and space as fail_page_alloc has them
 *                              (mm/alloc/fail_page_alloc.h; space: bytes), and
 *     ignore-gfp-wait:1   requests that may reclaim are let through, unless 0
 *     gfp:0               and those without all of these bits
 *
 * Of every cache, kmalloc()'s as well. A request with __GFP_NOFAIL is never refused.
 */
#ifndef MM_FAILSLAB_H
#define MM_FAILSLAB_H

#include "mm/page/memory.h"

/* From here on no request takes the short way, which therefore does not know of this. Boot. */
void failslab_start(struct memory *m);

/* Whether this request is refused; counted. Any context. */
bool should_failslab(struct kmem_cache *s, gfp_t gfp);

#endif
