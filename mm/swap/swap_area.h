/*
 * Areas (§20.1): a part of a disk, in slots of a page. Slot 0 is the header's and never used.
 */
#ifndef MM_SWAP_AREA_H
#define MM_SWAP_AREA_H

#include "mm/index/index.h"
#include "mm/swap/swap.h"
#include "mm/swap/swap_device.h"

/* A slot's byte (§20.2). */
#define SWAP_HAS_CACHE   0x40 /* a page of the cache has it, or is about to */
#define SWAP_MAP_MAX     0x3e /* tables that name it, at most */
#define SWAP_MAP_BAD     0x3f
#define SWAP_MAP_SHMEM   0xbf /* shmem's, which counts otherwise */
#define SWAP_COUNT(byte) ((byte) & ~SWAP_HAS_CACHE)

#define SWAP_CLUSTER_SLOTS 256u
#define SWAP_LATENCY       256 /* slots looked at before others have a turn */
#define SWAP_NO_CLUSTER    (~0u)

/* Of a disk that does not rotate: an aligned run of 256 slots (§20.5). */
struct swap_cluster {
	uint32_t used; /* slots; the header, and what is behind the last one, count */
	uint32_t next; /* of a free one: the next free one */
	bool free;     /* is in that list */
};

/* All but `lock`, and what is said, is changed under that. */
struct swap_area {
	struct memory *memory;
	struct swap_device dev;
	struct spinlock lock;
	unsigned int type;
	int prio;                         /* the highest is used first, equal ones in turn */
	bool writable;                    /* new slots may be taken; else it is being emptied */
	long users;                       /* atomic: who looks for a slot in it */
	uint32_t max;                     /* one past the last slot */
	uint32_t pages, inuse;            /* usable slots, and used ones */
	uint32_t lowest_bit, highest_bit; /* no free slot below or above; hints */
	uint32_t cluster_next;            /* where to look for the next one */
	uint32_t cluster_nr;           /* how many more before another run is looked for (§20.4) */
	uint8_t **map;                 /* a byte for each slot, in pages of them */
	struct swap_cluster *cluster;  /* NULL: the disk rotates */
	uint32_t free_head, free_tail; /* free clusters, first in, first out */
	struct {                       /* of each CPU: where it takes slots from */
		uint32_t cluster, next;
	} here[MAX_CPUS];
	struct list_head available; /* (avail_lock) */
	bool is_available;          /* (avail_lock) it is in that list */
	struct spinlock tree_lock;
	struct index_root tree; /* (tree_lock) the cache's pages, by entry (§20.6) */
#ifdef LW_DEBUG
	uint32_t **sum; /* of what was written to each slot */
#endif
};

static inline uint8_t *swap_byte(const struct swap_area *a, unsigned long offset)
{
	return &a->map[offset >> PAGE_SHIFT][offset & (PAGE_SIZE - 1)];
}

/* The area of an entry; NULL: there is none, or no such slot in it. */
static inline struct swap_area *swap_area_of(const struct memory *m, swp_entry_t e)
{
	struct swap_area *a = swp_type(e) < MAX_SWAP_AREAS ? m->swap.area[swp_type(e)] : NULL;

	return a && swp_offset(e) && swp_offset(e) < a->max ? a : NULL;
}

#define SWAP_PRIO_AUTO (-1) /* the next one below all others that were not said */

/*
 * A new area at the beginning of a disk, as mkswap and swapon make one: `slots` usable ones. NULL, or what
 * is wrong. `seed` draws where a disk that does not rotate begins (§20.1). May sleep.
 */
const char *swap_on(struct memory *m, const struct swap_device *dev, unsigned long slots, int prio,
	uint64_t seed);
/* A new one, or one that stays after all, is used from here on. Its lock is held. */
void swap_area_enter(struct swap_area *a, int prio);
/* Of which nobody knows any more. */
void swap_area_free(struct swap_area *a);

/*
 * swapoff, but for the pages, which mm/space brings back (swap_off.h). First: the area on this disk takes no
 * more slots, and none of its count as swap any more: nr_swap_pages goes down by all of them, below 0 if it
 * must. 0 and *a; -EINVAL: there is none, or it is being emptied; -ENOMEM: memory is not said to hold so much
 * besides (§20.13).
 */
int swap_off_begin(struct memory *m, const char *name, struct swap_area **a);
/* It stays, and is used again; with an automatic priority it comes last. */
void swap_off_undo(struct swap_area *a);
/* No slot of it is in use, and nobody has an entry that names one. May sleep. */
void swap_off_end(struct swap_area *a);
/* The first used slot above `offset`, or of the whole area; 0: there is none. */
unsigned long swap_next_used(const struct swap_area *a, unsigned long offset);
/*
 * All areas go: nobody swaps any more. NULL, or a line that names what is left in one that must not go;
 * it stays. May sleep.
 */
const char *swap_off_all(struct memory *m);

/*
 * A free slot becomes `usage`, chosen by §20.4 or §20.5: its offset; 0: none. The area's lock is held, and
 * given up meanwhile.
 */
unsigned long swap_scan(struct swap_area *a, uint8_t usage);

/* Of §20.5; the area's lock is held. */
bool swap_cluster_choose(struct swap_area *a, unsigned long *offset);
bool swap_cluster_conflicts(struct swap_area *a, unsigned long offset);
void swap_cluster_take(struct swap_area *a, unsigned long offset);
void swap_cluster_give(struct swap_area *a, unsigned long offset);
/* False: no memory. */
bool swap_clusters_make(struct swap_area *a);

/* The area of a slot in use, locked; NULL, and a line that begins with `caller`: there is none. */
struct swap_area *swap_lock_used(struct memory *m, swp_entry_t e, const char *caller);
/* swap_free() with the area's lock held: what is left of the byte. */
uint8_t swap_put_locked(struct swap_area *a, unsigned long offset);

/* It may have a free slot, or has none. Any lock but avail_lock held. */
void swap_area_available(struct swap_area *a, bool on);

#endif
