/*
 * A disk whose driver answers as it is told: at once, later, in any order, in batches; which is full, and
 * fails requests. What a driver may count on is checked of
 * each request that it gets, and a device does nothing with one before it was told of it.
 */
#ifndef HOST_FAKE_DISK_H
#define HOST_FAKE_DISK_H

#include "twin.h"

#include "kernel/core/rand.h"
#include "kernel/dev/block/plug.h"
#include "kernel/dev/block/scatterlist.h"

#define FAKE_SECTORS 8192
#define FAKE_ROOM    256
#define FAKE_LOG     1024

/* What a bio's maker is told by way of bio->private. */
struct fake_job {
	int expected; /* the error that it has to end with */
};

struct fake_disk {
	struct disk disk;
	struct spinlock lock; /* the driver's, as 4.8's virtio_blk has it: completions under it */
	unsigned int room;    /* requests that the device takes, at most FAKE_ROOM */
	bool at_once, any_order;
	unsigned int busy_in, refuse_in, fail_in; /* one in so many; 0: never */
	struct rand *rand;
	struct request *flying[FAKE_ROOM];
	unsigned int nr, visible; /* of them the device knows the first ones */
	uint64_t (*media)[64];    /* [FAKE_SECTORS] */
	unsigned long requests, busy, notifies, flushes;
	unsigned int pieces; /* of the last request */
	char log[FAKE_LOG];  /* of requests, as they came: "R8+16 W0+8 F " */
};

/* With this much room, segments and tags; nothing is random yet. NULL, or disk_add()'s line. */
const char *fake_disk_add(struct fake_disk *f, struct memory *m, const char *name,
	unsigned int depth, unsigned int max_segments);
void fake_disk_remove(struct fake_disk *f);
/* For twin.on_sleep while the last disk of any kind goes: the workers that are waited for end. */
void fake_workers_end(void);

/* The device is done with up to `n`, and says so by an interrupt: with how many. */
unsigned int fake_interrupt(struct fake_disk *f, unsigned int n);

/* The next is done and fails. */
void fake_fail_next(struct fake_disk *f, int error);

#endif
