/*
 * The balloon's coming and going (see virtio_balloon.h).
 */
#include "kernel/core/log/event.h"
#include "kernel/core/log/printk.h"
#include "kernel/core/param.h"
#include "kernel/dev/virtio/balloon.h"
#include "mm/slab/kmalloc.h"

#define WANTED                                                                                     \
	(VIRTIO_BALLOON_F_MUST_TELL_HOST | VIRTIO_BALLOON_F_STATS_VQ |                             \
		VIRTIO_BALLOON_F_DEFLATE_ON_OOM | VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX |    \
		VIRTIO_F_VERSION_1 | VIRTIO_F_BIT33)

static struct frozen_latency latency = {.us = 20};
PARAM_INT("balloon.latency_us", latency.us, 0, 1000000,
	"exact mode: what the host takes to acknowledge a message of the balloon, in microseconds");

static const char *add_queue(
	struct balloon *b, const char *name, void (*callback)(struct virtqueue *vq))
{
	const char *error = virtio_add_queue(&b->vdev, name, callback);
	struct virtqueue *vq = error ? NULL : b->vdev.vq[b->vdev.nr_queues - 1];

	if (vq) {
		vq->driver = b;
		vq->told_by_hand = b->exact;
	}
	return error;
}

static const char *init_vqs(struct balloon *b)
{
	const char *error = add_queue(b, "inflate", balloon_ack);

	if (!error)
		error = add_queue(b, "deflate", balloon_ack);
	if (error || !balloon_has(b, VIRTIO_BALLOON_F_STATS_VQ))
		return error;
	error = add_queue(b, "stats", stats_request);
	if (!error)
		error = virtio_enable_queues(&b->vdev);
	if (!error)
		balloon_stats_start(b);
	return error;
}

/* What is said of the target before it is ready, 4.8 never looks at (§41.1). */
static const char *start(struct balloon *b, struct pci_dev *pci)
{
	const char *error = virtio_start(&b->vdev, pci, WANTED);

	if (!error)
		error = init_vqs(b);
	if (error)
		return error;
	balloon_oom_start(b);
	error = virtio_ready(&b->vdev);
	if (error)
		balloon_oom_stop(b);
	return error;
}

static struct balloon *balloon_new(struct memory *m)
{
	struct balloon *b = kzalloc(m, sizeof(*b), GFP_KERNEL);

	if (!b)
		return NULL;
	b->memory = b->vdev.memory = m;
	b->exact = b->vdev.silent = time_is_frozen();
	b->vdev.config_changed = virtballoon_changed;
	spin_lock_init(&b->lock, "balloon");
	mutex_init(&b->balloon_lock, "balloon_lock");
	list_init(&b->pages);
	work_init(&b->size_work, update_balloon_size_func);
	work_init(&b->stats_work, update_balloon_stats_func);
	wait_queue_init(&b->acked, "balloon's acknowledgement");
	wait_queue_init(&b->settled, "balloon's size");
	frozen_init(&b->frozen, &latency, balloon_ack_frozen);
	return b;
}

static void balloon_free(struct balloon *b)
{
	virtio_stop(&b->vdev);
	lock_forget(&b->balloon_lock.info);
	lock_forget(&b->lock.info);
	kfree(b->memory, b);
}

static const char *virtballoon_probe(struct pci_dev *pci)
{
	struct balloon *b;
	const char *error;

	if (the_balloon)
		return "virtio_balloon: there are two; expected one";
	b = balloon_new(&system_memory);
	if (!b)
		return "virtio_balloon: no memory for it";
	error = start(b, pci);
	if (error) {
		balloon_free(b);
		return error;
	}
	pci->data = the_balloon = b;
	pr_info("%s: %u pages a step, %s", b->vdev.name, BALLOON_PFNS,
		balloon_has(b, VIRTIO_BALLOON_F_DEFLATE_ON_OOM) ? "deflates before a kill" :
								  "stays full in need");
	return NULL;
}

static void stop_work(struct balloon *b)
{
	unsigned long flags = spin_lock_irqsave(&b->lock);

	b->stopping = true;
	spin_unlock_irqrestore(&b->lock, flags);
	work_flush();
}

static void report(const struct balloon *b)
{
	event_counter(COUNTER("balloon_puffs"), b->counts.puffs);
	event_counter(COUNTER("balloon_told"), b->counts.told);
	event_counter(COUNTER("balloon_told_ns"), b->counts.told_ns);
	if (b->num_pages)
		pr_info("%s: gives %ld pages back", b->vdev.name, b->num_pages);
}

static void virtballoon_remove(struct pci_dev *pci)
{
	struct balloon *b = pci->data;

	the_balloon = NULL;
	balloon_oom_stop(b);
	stop_work(b);
	report(b);
	while (b->num_pages)
		leak_balloon(b, b->num_pages);
	update_balloon_size(b);
	frozen_stop(&b->frozen);
	balloon_free(b);
}

static const struct pci_id ids[] = {{VIRTIO_VENDOR, 0x1002}, {VIRTIO_VENDOR, 0x1045}, {0, 0}};

const struct pci_driver virtio_balloon_driver = {.name = "virtio_balloon",
	.ids = ids,
	.probe = virtballoon_probe,
	.remove = virtballoon_remove};
