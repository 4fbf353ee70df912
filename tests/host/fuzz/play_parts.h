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

struct play_world {
	struct memory *m;
	struct task *self, *victim;
	unsigned int shrinker_gives; /* blocks, each time it is asked */
	bool shrinker_allocates;
	unsigned int others_give; /* blocks, each time this CPU is given up */
	unsigned int waits;       /* of the request under way */
};
extern struct play_world world;

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
void free_held(unsigned int i);
/* From here on they are single pages, each with an owner of its own, if there is room for all. */
void split_held(unsigned int i);
/* That many blocks, if there are; returns their pages. */
unsigned long free_some(unsigned int blocks);
/* The allocator agrees with itself, and free and held pages are what there were at first. */
void check_now(void);
/* Everything is free and drained: merged to the very blocks that boot left. */
void check_end(void);

/* play_others.c: a shrinker, and tasks that run, free and get killed while a request waits. */
void others_start(void);
void set_memdie(bool on);
/* The request is over, and so is what it did to its task. */
void others_done(void);

/* play_request.c: one request, by its place in two tables (modulo their lengths); false: refused. */
bool request_one(uint8_t kind, uint8_t order);
/* The same, of those kinds only that give up soon. */
bool request_quick(uint8_t kind, uint8_t order);

#endif
