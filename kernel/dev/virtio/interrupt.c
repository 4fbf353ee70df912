/*
 * How a device interrupts (see virtio.h): by messages, one for its configuration and one for each queue, or
 * else one for all queues; or by wire, shared with others (§35.2, §41.2 item 19).
 */
#include "kernel/core/log/printk.h"
#include "kernel/core/param.h"
#include "kernel/dev/virtio/virtio_ops.h"

#define CONFIG_MESSAGE 0
#define QUEUE_MESSAGE  1 /* and on */

static long may_send = 1;
PARAM_INT("msix", may_send, 0, 1, "1: devices interrupt by messages (MSI-X) where they can");

/* The device gave up (§35.6); it is said once. */
static bool is_ill(struct virtio_device *vdev, uint8_t status)
{
	if (likely(!(status & (VIRTIO_NEEDS_RESET | VIRTIO_FAILED))))
		return false;
	if (!vdev->ill)
		pr_err("%s: status 0x%02x: the device %s", vdev->name, status,
			status & VIRTIO_NEEDS_RESET ? "needs a reset" : "has failed");
	vdev->ill = true;
	virtio_break(vdev, "the device gave up");
	return true;
}

static void ask_queues(struct virtio_device *vdev)
{
	for (unsigned int i = 0; i < vdev->nr_queues; i++)
		vring_interrupt(vdev->vq[i]);
}

static void ask_config(struct virtio_device *vdev)
{
	if (!is_ill(vdev, vdev->ops->status(vdev)) && vdev->config_changed)
		vdev->config_changed(vdev);
}

static bool vp_interrupt(struct pci_irq *irq)
{
	struct virtio_device *vdev = container_of(irq, struct virtio_device, irq);
	uint8_t isr = vdev->ops->isr(vdev);

	if (!isr)
		return false;
	if (isr & VIRTIO_ISR_CONFIG)
		ask_config(vdev);
	ask_queues(vdev);
	return true;
}

static struct virtio_message *message_of(struct pci_msix *irq)
{
	return container_of(irq, struct virtio_message, irq);
}

/* Queues of a device that gave up have callers that wait. */
static void vp_config_changed(struct pci_msix *irq)
{
	struct virtio_device *vdev = message_of(irq)->vdev;

	ask_config(vdev);
	if (vdev->ill)
		ask_queues(vdev);
}

static void vp_vring_interrupt(struct pci_msix *irq)
{
	struct virtio_device *vdev = message_of(irq)->vdev;
	unsigned int i = message_of(irq) - &vdev->message[QUEUE_MESSAGE];

	if (vdev->nr_messages == QUEUE_MESSAGE + vdev->nr_queues)
		vring_interrupt(vdev->vq[i]);
	else
		ask_queues(vdev);
}

static bool request_messages(struct virtio_device *vdev, unsigned int n)
{
	for (vdev->nr_messages = 0; vdev->nr_messages < n; vdev->nr_messages++) {
		struct virtio_message *message = &vdev->message[vdev->nr_messages];

		message->vdev = vdev;
		message->irq.fn = vdev->nr_messages == CONFIG_MESSAGE ? vp_config_changed :
									vp_vring_interrupt;
		if (!pci_msix_request(vdev->pci, vdev->nr_messages, &message->irq))
			return false;
	}
	return true;
}

/* A device that has no room for one says so (§35.4, §35.5). */
static bool set_vectors(struct virtio_device *vdev)
{
	unsigned int last = vdev->nr_messages - 1;

	if (!vdev->ops->set_config_vector(vdev, CONFIG_MESSAGE))
		return false;
	for (unsigned int i = 0; i < vdev->nr_queues; i++)
		if (!vdev->ops->set_queue_vector(vdev->vq[i], MIN(QUEUE_MESSAGE + i, last)))
			return false;
	return true;
}

static void free_messages(struct virtio_device *vdev)
{
	while (vdev->nr_messages) {
		vdev->nr_messages--;
		pci_msix_free(vdev->pci, vdev->nr_messages, &vdev->message[vdev->nr_messages].irq);
	}
}

static bool have_messages(struct virtio_device *vdev, unsigned int n)
{
	if (n > pci_msix_count(vdev->pci))
		return false;
	if (request_messages(vdev, n) && set_vectors(vdev))
		return true;
	free_messages(vdev);
	return false;
}

static void stop_messages(struct virtio_device *vdev)
{
	free_messages(vdev);
	pci_msix_disable(vdev->pci);
	vdev->has_msix = false;
}

/* One for each queue, or one for all. */
static bool by_messages(struct virtio_device *vdev)
{
	const char *error;

	if (!may_send || !pci_msix_count(vdev->pci))
		return false;
	error = pci_msix_enable(vdev->pci);
	if (error) {
		pr_warn("%s", error);
		return false;
	}
	vdev->has_msix = true;
	if (have_messages(vdev, QUEUE_MESSAGE + vdev->nr_queues) ||
		have_messages(vdev, QUEUE_MESSAGE + 1))
		return true;
	stop_messages(vdev);
	return false;
}

/* Bus mastering stays on in every write: without it QEMU takes driver-ok back (§41.1). */
static void set_wire(struct virtio_device *vdev, bool on)
{
	pci_command(vdev->pci, PCI_COMMAND_MASTER | (on ? 0 : PCI_COMMAND_INTX_OFF),
		on ? PCI_COMMAND_INTX_OFF : 0);
}

static const char *by_wire(struct virtio_device *vdev)
{
	const char *error;

	set_wire(vdev, !vdev->silent);
	vdev->irq.fn = vp_interrupt;
	error = pci_irq_request(vdev->pci, &vdev->irq);
	vdev->has_irq = !error;
	return error;
}

/* A silent one is listened to by its wire. */
const char *virtio_interrupts_on(struct virtio_device *vdev)
{
	set_wire(vdev, false);
	return !vdev->silent && by_messages(vdev) ? NULL : by_wire(vdev);
}

void virtio_listen(struct virtio_device *vdev, bool on)
{
	if (on)
		vdev->ops->isr(vdev);
	set_wire(vdev, on);
}

void virtio_interrupts_off(struct virtio_device *vdev)
{
	if (vdev->has_msix)
		stop_messages(vdev);
	if (vdev->has_irq)
		pci_irq_free(vdev->pci, &vdev->irq);
	vdev->has_irq = false;
}
