/*
 * What the debug build knows of each object: a red zone behind it that says whether it is in use, a
 * pattern in it while it is not, and who took it and gave it back. Whatever does not fit ends the
 * machine with a line that names cache and object. Objects are larger for it, so that caches have other
 * orders than 4.8's.
 *
 *   object | red zone | link to the next free object | taken by | given back by
 *
 * An object with a constructor keeps its contents while it is free, so it has no pattern.
 */
#ifndef MM_SLAB_DEBUG_H
#define MM_SLAB_DEBUG_H

#include "mm/page/memory.h"

#ifdef LW_DEBUG

struct slab_track {
	unsigned long place; /* code address */
	long pid;
};

#define SLAB_DEBUG        true
#define CALLER            __builtin_return_address(0) /* the owner of what it takes */
#define SLAB_DEBUG_RED    sizeof(unsigned long)
#define SLAB_DEBUG_TRACKS (2 * sizeof(struct slab_track))

/* An object of a new slab. */
void slab_debug_init(const struct kmem_cache *s, void *object);
/* It has been taken, or NULL has. */
void slab_debug_alloc(const struct kmem_cache *s, void *object, const void *place);
/* It is about to be given back. */
void slab_debug_free(
	const struct kmem_cache *s, const struct page *page, void *object, const void *place);
/* The whole slab is. */
void slab_debug_discard(const struct kmem_cache *s, const struct page *page);
/* The first objects of slabs on the node's list that are in use, a line each. */
void slab_debug_leaks(struct kmem_cache *s);

#else

#define SLAB_DEBUG                              false
#define CALLER                                  NULL
#define SLAB_DEBUG_RED                          0
#define SLAB_DEBUG_TRACKS                       0
#define slab_debug_init(s, object)              ((void)0)
#define slab_debug_alloc(s, object, place)      ((void)(place))
#define slab_debug_free(s, page, object, place) ((void)(place))
#define slab_debug_discard(s, page)             ((void)0)
#define slab_debug_leaks(s)                     ((void)0)

#endif

#endif
