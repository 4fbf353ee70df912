/*
 * What the parts of the balloon share (see virtio_balloon.h): balloon.c (pages in and out, and what the host
 * is told), balloon_work.c (following the target), balloon_stats.c, balloon_oom.c, balloon_target.c (asking
 * for one), virtio_balloon.c (the device's coming and going).
 *
 * Functions have 4.8's names where call traces show them.
 */
#ifndef DEV_VIRTIO_BALLOON_OWN_H
#define DEV_VIRTIO_BALLOON_OWN_H

#include "kernel/core/lock/notifier.h"
#include "kernel/core/sched/work.h"
#include "kernel/dev/virtio/frozen.h"
#include "kernel/dev/virtio/virtio.h"
#include "kernel/dev/virtio/virtio_balloon.h"

#define VIRTIO_BALLOON_F_MUST_TELL_HOST (1ull << 0)
#define VIRTIO_BALLOON_F_STATS_VQ       (1ull << 1)
#define VIRTIO_BALLOON_F_DEFLATE_ON_OOM (1ull << 2)

#define BALLOON_CONFIG_NUM_PAGES 0
#define BALLOON_CONFIG_ACTUAL    4

#define BALLOON_PFNS 256 /* pages of a step */

enum { BALLOON_INFLATE_VQ, BALLOON_DEFLATE_VQ, BALLOON_STATS_VQ };

enum balloon_tag { SWAP_IN, SWAP_OUT, MAJFLT, MINFLT, MEMFREE, MEMTOT, AVAIL, BALLOON_TAGS };

struct balloon_stat {
	uint16_t tag;
	uint64_t value;
} __attribute__((packed));

struct balloon {
	struct virtio_device vdev;
	struct memory *memory;
	bool exact; /* time is frozen */

	struct mutex balloon_lock; /* the pages, what the host is told of them */
	struct list_head pages;    /* youngest first */
	long num_pages;            /* read without */
	unsigned int num_pfns;     /* of this step */
	uint32_t pfns[BALLOON_PFNS];

	struct spinlock lock; /* queues, config, what follows; taken by handlers */
	bool stopping;        /* no more work */
	bool dead;            /* the device did what no device does: it is told no more */
	bool wanted, working; /* the size work is to be done; is under way */
	bool heard;           /* the device has said that its config changed */
	struct work size_work, stats_work;
	struct wait_queue acked; /* the host has, or never will */
	struct wait_queue
		settled; /* the size is the target's, a page was refused, or a target is heard */
	struct balloon_counts counts;
	struct balloon_stat stats[BALLOON_TAGS];

	/* Exact mode: when the acknowledgement is known. */
	struct frozen frozen;
	struct frozen_item ack;
	bool ack_due;

	struct ratelimit puff_ratelimit;
	struct notifier_block nb;
};

static inline bool balloon_has(const struct balloon *b, uint64_t feature)
{
	return b->vdev.features & feature;
}

/* Take at most so many pages more, or give back; in one step BALLOON_PFNS. How many it was. Task context. */
noinline unsigned int fill_balloon(struct balloon *b, unsigned long num);
noinline unsigned int leak_balloon(struct balloon *b, unsigned long num);
/* A page more, or NULL: by 4.8's rule, balloon_lock held, and by the later one. */
noinline struct page *balloon_page_enqueue(struct balloon *b);
noinline struct page *balloon_page_alloc(struct balloon *b);
/* Something was used, or cannot be: whoever waits for it looks. Interrupt context. */
void balloon_ack(struct virtqueue *vq);
/* The same of a modelled end. */
void balloon_ack_frozen(struct frozen *f);

/*
 * A queue that is broken is the end of the device: it is silenced, and nobody waits for it. The lock is
 * held.
 */
void balloon_check(struct balloon *b, const struct virtqueue *vq);

/* By the device's word: pages that it wants to have less or more. */
long towards_target(struct balloon *b);
/* Tell the device the size, in fast mode. */
void update_balloon_size(struct balloon *b);
void update_balloon_size_func(struct work *work);
/* The target may have changed: follow it. Any context, lock not held. */
void balloon_queue_size(struct balloon *b);
/* The device's interrupt. */
void virtballoon_changed(struct virtio_device *vdev);

/* Before driver-ok, of an empty queue: the host gets a buffer that nobody has filled in (§41.2 item 17). */
void balloon_stats_start(struct balloon *b);
void stats_request(struct virtqueue *vq);
void update_balloon_stats_func(struct work *work);

void balloon_oom_start(struct balloon *b);
void balloon_oom_stop(struct balloon *b);

/* The machine's one; NULL: there is none. From the end of probe to the begin of remove. */
extern struct balloon *the_balloon;

#endif
