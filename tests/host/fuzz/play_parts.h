/*
 * What the parts of a play share (see play.h): the machine, those who live on it, what they hold.
 */
#ifndef HOST_PLAY_PARTS_H
#define HOST_PLAY_PARTS_H

#include "host_machine.h"
#include "kernel/core/machine.h"
#include "play.h"

#define MOST_PAGES 16384 /* page frames of the largest machine */
#define MOST_HELD  4096
#define MOST_WAITS 24 /* of one request, until its task is a victim itself */
#define LONG_WAIT                                                                                  \
	16 /* times as many while there is what to reclaim, at each of which the CPU is given up */

struct play_world {
	struct memory *m;
	struct task *self, *victim;
	unsigned int shrinker_gives; /* blocks, each time it is asked */
	bool shrinker_allocates;
	unsigned int others_give; /* blocks and objects, each time this CPU is given up */
	bool others_take;         /* an object each time */
	unsigned int waits;       /* of the request under way */
};
extern struct play_world world;

/* This CPU is another one from now on; the task is the same. */
void play_on_cpu(unsigned int cpu);

/* The rest of the string. */
struct play_bytes {
	const uint8_t *at, *end;
};
bool bytes_left(const struct play_bytes *b);
uint8_t next_byte(struct play_bytes *b);
unsigned int next_word(struct play_bytes *b);

#define trace(...)                                                                                 \
	do {                                                                                       \
		if (unlikely(play_trace))                                                          \
			printf(__VA_ARGS__);                                                       \
	} while (0)

/* play_machine.c: make the machine that the header describes. */
void machine_start(struct play_bytes *b);

/*
 * play_held.c: blocks that have been handed out and not given back. Each page frame knows whether
 * it is in one: handing it out twice, or what was never the allocator's, is noticed at once.
 */
struct held {
	struct page *page;
	unsigned int order;
};
extern struct held held[MOST_HELD];
extern unsigned int nr_held;
extern unsigned long pages_held;

void held_start(void);
void held_add(struct page *page, unsigned int order);
bool any_is_held(unsigned long pfn, unsigned long n);
void free_held(unsigned int i);
/* From here on they are single pages, each with an owner of its own, if there is room for all. */
void split_held(unsigned int i);
/* That many blocks, if there are; returns their pages. */
unsigned long free_some(unsigned int blocks);
/* The allocators agree with themselves; what is free, held and of objects is what was free at first. */
void check_now(void);
/* Everything is free and drained: merged to the very blocks that boot left. */
void check_end(void);

/* play_others.c: a shrinker, and tasks that run, free and get killed while a request waits. */
void others_start(void);
void set_memdie(bool on);
/* The request is over, and so is what it did to its task. */
void others_done(void);

/*
 * play_request.c: kinds of requests, by their places in two tables (modulo their lengths); or in the
 * table of those that give up soon.
 */
struct kind {
	gfp_t gfp;
	bool irq; /* an interrupt comes, and asks */
};
struct kind any_kind(uint8_t kind);
struct kind quick_kind(uint8_t kind);
/* The request leaves nothing behind but what it got. */
void check_caller(gfp_t gfp, unsigned int task_flags);

/* One request of such a kind; false: refused. */
bool request_one(uint8_t kind, uint8_t order);
bool request_quick(uint8_t kind, uint8_t order);

/*
 * play_objects.c: objects of slabs and what else kmalloc() gave, by size in bytes. Each is filled when
 * it is taken and looked at when it is given back.
 */
struct kmem_cache;
void objects_start(void);
/* False: refused. */
bool take_kmalloc(unsigned int size, struct kind kind);
bool take_object(struct kmem_cache *s, unsigned int size, struct kind kind);
/* By somebody else, while this task waits. */
void take_meanwhile(void);
/* The constructor of all caches that have one. */
void construct_object(void *object);
/* One of them, at `which`/256 of all; every `step`th; any. */
void give_object(uint8_t which);
void give_spread(unsigned int step, unsigned int most);
void give_some(unsigned int most);
void give_all(void);
unsigned int objects_of(const struct kmem_cache *s);
/* Pages that objects in use, and the caches themselves, keep from the page allocator. */
unsigned long pages_of_objects(void);

/* play_caches.c: the operations on objects and caches. */
void caches_start(void);
void slab_operation(uint8_t which, struct play_bytes *b);
/* Pages that caches lie in, marked by their first. */
unsigned long caches_mark(bool *seen);
/* Slabs that nobody uses go: for a request that must not fail. */
void shrink_for_others(void);
/* All objects, caches and slabs are given back. */
void caches_end(void);

/*
 * play_space.c: an app whose pages go to swap, and reclaim by direct requests; play_disk.h has the
 * disks, and play_files.h files. The first operation begins it.
 */
void space_start(void);
void space_operation(uint8_t which, struct play_bytes *b);
bool space_lives(void);
/* Counters agree with what is there. Nobody is half-way. */
void space_check(void);
/* The app ends, if there is one, and all areas go: nothing of it is left. */
void space_end(void);
/* Grace periods end, and what CPUs keep of nodes goes. */
void release_nodes(void);

#endif
