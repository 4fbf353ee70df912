/*
 * The split ring (§35.9, §34.6): a driver's side of one virtqueue. What the device writes is checked,
 * never trusted: an index or a length that cannot be makes the queue broken, with one line; from then on
 * nothing is added to it or taken from it but by virtqueue_detach().
 *
 * The caller holds its own lock, interrupts off, around every call of one queue but those marked.
 */
#ifndef DEV_VIRTIO_RING_H
#define DEV_VIRTIO_RING_H

#include "kernel/core/list.h"
#include "kernel/dev/block/scatterlist.h"
#include "mm/page/memory.h"

struct virtio_device;

struct vring_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags, next;
};
struct vring_avail {
	uint16_t flags, idx, ring[];
};
struct vring_used_elem {
	uint32_t id, len;
};
struct vring_used {
	uint16_t flags, idx;
	struct vring_used_elem ring[];
};

#define VRING_DESC_F_NEXT          1
#define VRING_DESC_F_WRITE         2
#define VRING_DESC_F_INDIRECT      4
#define VRING_AVAIL_F_NO_INTERRUPT 1
#define VRING_USED_F_NO_NOTIFY     1

/* Where the parts of a ring lie in its memory, in bytes from its start (§40.3). */
struct vring_layout {
	size_t avail, used_event, used, avail_event, total;
};
struct vring_layout vring_layout(unsigned int num, size_t align);

/* Has `event` been passed on the way from index `old` to `now` (§35.9)? Modulo 65536. */
static inline bool vring_need_event(uint16_t event, uint16_t now, uint16_t old)
{
	return (uint16_t)(now - event - 1) < (uint16_t)(now - old);
}

/*
 * The driver's own word on each descriptor, and by its head on a chain that is with the device: what the
 * device can write to is never read back. 24 bytes, so that a ring of 256 is a kmalloc-8192 and one of
 * 128 a kmalloc-4096, as 4.8's are (§41.2 item 16).
 */
struct vring_request {
	void *data;               /* the caller's; NULL: no head */
	struct vring_desc *table; /* indirect; NULL: direct */
	uint32_t len;  /* bytes that the device may write; once used, that it says it wrote */
	uint16_t next; /* the next of the chain, or itself: the last one; or the next free one */
	bool used;     /* collected, but not yet detached */
};

/* For scenarios and reports: tables by kind, and refusals. */
struct vring_counts {
	long indirect, direct_fallback, direct, no_space, notifies, used;
};

struct virtqueue {
	struct virtio_device *vdev;
	struct memory *memory;
	const char *name;
	unsigned int index, num;
	bool indirect, event_idx;
	void *ring_memory;
	struct vring_layout layout;
	volatile struct vring_desc *desc;
	volatile struct vring_avail *avail;
	volatile struct vring_used *used;
	volatile uint16_t *used_event, *avail_event;
	unsigned int free_head, num_free;
	unsigned int in_flight; /* chains that the device has not used */
	uint16_t avail_idx, last_used, last_kick;
	bool callbacks_off;
	bool told_by_hand;  /* the driver notifies, and nobody else (frozen time) */
	const char *broken; /* what the device did, or NULL */
	struct vring_counts counts;
	void (*callback)(struct virtqueue *vq); /* something was used; interrupt context */
	void *driver;                           /* the driver's */
	uint64_t notify_at;                     /* the transport's: where it writes */
	struct vring_request request[];         /* [num] */
};

/*
 * A ring of `num` entries, a power of two up to 32768, whose used part is at a multiple of `align` bytes, in
 * memory of its own, cleared: asked for as 4.8 does (§35.8, §41.1, §41.2 item 16), so that it may have fewer
 * entries than asked for. NULL: refused. Task context, no lock.
 */
struct virtqueue *vring_create(struct memory *m, struct virtio_device *vdev, const char *name,
	unsigned int index, unsigned int num, size_t align, uint64_t features,
	void (*callback)(struct virtqueue *vq));
/* Nothing is with the device, or it has been reset: tables that are left are freed. Task context, no lock. */
void vring_destroy(struct virtqueue *vq);

/*
 * Expose buffers: `out` to be read by the device, then `in` to be written by it; together from 1 to as many
 * as the ring has entries. With more than one buffer the descriptors go into a table from kmalloc(gfp),
 * without one into the ring itself. `data` is not NULL, and nobody else's in this queue. 0, or -ENOSPC (the
 * device was notified if there was something for it to read), or -EIO: broken.
 */
int virtqueue_add_sgs(struct virtqueue *vq, const struct scatterlist *sg, unsigned int out,
	unsigned int in, void *data, gfp_t gfp);

/* Make what was added known to the device: shall it be notified? Then virtqueue_notify(), lock or not. */
bool virtqueue_kick_prepare(struct virtqueue *vq);
void virtqueue_notify(struct virtqueue *vq);
void virtqueue_kick(struct virtqueue *vq);

/* The data of the next one that the device has used, its descriptors and table freed; NULL: none. */
void *virtqueue_get_buf(struct virtqueue *vq, uint32_t *len);
void virtqueue_disable_cb(struct virtqueue *vq);
/* False: something is used meanwhile. Of a broken queue always true. */
bool virtqueue_enable_cb(struct virtqueue *vq);

/*
 * Frozen time (DESIGN §5, §37.2) separates what the device has done from when the driver learns of it.
 * virtqueue_expect_all(): one interrupt, when all that is in flight has been used (something is); without
 * VIRTIO_F_EVENT_IDX there may be more of them, and earlier. Callbacks are disabled, or virtqueue_collect()
 * would expect the next one again. virtqueue_collect() notes all that is used, without freeing anything, and
 * returns how many. virtqueue_detach() is what get_buf does for one chosen request, which must have been
 * collected, or the queue is broken: then *len is 0 for those that the device did not use.
 */
void virtqueue_expect_all(struct virtqueue *vq);
unsigned int virtqueue_collect(struct virtqueue *vq);
void virtqueue_detach(struct virtqueue *vq, void *data, uint32_t *len);

/* The device's interrupt: calls back if something is used, or the queue is broken. No lock held. */
void vring_interrupt(struct virtqueue *vq);

/*
 * The queue is broken from here on, for `why`, which is kept. False: it was already. Who says so says it in a
 * line. Any context.
 */
bool virtqueue_break(struct virtqueue *vq, const char *why);

/* How many requests the device has and did not use. For reports. Any context. */
unsigned int virtqueue_in_flight(const struct virtqueue *vq);

#endif
