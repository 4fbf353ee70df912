/*
 * The modern transport: registers in memory (§35.5).
 */
#include "kernel/core/cpu/arch.h"
#include "kernel/dev/virtio/modern.h"
#include "kernel/dev/virtio/ring_ops.h"

#define DEVICE_FEATURE_SELECT 0
#define DEVICE_FEATURE        4
#define DRIVER_FEATURE_SELECT 8
#define DRIVER_FEATURE        12
#define CONFIG_VECTOR         16
#define NUM_QUEUES            18
#define STATUS                20
#define GENERATION            21
#define QUEUE_SELECT          22
#define QUEUE_SIZE            24
#define QUEUE_VECTOR          26
#define QUEUE_ENABLE          28
#define QUEUE_NOTIFY_OFFSET   30
#define QUEUE_DESC            32
#define QUEUE_AVAIL           40
#define QUEUE_USED            48

#define RING_ALIGN 64
#define PATIENCE   1000 /* reads of a configuration that changes under them */

static uint8_t modern_status(struct virtio_device *vdev)
{
	return mmio_read8(vdev->common + STATUS);
}

static void modern_set_status(struct virtio_device *vdev, uint8_t status)
{
	mmio_write8(vdev->common + STATUS, status);
}

static uint64_t modern_features(struct virtio_device *vdev)
{
	uint64_t features;

	mmio_write32(vdev->common + DEVICE_FEATURE_SELECT, 0);
	features = mmio_read32(vdev->common + DEVICE_FEATURE);
	mmio_write32(vdev->common + DEVICE_FEATURE_SELECT, 1);
	return features | (uint64_t)mmio_read32(vdev->common + DEVICE_FEATURE) << 32;
}

static void modern_accept(struct virtio_device *vdev, uint64_t features)
{
	mmio_write32(vdev->common + DRIVER_FEATURE_SELECT, 0);
	mmio_write32(vdev->common + DRIVER_FEATURE, features);
	mmio_write32(vdev->common + DRIVER_FEATURE_SELECT, 1);
	mmio_write32(vdev->common + DRIVER_FEATURE, features >> 32);
}

static uint8_t modern_isr(struct virtio_device *vdev)
{
	return mmio_read8(vdev->isr);
}

static bool modern_set_config_vector(struct virtio_device *vdev, uint16_t vector)
{
	mmio_write16(vdev->common + CONFIG_VECTOR, vector);
	return mmio_read16(vdev->common + CONFIG_VECTOR) != VIRTIO_NO_VECTOR;
}

static bool modern_set_queue_vector(struct virtqueue *vq, uint16_t vector)
{
	volatile uint8_t *common = vq->vdev->common;

	mmio_write16(common + QUEUE_SELECT, vq->index);
	mmio_write16(common + QUEUE_VECTOR, vector);
	return mmio_read16(common + QUEUE_VECTOR) != VIRTIO_NO_VECTOR;
}

static unsigned int modern_queue_size(struct virtio_device *vdev, unsigned int index)
{
	if (index >= mmio_read16(vdev->common + NUM_QUEUES))
		return 0;
	mmio_write16(vdev->common + QUEUE_SELECT, index);
	return mmio_read16(vdev->common + QUEUE_SIZE);
}

static const char *modern_find_notify(struct virtqueue *vq)
{
	struct virtio_device *vdev = vq->vdev;
	uint64_t offset;

	mmio_write16(vdev->common + QUEUE_SELECT, vq->index);
	offset =
		(uint64_t)mmio_read16(vdev->common + QUEUE_NOTIFY_OFFSET) * vdev->notify_multiplier;
	if (offset + sizeof(uint16_t) > vdev->notify_len)
		return virtio_error(vdev,
			"queue %u (%s) has its notify register at 0x%lx; expected it below 0x%x",
			vq->index, vq->name, offset, vdev->notify_len);
	vq->notify_at = (uint64_t)(vdev->notify + offset);
	return NULL;
}

static void write_address(struct virtqueue *vq, unsigned int at, const volatile void *part)
{
	uint64_t addr = ring_phys(vq, (const void *)part);

	mmio_write32(vq->vdev->common + at, addr);
	mmio_write32(vq->vdev->common + at + 4, addr >> 32);
}

static void modern_enable_queue(struct virtqueue *vq)
{
	volatile uint8_t *common = vq->vdev->common;

	mmio_write16(common + QUEUE_SELECT, vq->index);
	mmio_write16(common + QUEUE_SIZE, vq->num);
	write_address(vq, QUEUE_DESC, vq->desc);
	write_address(vq, QUEUE_AVAIL, vq->avail);
	write_address(vq, QUEUE_USED, vq->used);
	mmio_write16(common + QUEUE_ENABLE, 1);
}

static void modern_notify(struct virtqueue *vq)
{
	mmio_write16((volatile void *)vq->notify_at, vq->index);
}

/* As wide as its fields are, where they lie as fields do. */
static void read_field(
	const volatile uint8_t *at, unsigned int offset, uint8_t *to, unsigned int len)
{
	for (unsigned int i = 0; i < len;) {
		uint32_t v;
		unsigned int n = !((offset + i) % 4) && len - i >= 4 ? 4 :
			!((offset + i) % 2) && len - i >= 2          ? 2 :
								       1;

		v = n == 4     ? mmio_read32(at + offset + i) :
			n == 2 ? mmio_read16(at + offset + i) :
				 mmio_read8(at + offset + i);
		for (unsigned int b = 0; b < n; b++)
			to[i++] = v >> 8 * b;
	}
}

/* All of one generation; a device that never stands still is read as it stands. */
static void modern_config_read(
	struct virtio_device *vdev, unsigned int offset, uint8_t *to, unsigned int len)
{
	uint8_t before, after;

	for (unsigned int i = 0; i < PATIENCE; i++) {
		before = mmio_read8(vdev->common + GENERATION);
		read_field(vdev->config, offset, to, len);
		after = mmio_read8(vdev->common + GENERATION);
		if (before == after)
			return;
	}
}

static uint32_t little_endian(const uint8_t *from, unsigned int n)
{
	uint32_t v = 0;

	while (n--)
		v = v << 8 | from[n];
	return v;
}

static void modern_config_write(
	struct virtio_device *vdev, unsigned int offset, const uint8_t *from, unsigned int len)
{
	volatile uint8_t *at = vdev->config + offset;

	if (offset % 4 == 0 && len % 4 == 0) {
		for (; len; len -= 4, at += 4, from += 4)
			mmio_write32(at, little_endian(from, 4));
	} else if (offset % 2 == 0 && len == 2) {
		mmio_write16(at, little_endian(from, 2));
	} else {
		while (len--)
			mmio_write8(at++, *from++);
	}
}

const struct virtio_ops virtio_modern = {
	.name = "modern",
	.align = RING_ALIGN,
	.may_shrink = true,
	.features_ok = true,
	.needs = VIRTIO_F_VERSION_1,
	.knows = VIRTIO_F_VERSION_1 | VIRTIO_F_BIT33,
	.offered = modern_offered,
	.find = modern_find,
	.status = modern_status,
	.set_status = modern_set_status,
	.features = modern_features,
	.accept = modern_accept,
	.isr = modern_isr,
	.set_config_vector = modern_set_config_vector,
	.set_queue_vector = modern_set_queue_vector,
	.queue_size = modern_queue_size,
	.find_notify = modern_find_notify,
	.enable_queue = modern_enable_queue,
	.notify = modern_notify,
	.config_read = modern_config_read,
	.config_write = modern_config_write,
};
