/*
 * A ring's memory: where its parts are, how it is asked for, how it goes (see ring.h).
 */
#include "kernel/dev/virtio/virtio_ops.h"
#include "mm/alloc/exact.h"
#include "mm/slab/kmalloc.h"

_Static_assert(sizeof(struct vring_desc) == 16 && sizeof(struct vring_used_elem) == 8,
	"the device reads these");
/* §41.2 item 16: kmalloc-8192 and kmalloc-4096. */
_Static_assert(sizeof(struct virtqueue) + 256 * sizeof(struct vring_request) > 4096 &&
		sizeof(struct virtqueue) + 256 * sizeof(struct vring_request) <= 8192,
	"a queue of 256 entries is kmalloc-8192");
_Static_assert(sizeof(struct virtqueue) + 128 * sizeof(struct vring_request) > 2048 &&
		sizeof(struct virtqueue) + 128 * sizeof(struct vring_request) <= 4096,
	"a queue of 128 entries is kmalloc-4096");

struct vring_layout vring_layout(unsigned int num, size_t align)
{
	struct vring_layout l = {.avail = num * sizeof(struct vring_desc)};

	l.used_event = l.avail + sizeof(struct vring_avail) + num * sizeof(uint16_t);
	l.used = (l.used_event + sizeof(uint16_t) + align - 1) / align * align;
	l.avail_event = l.used + sizeof(struct vring_used) + num * sizeof(struct vring_used_elem);
	l.total = l.avail_event + sizeof(uint16_t);
	return l;
}

/* The largest that is to be had, of at most *num entries; only one of a page may complain (§41.1). */
static void *take_ring_memory(struct memory *m, unsigned int *num, size_t align)
{
	for (; *num && vring_layout(*num, align).total > PAGE_SIZE; *num /= 2) {
		void *p = alloc_pages_exact(
			m, vring_layout(*num, align).total, GFP_KERNEL | __GFP_NOWARN | __GFP_ZERO);

		if (p)
			return p;
	}
	if (!*num)
		return NULL;
	return alloc_pages_exact(m, vring_layout(*num, align).total, GFP_KERNEL | __GFP_ZERO);
}

static void find_parts(struct virtqueue *vq)
{
	char *base = vq->ring_memory;

	vq->desc = (volatile void *)base;
	vq->avail = (volatile void *)(base + vq->layout.avail);
	vq->used_event = (volatile void *)(base + vq->layout.used_event);
	vq->used = (volatile void *)(base + vq->layout.used);
	vq->avail_event = (volatile void *)(base + vq->layout.avail_event);
}

static void all_free(struct virtqueue *vq)
{
	vq->num_free = vq->num;
	for (unsigned int i = 0; i < vq->num; i++)
		vq->request[i].next = i + 1;
}

static struct virtqueue *new_queue(struct memory *m, unsigned int num)
{
	size_t header = sizeof(struct virtqueue);
	struct virtqueue *vq = kmalloc(m, header + num * sizeof(struct vring_request), GFP_KERNEL);

	if (vq) {
		*vq = (struct virtqueue){.memory = m, .num = num};
		for (unsigned int i = 0; i < num; i++)
			vq->request[i] = (struct vring_request){.data = NULL};
	}
	return vq;
}

static struct virtqueue *queue_with(
	struct memory *m, void *ring_memory, unsigned int num, size_t align)
{
	struct virtqueue *vq = new_queue(m, num);

	if (!vq) {
		free_pages_exact(m, ring_memory, vring_layout(num, align).total);
		return NULL;
	}
	vq->ring_memory = ring_memory;
	vq->layout = vring_layout(num, align);
	find_parts(vq);
	all_free(vq);
	return vq;
}

struct virtqueue *vring_create(struct memory *m, struct virtio_device *vdev, const char *name,
	unsigned int index, unsigned int num, size_t align, uint64_t features,
	void (*callback)(struct virtqueue *vq))
{
	void *ring_memory = take_ring_memory(m, &num, align);
	struct virtqueue *vq = ring_memory ? queue_with(m, ring_memory, num, align) : NULL;

	if (!vq)
		return NULL;
	vq->vdev = vdev;
	vq->name = name;
	vq->index = index;
	vq->indirect = features & VIRTIO_F_INDIRECT_DESC;
	vq->event_idx = features & VIRTIO_F_EVENT_IDX;
	vq->callback = callback;
	if (!callback)
		virtqueue_disable_cb(vq);
	return vq;
}

void vring_destroy(struct virtqueue *vq)
{
	struct memory *m = vq->memory;

	for (unsigned int i = 0; i < vq->num; i++)
		kfree(m, vq->request[i].table);
	free_pages_exact(m, vq->ring_memory, vq->layout.total);
	kfree(m, vq);
}
