/*
 * Disks, and the requests that their drivers get (§34.1 to §34.7). A disk has one hardware queue and a
 * software queue for each CPU. Sectors are 512 bytes.
 */
#ifndef DEV_BLOCK_DISK_H
#define DEV_BLOCK_DISK_H

#include "kernel/dev/block/bio.h"
#include "kernel/dev/block/tag.h"
#include "kernel/dev/block/kblockd.h"

#define BLK_MAX_SECTORS 2560 /* of a request: 1280 KiB (§34.2) */

enum blk_status { BLK_OK, BLK_BUSY, BLK_ERROR };

struct request {
	struct disk *disk;
	struct bio *bio, *last_bio; /* the first of them, and the last */
	uint64_t sector;
	uint32_t sectors;
	uint16_t segments;
	uint8_t op; /* enum bio_op */
	bool no_merge;
	unsigned int tag;
	unsigned int cpu; /* whose software queue it is of */
	struct list_head node;
};

/* Behind each request: the driver's own, of disk_ops.payload bytes. */
static inline void *request_payload(struct request *rq)
{
	return rq + 1;
}

struct disk_ops {
	size_t payload; /* bytes a request */
	/*
	 * Start a request; `last`: none follows in this run, so tell the device. On several CPUs at once, does
	 * not sleep, interrupts on. Who returns anything but BLK_OK has told the device of what came before.
	 * BLK_BUSY: the driver has stopped the queue; the request is kept, and offered again when a completion
	 * starts it. Stop and start under one lock, start behind the completions: else nobody may be left to
	 * start what was stopped.
	 */
	enum blk_status (*queue_rq)(struct disk *disk, struct request *rq, bool last);
	/* Of a synchronous device instead (§34.10): the whole bio, at once. 0, or a negative errno. */
	int (*transfer)(struct disk *disk, struct bio *bio);
};

/* A software queue. */
struct blk_mq_ctx {
	struct spinlock lock;
	struct list_head requests;
	unsigned int last_tag;
};

/* What happened since the disk came, for scenarios. Atomic. */
struct blk_counts {
	long bios, requests, merges, splits, tag_waits, busy, errors;
	long flush_finish, flush_full, flush_sleep; /* of plugs: why */
	long dispatched_by_task, dispatched_by_worker;
};

struct disk {
	struct memory *memory;
	const struct disk_ops *ops;
	void *driver; /* the driver's */
	char name[16];
	uint64_t capacity;         /* sectors */
	unsigned int max_segments; /* of a request, at least 1; the card has no use for it */
	bool read_only, rotational;
	struct blk_mq_ctx ctx[MAX_CPUS];
	struct blk_tags tags;
	struct spinlock dispatch_lock;
	struct list_head dispatch; /* offered, and not taken yet */
	bool stopped;
	struct kblockd_work run_work;
	struct list_head chunks; /* memory of the requests: blocks of pages */
	struct request **rq;     /* by tag */
	struct blk_counts counts;
	uint64_t told; /* TSC when the driver last told its device */
	struct list_head node;
};

/*
 * Make it known, with requests for `depth` tags (0: a synchronous device). NULL, or one line. Task
 * context.
 */
const char *disk_add(struct disk *disk, unsigned int depth);
/*
 * All its bios have ended; an interrupt that is still about their requests is waited for, and so are
 * workers. Its memory may go when no more interrupts of the driver come. Task context.
 */
void disk_remove(struct disk *disk);
/* By name, such as "vda"; NULL: there is none. */
struct disk *disk_find(const char *name);
/* In order of coming; NULL: no more. */
struct disk *disk_nth(unsigned int n);

/* For drivers: no more requests until one has completed. */
void blk_mq_stop_hw_queue(struct disk *disk);
/* By a worker of this CPU. Any context. */
void blk_mq_start_stopped_hw_queue(struct disk *disk);
/* The request has ended. Any context. */
void blk_mq_complete_request(struct request *rq, int error);

/*
 * The data of a request as physically contiguous pieces; neighbours in memory are one, across bios as
 * well. As many as rq->segments at most.
 */
struct scatterlist;
unsigned int blk_rq_map_sg(const struct request *rq, struct scatterlist *sg);

#endif
