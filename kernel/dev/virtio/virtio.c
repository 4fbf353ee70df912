/*
 * A device's handshake and its end (see virtio.h, §35.6).
 */
#include <string.h>

#include "kernel/core/log/printk.h"
#include "kernel/core/machine.h"
#include "kernel/core/param.h"
#include "kernel/dev/virtio/virtio_ops.h"

#define MOST_ENTRIES   32768u
#define RESET_PATIENCE 1000 /* reads of the status */

unsigned int virtio_devices;

/* virtio=: NULL is auto. */
static const struct virtio_ops *forced;

static const char *set_transport(const char *text)
{
	const struct virtio_ops *const known[] = {&virtio_legacy, &virtio_modern};

	if (!strcmp(text, "auto")) {
		forced = NULL;
		return NULL;
	}
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (!strcmp(text, known[i]->name)) {
			forced = known[i];
			return NULL;
		}
	}
	return "auto, legacy or modern";
}
PARAM_FN("virtio", set_transport,
	"how virtio devices are spoken to: auto (modern where offered), legacy or modern");

const char *virtio_error(const struct virtio_device *vdev, const char *fmt, ...)
{
	static char line[192];
	va_list ap;
	int n = ksnprintf(line, sizeof(line), "%s: ", vdev->name);

	va_start(ap, fmt);
	kvsnprintf(line + n, sizeof(line) - n, fmt, ap);
	va_end(ap);
	return line;
}

/* §41.2 item 19. */
static const char *choose(struct virtio_device *vdev)
{
	const struct virtio_ops *ops = forced;

	if (!ops)
		ops = virtio_modern.offered(vdev->pci) ? &virtio_modern : &virtio_legacy;
	if (!ops->offered(vdev->pci))
		return virtio_error(vdev, "pci %s (%04x:%04x) has no %s interface; virtio=%s",
			vdev->pci->name, vdev->pci->vendor, vdev->pci->device, ops->name,
			forced ? forced->name : "auto");
	vdev->ops = ops;
	return ops->find(vdev);
}

static bool reset(struct virtio_device *vdev)
{
	vdev->ops->set_status(vdev, 0);
	for (unsigned int i = 0; i < RESET_PATIENCE; i++)
		if (!vdev->ops->status(vdev))
			return true;
	return false;
}

static void add_status(struct virtio_device *vdev, uint8_t bits)
{
	vdev->ops->set_status(vdev, vdev->ops->status(vdev) | bits);
}

static const char *agree(struct virtio_device *vdev, uint64_t wanted)
{
	const struct virtio_ops *ops = vdev->ops;
	uint64_t offered = ops->features(vdev);

	if (ops->needs & ~offered)
		return virtio_error(vdev,
			"offers features 0x%lx; expected 0x%lx for its %s interface", offered,
			ops->needs, ops->name);
	vdev->features = offered & (wanted | ops->knows);
	ops->accept(vdev, vdev->features);
	if (!ops->features_ok)
		return NULL;
	add_status(vdev, VIRTIO_FEATURES_OK);
	if (!(ops->status(vdev) & VIRTIO_FEATURES_OK))
		return virtio_error(vdev, "refuses features 0x%lx of the 0x%lx that it offers",
			vdev->features, offered);
	return NULL;
}

static const char *failed(struct virtio_device *vdev, const char *error)
{
	if (error && vdev->ops)
		add_status(vdev, VIRTIO_FAILED);
	return error;
}

const char *virtio_start(struct virtio_device *vdev, struct pci_dev *pci, uint64_t wanted)
{
	const char *error;

	vdev->pci = pci;
	ksnprintf(vdev->name, sizeof(vdev->name), "%s virtio%u",
		pci->driver ? pci->driver->name : "virtio", virtio_devices++);
	error = choose(vdev);
	if (error) {
		vdev->ops = NULL;
		return error;
	}
	if (!reset(vdev))
		return failed(vdev,
			virtio_error(vdev, "has status 0x%02x after a reset; expected 0",
				vdev->ops->status(vdev)));
	add_status(vdev, VIRTIO_ACKNOWLEDGE);
	add_status(vdev, VIRTIO_DRIVER);
	return failed(vdev, agree(vdev, wanted));
}

static const char *no_queue(
	struct virtio_device *vdev, unsigned int index, const char *name, unsigned int num)
{
	if (!num)
		return virtio_error(vdev, "has no queue %u (%s)", index, name);
	if ((num & (num - 1)) || num > MOST_ENTRIES)
		return virtio_error(vdev,
			"queue %u (%s) has %u entries; expected a power of two up to %u", index,
			name, num, MOST_ENTRIES);
	return NULL;
}

/* A legacy device has a ring of its own size, or none: of 4.8's smaller ones it would not know. */
static const char *make_queue(struct virtio_device *vdev, const char *name, unsigned int num,
	void (*callback)(struct virtqueue *vq))
{
	unsigned int index = vdev->nr_queues;
	struct virtqueue *vq = vring_create(
		vdev->memory, vdev, name, index, num, vdev->ops->align, vdev->features, callback);

	if (vq && vq->num != num && !vdev->ops->may_shrink) {
		vring_destroy(vq);
		vq = NULL;
	}
	if (!vq)
		return virtio_error(
			vdev, "queue %u (%s): no memory for %u entries", index, name, num);
	vdev->vq[vdev->nr_queues++] = vq;
	return vdev->ops->find_notify(vq);
}

const char *virtio_add_queue(
	struct virtio_device *vdev, const char *name, void (*callback)(struct virtqueue *vq))
{
	unsigned int index = vdev->nr_queues, num;
	const char *error;

	BUG_ON(index >= VIRTIO_MAX_QUEUES);
	num = vdev->ops->queue_size(vdev, index);
	error = no_queue(vdev, index, name, num);
	if (!error)
		error = make_queue(vdev, name, num, callback);
	return failed(vdev, error);
}

void virtio_break(struct virtio_device *vdev, const char *why)
{
	for (unsigned int i = 0; i < vdev->nr_queues; i++)
		virtqueue_break(vdev->vq[i], why);
}

const char *virtio_enable_queues(struct virtio_device *vdev)
{
	const char *error = virtio_interrupts_on(vdev);

	if (error)
		return failed(vdev, error);
	for (unsigned int i = 0; i < vdev->nr_queues; i++)
		vdev->ops->enable_queue(vdev->vq[i]);
	vdev->queues_enabled = true;
	return NULL;
}

const char *virtio_ready(struct virtio_device *vdev)
{
	const char *error = vdev->queues_enabled ? NULL : virtio_enable_queues(vdev);
	uint8_t status;

	if (error)
		return error;
	add_status(vdev, VIRTIO_DRIVER_OK);
	status = vdev->ops->status(vdev);
	if (!(status & VIRTIO_DRIVER_OK) || (status & (VIRTIO_NEEDS_RESET | VIRTIO_FAILED)))
		return failed(vdev,
			virtio_error(vdev, "has status 0x%02x after driver-ok (0x04)", status));
	return NULL;
}

void virtio_stop(struct virtio_device *vdev)
{
	if (!vdev->ops)
		return;
	reset(vdev);
	virtio_interrupts_off(vdev);
	vdev->queues_enabled = false;
	while (vdev->nr_queues)
		vring_destroy(vdev->vq[--vdev->nr_queues]);
	vdev->ops = NULL;
}

void virtio_halt(struct virtio_device *vdev)
{
	vdev->ops->set_status(vdev, 0);
	virtio_break(vdev, "another queue of the device is");
}

static bool has_config(const struct virtio_device *vdev, unsigned int offset, unsigned int len)
{
	return offset <= vdev->config_len && len <= vdev->config_len - offset;
}

void virtio_config_read(struct virtio_device *vdev, unsigned int offset, void *to, unsigned int len)
{
	if (has_config(vdev, offset, len))
		vdev->ops->config_read(vdev, offset, to, len);
	else
		memset(to, 0, len);
}

void virtio_config_write(
	struct virtio_device *vdev, unsigned int offset, const void *from, unsigned int len)
{
	if (has_config(vdev, offset, len))
		vdev->ops->config_write(vdev, offset, from, len);
}
