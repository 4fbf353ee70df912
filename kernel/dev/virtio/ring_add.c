/*
 * To the device: buffers into the ring, and the question whether it must be told (§34.6 step 5, §35.9).
 * The order of steps is 4.8's, and so are the names that a call trace shows.
 */
#include <errno.h>

#include "kernel/core/machine.h"
#include "kernel/dev/virtio/ring_ops.h"
#include "kernel/dev/virtio/virtio_ops.h"
#include "mm/slab/kmalloc.h"

struct vring_desc *alloc_indirect(struct virtqueue *vq, unsigned int total, gfp_t gfp)
{
	return kmalloc(vq->memory, total * sizeof(struct vring_desc), gfp & ~__GFP_HIGHMEM);
}

/* What is for the device to read comes first; the last one has no next. */
static struct vring_desc describe(
	const struct scatterlist *sg, unsigned int i, unsigned int out, unsigned int total)
{
	uint16_t flags =
		(i >= out ? VRING_DESC_F_WRITE : 0) | (i + 1 < total ? VRING_DESC_F_NEXT : 0);

	return (struct vring_desc){.addr = sg[i].phys, .len = sg[i].len, .flags = flags};
}

static uint32_t writable_bytes(const struct scatterlist *sg, unsigned int out, unsigned int total)
{
	uint64_t sum = 0;

	for (unsigned int i = out; i < total; i++)
		sum += sg[i].len;
	return MIN(sum, (uint64_t)UINT32_MAX);
}

static void fill_table(struct vring_desc *table, const struct scatterlist *sg, unsigned int out,
	unsigned int total)
{
	for (unsigned int i = 0; i < total; i++) {
		table[i] = describe(sg, i, out, total);
		table[i].next = i + 1 < total ? i + 1 : 0;
	}
}

/* The first free descriptors, as a chain that ends with itself. */
static void take_chain(struct virtqueue *vq, unsigned int n)
{
	struct vring_request *last = &vq->request[vq->free_head];
	unsigned int i = vq->free_head;

	while (--n) {
		i = last->next;
		last = &vq->request[i];
	}
	vq->free_head = last->next;
	last->next = i;
}

static void put_direct(struct virtqueue *vq, unsigned int head, const struct scatterlist *sg,
	unsigned int out, unsigned int total)
{
	for (unsigned int i = 0, at = head; i < total; i++, at = vq->request[at].next) {
		vq->desc[at] = describe(sg, i, out, total);
		vq->desc[at].next = vq->request[at].next;
	}
}

static void put_indirect(
	struct virtqueue *vq, unsigned int head, struct vring_desc *table, unsigned int total)
{
	vq->desc[head] = (struct vring_desc){.addr = ring_phys(vq, table),
		.len = total * sizeof(struct vring_desc),
		.flags = VRING_DESC_F_INDIRECT};
}

/* The device may look at the slot as soon as the index has moved. */
static void publish(struct virtqueue *vq, unsigned int head)
{
	vq->avail->ring[vq->avail_idx & (vq->num - 1)] = head;
	ring_write_barrier();
	vq->avail->idx = ++vq->avail_idx;
	/* Once round all indices: the event test could tell no more. */
	if ((uint16_t)(vq->avail_idx - vq->last_kick) == UINT16_MAX && !vq->told_by_hand)
		virtqueue_kick(vq);
}

static void count_kind(struct virtqueue *vq, const struct vring_desc *table, bool refused)
{
	if (table)
		vq->counts.indirect++;
	else if (refused)
		vq->counts.direct_fallback++;
	else
		vq->counts.direct++;
}

static int no_space(struct virtqueue *vq, unsigned int out)
{
	vq->counts.no_space++;
	if (out && !vq->told_by_hand)
		virtqueue_notify(vq);
	return -ENOSPC;
}

int virtqueue_add_sgs(struct virtqueue *vq, const struct scatterlist *sg, unsigned int out,
	unsigned int in, void *data, gfp_t gfp)
{
	unsigned int total = out + in, head = vq->free_head;
	struct vring_desc *table = NULL;
	bool wanted;

	BUG_ON(!data || !total || total > vq->num);
	if (unlikely(vq->broken))
		return -EIO;
	wanted = vq->indirect && total > 1 && vq->num_free;
	if (wanted)
		table = alloc_indirect(vq, total, gfp);
	/* A table needs one descriptor, which is there: it is never given back unused. */
	if (vq->num_free < (table ? 1 : total))
		return no_space(vq, out);
	take_chain(vq, table ? 1 : total);
	vq->num_free -= table ? 1 : total;
	if (table) {
		fill_table(table, sg, out, total);
		put_indirect(vq, head, table, total);
	} else {
		put_direct(vq, head, sg, out, total);
	}
	count_kind(vq, table, wanted);
	vq->request[head].data = data;
	vq->request[head].table = table;
	vq->request[head].len = writable_bytes(sg, out, total);
	vq->in_flight++;
	publish(vq, head);
	return 0;
}

bool virtqueue_kick_prepare(struct virtqueue *vq)
{
	uint16_t old = vq->last_kick;

	ring_full_barrier(); /* the index is out before we look whether the device watches it */
	vq->last_kick = vq->avail_idx;
	if (vq->event_idx)
		return vring_need_event(*vq->avail_event, vq->avail_idx, old);
	return !(vq->used->flags & VRING_USED_F_NO_NOTIFY);
}

void virtqueue_notify(struct virtqueue *vq)
{
	if (unlikely(vq->broken))
		return;
	atomic_add(&vq->counts.notifies, 1);
	vq->vdev->ops->notify(vq);
}

void virtqueue_kick(struct virtqueue *vq)
{
	if (virtqueue_kick_prepare(vq))
		virtqueue_notify(vq);
}
