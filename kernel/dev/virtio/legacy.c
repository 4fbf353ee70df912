/*
 * The legacy transport: registers in BAR 0, which is I/O ports (§35.4).
 */
#include "kernel/core/cpu/arch.h"
#include "kernel/dev/virtio/ring_ops.h"
#include "kernel/dev/virtio/virtio_ops.h"

#define HOST_FEATURES  0
#define GUEST_FEATURES 4
#define QUEUE_PFN      8
#define QUEUE_NUM      12
#define QUEUE_SELECT   14
#define QUEUE_NOTIFY   16
#define STATUS         18
#define ISR            19
#define CONFIG         20
/* While MSI-X is on its two registers lie where the configuration began. */
#define CONFIG_VECTOR    20
#define QUEUE_VECTOR     22
#define CONFIG_WITH_MSIX 24

#define RING_ALIGN        4096
#define LAST_TRANSITIONAL 0x103f

static bool legacy_offered(const struct pci_dev *pci)
{
	return pci->device <= LAST_TRANSITIONAL && pci->bar[0].io && pci->bar[0].addr &&
		pci->bar[0].size >= CONFIG_WITH_MSIX;
}

static const char *legacy_find(struct virtio_device *vdev)
{
	vdev->io = vdev->pci->bar[0].addr;
	vdev->config_len = vdev->pci->bar[0].size - CONFIG_WITH_MSIX;
	return NULL;
}

static uint8_t legacy_status(struct virtio_device *vdev)
{
	return inb(vdev->io + STATUS);
}

static void legacy_set_status(struct virtio_device *vdev, uint8_t status)
{
	outb(vdev->io + STATUS, status);
}

static uint64_t legacy_features(struct virtio_device *vdev)
{
	return inl(vdev->io + HOST_FEATURES);
}

static void legacy_accept(struct virtio_device *vdev, uint64_t features)
{
	outl(vdev->io + GUEST_FEATURES, features);
}

static uint8_t legacy_isr(struct virtio_device *vdev)
{
	return inb(vdev->io + ISR);
}

static bool legacy_set_config_vector(struct virtio_device *vdev, uint16_t vector)
{
	outw(vdev->io + CONFIG_VECTOR, vector);
	return inw(vdev->io + CONFIG_VECTOR) != VIRTIO_NO_VECTOR;
}

static bool legacy_set_queue_vector(struct virtqueue *vq, uint16_t vector)
{
	outw(vq->vdev->io + QUEUE_SELECT, vq->index);
	outw(vq->vdev->io + QUEUE_VECTOR, vector);
	return inw(vq->vdev->io + QUEUE_VECTOR) != VIRTIO_NO_VECTOR;
}

static unsigned int legacy_queue_size(struct virtio_device *vdev, unsigned int index)
{
	outw(vdev->io + QUEUE_SELECT, index);
	return inw(vdev->io + QUEUE_NUM);
}

/* The register holds 32 bits of a page's number. */
static const char *legacy_find_notify(struct virtqueue *vq)
{
	uint64_t pfn = ring_phys(vq, vq->ring_memory) >> PAGE_SHIFT;

	vq->notify_at = vq->vdev->io + QUEUE_NOTIFY;
	if (pfn >> 32)
		return virtio_error(vq->vdev, "queue %u (%s) is at page 0x%lx; expected 32 bits",
			vq->index, vq->name, pfn);
	return NULL;
}

static void legacy_enable_queue(struct virtqueue *vq)
{
	outw(vq->vdev->io + QUEUE_SELECT, vq->index);
	outl(vq->vdev->io + QUEUE_PFN, ring_phys(vq, vq->ring_memory) >> PAGE_SHIFT);
}

static void legacy_notify(struct virtqueue *vq)
{
	outw(vq->notify_at, vq->index);
}

static unsigned int config_at(const struct virtio_device *vdev)
{
	return vdev->io + (vdev->has_msix ? CONFIG_WITH_MSIX : CONFIG);
}

/* Byte by byte, as 4.8 does. */
static void legacy_config_read(
	struct virtio_device *vdev, unsigned int offset, uint8_t *to, unsigned int len)
{
	for (unsigned int i = 0; i < len; i++)
		to[i] = inb(config_at(vdev) + offset + i);
}

static void legacy_config_write(
	struct virtio_device *vdev, unsigned int offset, const uint8_t *from, unsigned int len)
{
	for (unsigned int i = 0; i < len; i++)
		outb(config_at(vdev) + offset + i, from[i]);
}

const struct virtio_ops virtio_legacy = {
	.name = "legacy",
	.align = RING_ALIGN,
	.offered = legacy_offered,
	.find = legacy_find,
	.status = legacy_status,
	.set_status = legacy_set_status,
	.features = legacy_features,
	.accept = legacy_accept,
	.isr = legacy_isr,
	.set_config_vector = legacy_set_config_vector,
	.set_queue_vector = legacy_set_queue_vector,
	.queue_size = legacy_queue_size,
	.find_notify = legacy_find_notify,
	.enable_queue = legacy_enable_queue,
	.notify = legacy_notify,
	.config_read = legacy_config_read,
	.config_write = legacy_config_write,
};
