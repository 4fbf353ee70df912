/*
 * From the device: what it has used. All that it says is checked before it is believed (§35.9).
 */
#include "kernel/core/log/printk.h"
#include "kernel/core/machine.h"
#include "kernel/dev/virtio/ring_ops.h"
#include "kernel/dev/virtio/virtio.h"
#include "mm/slab/kmalloc.h"

bool virtqueue_break(struct virtqueue *vq, const char *why)
{
	const char *none = NULL;

	return __atomic_compare_exchange_n(
		&vq->broken, &none, why, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

static __printf(3, 4) void say_broken(struct virtqueue *vq, const char *why, const char *fmt, ...)
{
	struct line l;
	va_list ap;

	if (!virtqueue_break(vq, why))
		return;
	va_start(ap, fmt);
	kvsnprintf(l.text, sizeof(l.text), fmt, ap);
	va_end(ap);
	pr_err("%s: queue %u (%s) is broken: %s", vq->vdev->name, vq->index, vq->name, l.text);
}

/* How many entries of the used ring are new; 0 as well if it is more than can be. */
static unsigned int news(struct virtqueue *vq)
{
	uint16_t idx = vq->used->idx;
	unsigned int n = (uint16_t)(idx - vq->last_used);

	if (likely(n <= vq->in_flight))
		return n;
	say_broken(vq, "its used index runs ahead",
		"used index %u is %u ahead of %u; expected at most %u, which are in flight", idx, n,
		vq->last_used, vq->in_flight);
	return 0;
}

static bool credible(struct virtqueue *vq, uint32_t id, uint32_t len)
{
	const struct vring_request *r;

	if (id >= vq->num) {
		say_broken(vq, "it used an id beyond the ring",
			"used entry %u has id %u; expected less than %u", vq->last_used, id,
			vq->num);
		return false;
	}
	r = &vq->request[id];
	if (!r->data || r->used) {
		say_broken(vq, "it used an id that is not in flight",
			"used entry %u has id %u, which is not in flight", vq->last_used, id);
		return false;
	}
	if (len > r->len) {
		say_broken(vq, "it wrote more than it may",
			"used entry %u, id %u, has length %u; expected at most %u", vq->last_used,
			id, len, r->len);
		return false;
	}
	return true;
}

/* The next used request, noted as that; NULL: there is none, or it cannot be. There are news. */
static struct vring_request *take_used(struct virtqueue *vq)
{
	volatile struct vring_used_elem *elem = &vq->used->ring[vq->last_used & (vq->num - 1)];
	uint32_t id, len;

	ring_read_barrier();
	id = elem->id;
	len = elem->len;
	if (unlikely(!credible(vq, id, len)))
		return NULL;
	vq->request[id].len = len;
	vq->request[id].used = true;
	vq->last_used++;
	vq->in_flight--;
	vq->counts.used++;
	return &vq->request[id];
}

/* Whoever wants interrupts wants one for the next. */
static void expect_next(struct virtqueue *vq)
{
	if (vq->callbacks_off || !vq->event_idx)
		return;
	*vq->used_event = vq->last_used;
	ring_full_barrier();
}

/* Its descriptors are the first to be taken again. */
static void free_chain(struct virtqueue *vq, struct vring_request *r)
{
	unsigned int head = r - vq->request, last = head, n = 1;

	for (; vq->request[last].next != last; n++)
		last = vq->request[last].next;
	vq->request[last].next = vq->free_head;
	vq->free_head = head;
	vq->num_free += n;
}

static void *detach(struct virtqueue *vq, struct vring_request *r, uint32_t *len)
{
	void *data = r->data;

	*len = r->used ? r->len : 0;
	kfree(vq->memory, r->table);
	free_chain(vq, r);
	r->data = NULL;
	r->table = NULL;
	r->used = false;
	return data;
}

void *virtqueue_get_buf(struct virtqueue *vq, uint32_t *len)
{
	struct vring_request *r;

	if (unlikely(vq->broken) || !news(vq))
		return NULL;
	r = take_used(vq);
	if (!r)
		return NULL;
	expect_next(vq);
	return detach(vq, r, len);
}

unsigned int virtqueue_collect(struct virtqueue *vq)
{
	unsigned int n = vq->broken ? 0 : news(vq), i = 0;

	while (i < n && take_used(vq))
		i++;
	if (i)
		expect_next(vq);
	return i;
}

static struct vring_request *find(struct virtqueue *vq, const void *data)
{
	for (unsigned int i = 0; i < vq->num; i++)
		if (vq->request[i].data == data)
			return &vq->request[i];
	return NULL;
}

void virtqueue_detach(struct virtqueue *vq, void *data, uint32_t *len)
{
	struct vring_request *r = find(vq, data);

	BUG_ON(!r || !(r->used || vq->broken));
	if (!r->used)
		vq->in_flight--;
	detach(vq, r, len);
}

void virtqueue_expect_all(struct virtqueue *vq)
{
	if (vq->event_idx)
		*vq->used_event = vq->last_used + vq->in_flight - 1;
	else
		vq->avail->flags = 0;
	ring_full_barrier();
}

void virtqueue_disable_cb(struct virtqueue *vq)
{
	vq->callbacks_off = true;
	if (!vq->event_idx)
		vq->avail->flags = VRING_AVAIL_F_NO_INTERRUPT;
}

bool virtqueue_enable_cb(struct virtqueue *vq)
{
	vq->callbacks_off = false;
	if (!vq->event_idx)
		vq->avail->flags = 0;
	else
		*vq->used_event = vq->last_used;
	ring_full_barrier();
	return vq->broken || vq->used->idx == vq->last_used;
}

void vring_interrupt(struct virtqueue *vq)
{
	if (vq->callback && (vq->broken || vq->used->idx != READ_ONCE(vq->last_used)))
		vq->callback(vq);
}

unsigned int virtqueue_in_flight(const struct virtqueue *vq)
{
	return READ_ONCE(vq->in_flight);
}
