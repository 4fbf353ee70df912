/*
 * What the two transports do each in its own way: legacy.c by I/O ports (§35.4), modern.c in memory
 * (§35.5). Registers only; the order of things is virtio.c's.
 *
 * Task context, one caller at a time, but for what is marked: (I) also interrupts, and locks held.
 */
#ifndef DEV_VIRTIO_OPS_H
#define DEV_VIRTIO_OPS_H

#include "kernel/dev/virtio/virtio.h"

#define VIRTIO_ISR_QUEUE  1
#define VIRTIO_ISR_CONFIG 2

struct virtio_ops {
	const char *name;
	size_t align; /* of a ring's used part, in bytes */
	/* The device has a ring's size from its driver; else a smaller ring than it offers is no ring. */
	bool may_shrink;
	/* Features of ours that it needs, or is nothing without. */
	uint64_t needs;
	/* Where the registers are. NULL, or one line. */
	const char *(*find)(struct virtio_device *vdev);
	uint8_t (*status)(struct virtio_device *vdev);                  /* (I) */
	void (*set_status)(struct virtio_device *vdev, uint8_t status); /* (I) 0: reset */
	uint64_t (*offered)(struct virtio_device *vdev);
	void (*accept)(struct virtio_device *vdev, uint64_t features); /* (I) */
	uint8_t (*isr)(struct virtio_device *vdev); /* (I) reading takes it back */
	/* Entries of the queue's ring; 0: there is no such queue. */
	unsigned int (*queue_size)(struct virtio_device *vdev, unsigned int index);
	/* Where the queue's notify register is, into vq->notify_at. NULL, or one line. */
	const char *(*find_notify)(struct virtqueue *vq);
	/* Tell the device of the ring, which it uses from driver-ok on. */
	void (*enable_queue)(struct virtqueue *vq); /* (I) */
	void (*notify)(struct virtqueue *vq);       /* (I) */
	/* Bytes of the device's own configuration. */
	void (*config_read)(struct virtio_device *vdev, unsigned int offset, uint8_t *to,
		unsigned int len); /* (I) */
	void (*config_write)(struct virtio_device *vdev, unsigned int offset, const uint8_t *from,
		unsigned int len); /* (I) */
};

extern const struct virtio_ops virtio_legacy, virtio_modern;

/* One line about this device, into vdev->error. */
const char *virtio_error(struct virtio_device *vdev, const char *fmt, ...) __printf(2, 3);

#endif
