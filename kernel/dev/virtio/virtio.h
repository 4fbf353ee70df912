/*
 * The room kernel/dev/virtio: virtio devices on PCI (§35.3 to §35.13).
 *
 * In reading order: virtio.h (this: a device and its handshake), virtio_ops.h (what the two transports
 * do each in its own way), legacy.c (I/O ports), modern.c (memory), interrupt.c, ring.h (queues),
 * virtio_blk.h, virtio_balloon.h.
 *
 * Locks: each driver's own, interrupts off, around its queues.
 */

/*
 * A device: found by its driver's probe, made to talk, reset at the end. Task context unless stated.
 */
#ifndef DEV_VIRTIO_H
#define DEV_VIRTIO_H

#include "kernel/dev/pci/pci.h"
#include "kernel/dev/pci/pci_irq.h"
#include "kernel/dev/pci/pci_msix.h"
#include "kernel/dev/virtio/ring.h"

#define VIRTIO_VENDOR 0x1af4

#define VIRTIO_F_INDIRECT_DESC (1ull << 28)
#define VIRTIO_F_EVENT_IDX     (1ull << 29)
#define VIRTIO_F_VERSION_1     (1ull << 32)
#define VIRTIO_F_BIT33         (1ull << 33) /* accepted as well (§41.2 item 19) */

#define VIRTIO_ACKNOWLEDGE 1
#define VIRTIO_DRIVER      2
#define VIRTIO_DRIVER_OK   4
#define VIRTIO_FEATURES_OK 8
#define VIRTIO_NEEDS_RESET 0x40
#define VIRTIO_FAILED      0x80

#define VIRTIO_MAX_QUEUES 3

struct virtio_ops;
struct virtio_device;

struct virtio_message {
	struct pci_msix irq;
	struct virtio_device *vdev;
};

/* The driver sets `memory`, `silent` and `config_changed` before virtio_start(); all else is zero then. */
struct virtio_device {
	struct memory *memory;
	/* Its interrupts are off but for virtio_listen(): what it has done is asked for (DESIGN §5). */
	bool silent;
	/* Interrupt context; or NULL. */
	void (*config_changed)(struct virtio_device *vdev);
	struct pci_dev *pci;
	const struct virtio_ops *ops;
	char name[32];     /* "virtio_blk virtio0", as lines about it begin */
	uint64_t features; /* agreed upon */
	unsigned int nr_queues;
	struct virtqueue *vq[VIRTIO_MAX_QUEUES];
	bool queues_enabled, ill, has_irq, has_msix;
	struct pci_irq irq;
	struct virtio_message message[1 + VIRTIO_MAX_QUEUES]; /* interrupt.c's */
	unsigned int nr_messages;
	/* The transports' own: where registers are. */
	unsigned int io;
	volatile uint8_t *common, *isr, *config, *notify;
	unsigned int notify_multiplier, config_len, notify_len; /* bytes */
};

/*
 * Choose the transport (virtio= auto, legacy, modern), reset, acknowledge, and agree on what both have of
 * `wanted`, which has the ring's features as well as the device's. NULL, or one line, which is good until
 * the next call of any of these.
 */
const char *virtio_start(struct virtio_device *vdev, struct pci_dev *pci, uint64_t wanted);
/* The next queue, by index. NULL, or one line. */
const char *virtio_add_queue(
	struct virtio_device *vdev, const char *name, void (*callback)(struct virtqueue *vq));
/*
 * All queues are there: how they interrupt is chosen, and the device knows where they are. For drivers that
 * have something for it before virtio_ready(), which does it otherwise. NULL, or one line.
 */
const char *virtio_enable_queues(struct virtio_device *vdev);
/*
 * Driver-ok: from here on it works, and interrupts unless silent: by messages where it can (msix=1), else by
 * wire. NULL, or one line.
 */
const char *virtio_ready(struct virtio_device *vdev);
/*
 * A silent device is heard, or not any more: for a frozen wait (still.h). What it had to say before is
 * forgotten. The only one that touches configuration space.
 */
void virtio_listen(struct virtio_device *vdev, bool on);
/* Reset; queues are freed. Also after a failure of any of the above. */
void virtio_stop(struct virtio_device *vdev);

/*
 * A queue is broken: status 0, so that the device touches none of the memory that it was given any more, and
 * all queues are broken. Locks of all its queues held, interrupts off.
 */
void virtio_halt(struct virtio_device *vdev);

/*
 * The device's own configuration; bytes [offset, offset + len). What it does not have reads as 0. Any
 * context, one at a time.
 */
void virtio_config_read(
	struct virtio_device *vdev, unsigned int offset, void *to, unsigned int len);
void virtio_config_write(
	struct virtio_device *vdev, unsigned int offset, const void *from, unsigned int len);

/* How many have been started: each has a number of its own, from 0 on. */
extern unsigned int virtio_devices;

#endif
