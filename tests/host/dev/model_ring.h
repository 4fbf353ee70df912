/*
 * The room tests/host/dev: drivers' rooms against devices of the tests' own.
 *
 * A device's side of a split ring, written from the specification alone (§35.9): it knows the ring's memory
 * and nothing of the driver's. It reads what is new, holds it against what the test says it asked for, and
 * answers when, in what order and how the test likes.
 */
#ifndef HOST_MODEL_RING_H
#define HOST_MODEL_RING_H

#include "twin.h"

#include "host_machine.h"
#include "kernel/core/rand.h"
#include "kernel/dev/virtio/ring.h"
#include "kernel/dev/virtio/virtio_ops.h"

#define MODEL_MOST 256 /* entries of a ring */

enum ask_state { ASK_FREE, ASK_GIVEN, ASK_SEEN, ASK_USED };

/* One request, as the test keeps it: what was given, and how far it has come. */
struct ask {
	enum ask_state state;
	unsigned long turn; /* in the order of being given */
	unsigned int out, in;
	struct scatterlist sg[MODEL_MOST];
	uint32_t writable, len;                   /* bytes; what the device said it wrote */
	unsigned int head;                        /* once seen */
	unsigned int taken[MODEL_MOST], nr_taken; /* descriptors of the ring */
};

struct model_ring {
	struct memory *memory;
	struct virtio_device vdev;
	struct virtqueue *vq;
	struct rand rng;
	unsigned int num;
	/* The device's view. */
	char *desc, *avail, *used;
	bool event_idx;
	uint16_t last_avail, used_idx, signalled;
	bool busy;      /* it looks by itself, or was told to */
	bool interrupt; /* its line */
	unsigned int interrupts;
	bool owned[MODEL_MOST]; /* descriptors that it has */
	struct ask *seen[MODEL_MOST];
	unsigned int nr_seen;
	/* The driver's requests, more than the ring can have: data is a pointer to one. */
	struct ask *ask;
	unsigned int nr_asks;
	unsigned int given; /* not ASK_FREE */
	unsigned long turns;
	unsigned long told; /* notifies */
};

/* A queue with a device behind it. NULL: the machine refused its memory. */
struct model_ring *model_new(
	struct memory *m, unsigned int num, size_t align, uint64_t features, unsigned long seed);
/* Both go; whoever is with the device stays there. */
void model_free(struct model_ring *d);

/* The driver gives a request of so many buffers; what virtqueue_add_sgs() said. */
int model_ask(struct model_ring *d, unsigned int out, unsigned int in);
/* It takes one that the device used, and checks it; false: there is none. */
bool model_take(struct model_ring *d);
/* One that was collected, or any of a broken queue. */
void model_detach(struct model_ring *d, struct ask *a);

/* The device reads what is new, and checks it. */
void model_see(struct model_ring *d);
/* It uses the i-th of those it has seen. */
void model_use(struct model_ring *d, unsigned int i);
/* It shows what it has used, and raises its line if the driver wants to know. */
void model_show(struct model_ring *d);
/* Nothing is new: it wants to be told of the next. */
void model_rest(struct model_ring *d);
/* It sees what is new, uses all in any order, and shows so in any number of parts; then it rests. */
void model_end_all(struct model_ring *d);
/* It lies: an entry of the used ring as given, shown at once. */
void model_lie(struct model_ring *d, uint32_t id, uint32_t len);
void model_show_index(struct model_ring *d, uint16_t idx);

#endif
