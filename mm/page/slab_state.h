/*
 * What mm/slab keeps in struct memory: the caches that are always there, and the list of all. The
 * functions are in mm/slab.
 */
#ifndef MM_SLAB_STATE_H
#define MM_SLAB_STATE_H

#include "mm/page/fail_state.h"
#include "kernel/core/lock/lock.h"
#include "kernel/core/log/ratelimit.h"
#include "mm/page/gfp.h"
#include "mm/page/page.h"

/* Flags of a cache; values as in Linux. */
#define SLAB_HWCACHE_ALIGN   0x00002000u /* no object shares a cache line that it need not share */
#define SLAB_CACHE_DMA       0x00004000u /* its pages are from ZONE_DMA */
#define SLAB_RECLAIM_ACCOUNT 0x00020000u /* counts as reclaimable, and asks so */
#define SLAB_ACCOUNT         0x04000000u /* charged to memory control groups: keeps caches apart */

struct memory;

/* (C) What one CPU has of a cache (§31.1). */
struct kmem_cache_cpu {
	void *freelist;       /* free objects of `page` that only this CPU hands out */
	struct page *page;    /* the slab that it takes from: frozen; or NULL */
	struct page *partial; /* frozen slabs to go on with (partial.h) */
} __attribute__((aligned(CPU_SLOT)));

_Static_assert(sizeof(struct kmem_cache_cpu) == CPU_SLOT, "this_cpu_slot() finds this CPU's");

/* Bytes, unless said otherwise. (B) set when it is made, (L) list_lock, (C) its CPU, interrupts off. */
struct kmem_cache {
	struct memory *memory;         /* (B) */
	unsigned int offset;           /* (B) of a free object's link to the next */
	unsigned int object_size;      /* what its users asked for */
	unsigned int size;             /* (B) from one object to the next */
	unsigned int align;            /* (B) */
	unsigned int inuse;            /* (B) object_size, rounded up: what is behind it is ours */
	unsigned int flags;            /* (B) SLAB_* */
	gfp_t gfp;                     /* (B) what each request for pages has besides */
	uint8_t order, min_order;      /* (B) of its slabs, in pages; where memory is short */
	uint16_t objects, min_objects; /* (B) of a slab of these orders */
	unsigned int cpu_partial;      /* (B) objects: how many free ones a CPU's list may have */
	unsigned long min_partial;     /* (B) slabs: so many empty ones are kept */
	void (*ctor)(void *object);    /* (B) or NULL: once for each object of a new slab */
	const char *name;              /* (B) */
	int users;             /* slab_state.mutex: whoever made it, or found it fits (§31.4) */
	struct list_head node; /* slab_state.mutex */
	struct spinlock list_lock;
	struct list_head partial;     /* (L) slabs that have free objects and are nobody's */
	unsigned long nr_partial;     /* (L), read without it */
	long nr_slabs, total_objects; /* atomically */
	unsigned long noted;          /* slab_state.mutex: objects in use before (slab_use.h) */
	struct kmem_cache_cpu
		cpu[MAX_CPUS]; /* (C); of a cache made later, as many as there are CPUs */
};

#define KMALLOC_CACHES 14

struct slab_state {
	/* By kmalloc_index(): 96, 192, then 8 to 8192; entry 0 is none. */
	struct kmem_cache kmalloc[KMALLOC_CACHES], dma_kmalloc[KMALLOC_CACHES];
	struct kmem_cache kmem_cache; /* all others */
	struct list_head caches;      /* (mutex) the newest first */
	struct mutex mutex;
	struct fail_state fail;
	struct ratelimit ratelimit; /* of the line about a slab that was refused */
};

#endif
