/*
 * What the two transports do each in its own way: legacy.c by I/O ports (§35.4), modern.c in memory
 * (§35.5). Registers only; the order of things is virtio.c's.
 *
 * Task context but for those marked (I): any, with locks held. One caller at a time.
 */
#ifndef DEV_VIRTIO_OPS_H
#define DEV_VIRTIO_OPS_H

#include "kernel/dev/virtio/virtio.h"

#define VIRTIO_ISR_QUEUE  1
#define VIRTIO_ISR_CONFIG 2

struct virtio_ops {
	const char *name;
	size_t align;    /* of a ring's used part, in bytes */
	bool may_shrink; /* the driver says how many entries a ring has, up to the device's number */
	bool features_ok; /* the device is asked whether it can do with what was agreed on */
	uint64_t needs,
		knows; /* features of the transport: without which it is none; those it takes */

	/* Does the device offer this transport? */
	bool (*offered)(const struct pci_dev *pci);
	/* Where the registers are. NULL, or one line. */
	const char *(*find)(struct virtio_device *vdev);
	/* (I) Status; 0 resets. */
	uint8_t (*status)(struct virtio_device *vdev);
	void (*set_status)(struct virtio_device *vdev, uint8_t status);
	/* Features: what the device has; what it shall have. */
	uint64_t (*features)(struct virtio_device *vdev);
	void (*accept)(struct virtio_device *vdev, uint64_t features);
	/* (I) Why it interrupts: VIRTIO_ISR_*. Reading takes the interrupt back. */
	uint8_t (*isr)(struct virtio_device *vdev);
	/* The message (its number) of a change of configuration, of a queue. False: refused. MSI-X is on. */
	bool (*set_config_vector)(struct virtio_device *vdev, uint16_t vector);
	bool (*set_queue_vector)(struct virtqueue *vq, uint16_t vector);
	/* Entries of a queue's ring; 0: there is no such queue. */
	unsigned int (*queue_size)(struct virtio_device *vdev, unsigned int index);
	/* Where the queue's notify register is, into vq->notify_at. NULL, or one line. */
	const char *(*find_notify)(struct virtqueue *vq);
	/* Where the ring is: the device uses it from driver-ok on. */
	void (*enable_queue)(struct virtqueue *vq);
	/* (I) There is something new in the queue. */
	void (*notify)(struct virtqueue *vq);
	/* (I) Bytes of the device's configuration, which has them. */
	void (*config_read)(
		struct virtio_device *vdev, unsigned int offset, uint8_t *to, unsigned int len);
	void (*config_write)(struct virtio_device *vdev, unsigned int offset, const uint8_t *from,
		unsigned int len);
};

extern const struct virtio_ops virtio_legacy, virtio_modern;

#define VIRTIO_NO_VECTOR 0xffff

/* interrupt.c: interrupts as virtio_ready() says, and none any more. */
const char *virtio_interrupts_on(struct virtio_device *vdev);
void virtio_interrupts_off(struct virtio_device *vdev);

/* All queues are broken. Any context. */
void virtio_break(struct virtio_device *vdev, const char *why);

/* One line about this device, which is good until the next one. */
const char *virtio_error(const struct virtio_device *vdev, const char *fmt, ...) __printf(2, 3);

#endif
