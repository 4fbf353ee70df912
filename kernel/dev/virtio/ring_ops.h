/*
 * What the parts of the ring share among themselves: addresses, the order of accesses, the table of an
 * indirect request. Contexts as ring.h's.
 */
#ifndef DEV_VIRTIO_RING_OPS_H
#define DEV_VIRTIO_RING_OPS_H

#include "kernel/dev/virtio/ring.h"

/* Out of line: a call trace shows it. */
noinline struct vring_desc *alloc_indirect(struct virtqueue *vq, unsigned int total, gfp_t gfp);

static inline uint64_t ring_phys(const struct virtqueue *vq, const void *p)
{
	return (const char *)p - vq->memory->virt_base;
}

/* Stores are seen in their order, and loads done in theirs, by this processor's nature. */
static inline void ring_write_barrier(void)
{
	barrier();
}

static inline void ring_read_barrier(void)
{
	barrier();
}

/* Our stores are seen before we load. */
static inline void ring_full_barrier(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

#endif
