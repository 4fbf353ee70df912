/*
 * A ring's device (see model_ring.h). Every access is by an offset of the specification.
 */
#include "model_ring.h"

enum { NEXT = 1, WRITE = 2, INDIRECT = 4 };

struct raw_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags, next;
};

static uint16_t *word(char *at, size_t offset)
{
	return (uint16_t *)(at + offset);
}

static uint16_t *avail_event(struct model_ring *d)
{
	return word(d->used, 4 + 8 * d->num);
}

static uint16_t used_event(struct model_ring *d)
{
	return *word(d->avail, 4 + 2 * d->num);
}

static void told(struct virtqueue *vq)
{
	struct model_ring *d = container_of(vq->vdev, struct model_ring, vdev);

	d->told++;
	d->busy = true;
}

static const struct virtio_ops ops = {.notify = told};

struct model_ring *model_new(
	struct memory *m, unsigned int num, size_t align, uint64_t features, unsigned long seed)
{
	struct model_ring *d = calloc(1, sizeof(*d));

	d->memory = m;
	d->vdev = (struct virtio_device){.memory = m, .ops = &ops, .name = "virtio_test virtio0"};
	d->vq = vring_create(m, &d->vdev, "requests", 0, num, align, features, NULL);
	if (!d->vq) {
		free(d);
		return NULL;
	}
	virtqueue_enable_cb(d->vq);
	rand_seed(&d->rng, seed);
	d->num = d->vq->num;
	d->nr_asks = 2 * d->num;
	d->ask = calloc(d->nr_asks, sizeof(*d->ask));
	d->event_idx = features & VIRTIO_F_EVENT_IDX;
	d->desc = d->vq->ring_memory;
	d->avail = d->desc + 16 * d->num;
	d->used = d->desc + (16 * d->num + 2 * (3 + d->num) + align - 1) / align * align;
	return d;
}

void model_free(struct model_ring *d)
{
	vring_destroy(d->vq);
	free(d->ask);
	free(d);
}

static struct ask *free_ask(struct model_ring *d)
{
	for (unsigned int i = 0; i < d->nr_asks; i++)
		if (d->ask[i].state == ASK_FREE)
			return &d->ask[i];
	fail_msg("more requests than a ring can have");
	return NULL;
}

/* Where the first buffer is says whose it is; the others are anywhere, of any length. */
static void draw_buffers(struct model_ring *d, struct ask *a)
{
	uint64_t r = rand_next(&d->rng);

	a->writable = 0;
	for (unsigned int i = 0; i < a->out + a->in; i++) {
		a->sg[i] = (struct scatterlist){r << 12 | i, 1 + (r >> i % 32 & 0xffff)};
		a->writable += i < a->out ? 0 : a->sg[i].len;
	}
	a->sg[0].phys = (uint64_t)(a - d->ask) << 32 | 0xabc;
}

int model_ask(struct model_ring *d, unsigned int out, unsigned int in)
{
	struct ask *a = free_ask(d);
	int err;

	a->out = out;
	a->in = in;
	draw_buffers(d, a);
	err = virtqueue_add_sgs(d->vq, a->sg, out, in, a, GFP_ATOMIC);
	if (!err) {
		a->state = ASK_GIVEN;
		a->turn = ++d->turns;
		d->given++;
	}
	return err;
}

static void done(struct model_ring *d, struct ask *a)
{
	a->state = ASK_FREE;
	d->given--;
}

bool model_take(struct model_ring *d)
{
	uint32_t len = 0xdead;
	struct ask *a = virtqueue_get_buf(d->vq, &len);

	if (!a)
		return false;
	assert_int_equal(a->state, ASK_USED); /* neither doubled nor early */
	assert_int_equal(len, a->len);
	done(d, a);
	return true;
}

void model_detach(struct model_ring *d, struct ask *a)
{
	uint32_t len = 0xdead;

	virtqueue_detach(d->vq, a, &len);
	if (!d->vq->broken)
		assert_int_equal(len, a->len);
	done(d, a);
}

static void own(struct model_ring *d, struct ask *a, unsigned int i)
{
	assert_true(i < d->num);
	assert_false(d->owned[i]);
	d->owned[i] = true;
	a->taken[a->nr_taken++] = i;
}

/* The n-th buffer of a request is as it was given; the chain goes on exactly if there are more. */
static void check_buffer(const struct ask *a, unsigned int n, const struct raw_desc *r)
{
	assert_true(n < a->out + a->in);
	assert_int_equal(r->addr, a->sg[n].phys);
	assert_int_equal(r->len, a->sg[n].len);
	assert_int_equal(!!(r->flags & WRITE), n >= a->out);
	assert_int_equal(!!(r->flags & NEXT), n + 1 < a->out + a->in);
	assert_int_equal(r->flags & ~(NEXT | WRITE), 0);
}

static void walk(struct model_ring *d, struct ask *a, const struct raw_desc *table, unsigned int at,
	unsigned int entries, bool in_ring)
{
	for (unsigned int n = 0;; n++) {
		assert_true(at < entries);
		if (in_ring && n)
			own(d, a, at);
		check_buffer(a, n, &table[at]);
		if (!(table[at].flags & NEXT))
			break;
		at = table[at].next;
	}
}

static struct ask *whose(struct model_ring *d, uint64_t addr)
{
	assert_int_equal(addr & 0xffffffff, 0xabc);
	assert_true(addr >> 32 < d->nr_asks);
	return &d->ask[addr >> 32];
}

static void see_one(struct model_ring *d, unsigned int head)
{
	const struct raw_desc *ring = (void *)d->desc, *first = &ring[head], *table = ring;
	unsigned int entries = d->num, at = head;
	struct ask *a;

	assert_true(head < d->num);
	if (first->flags & INDIRECT) {
		assert_int_equal(first->flags, INDIRECT);
		assert_true(d->vq->indirect && first->len && first->len % 16 == 0);
		table = (void *)(d->memory->virt_base + first->addr);
		entries = first->len / 16;
		at = 0;
	}
	a = whose(d, table[at].addr);
	assert_int_equal(a->state, ASK_GIVEN);
	a->nr_taken = 0;
	own(d, a, head);
	walk(d, a, table, at, entries, table == ring);
	a->state = ASK_SEEN;
	a->head = head;
	d->seen[d->nr_seen++] = a;
}

void model_see(struct model_ring *d)
{
	uint16_t idx = *word(d->avail, 2);

	assert_true((uint16_t)(idx - d->last_avail) <= d->num);
	for (; d->last_avail != idx; d->last_avail++)
		see_one(d, *word(d->avail, 4 + 2 * (d->last_avail % d->num)));
}

static void put_used(struct model_ring *d, uint32_t id, uint32_t len)
{
	uint32_t *elem = (uint32_t *)(d->used + 4 + 8 * (d->used_idx++ % d->num));

	elem[0] = id;
	elem[1] = len;
}

void model_use(struct model_ring *d, unsigned int i)
{
	struct ask *a = d->seen[i];

	d->seen[i] = d->seen[--d->nr_seen];
	for (unsigned int n = 0; n < a->nr_taken; n++)
		d->owned[a->taken[n]] = false;
	a->state = ASK_USED;
	a->len = rand_below(&d->rng, 4) ? a->writable : rand_next(&d->rng) % (a->writable + 1ul);
	put_used(d, a->head, a->len);
}

static bool wants_interrupt(struct model_ring *d)
{
	uint16_t old = d->signalled, now = d->used_idx;

	if (!d->event_idx)
		return now != old && !(*word(d->avail, 0) & 1);
	return (uint16_t)(now - used_event(d) - 1) < (uint16_t)(now - old);
}

void model_show(struct model_ring *d)
{
	*word(d->used, 2) = d->used_idx;
	if (wants_interrupt(d)) {
		d->interrupt = true;
		d->interrupts++;
	}
	d->signalled = d->used_idx;
}

void model_rest(struct model_ring *d)
{
	*avail_event(d) = d->last_avail;
	*word(d->used, 0) = 0;
	d->busy = *word(d->avail, 2) != d->last_avail;
}

void model_end_all(struct model_ring *d)
{
	model_see(d);
	while (d->nr_seen) {
		model_use(d, rand_below(&d->rng, d->nr_seen));
		if (rand_below(&d->rng, 4) == 0)
			model_show(d);
	}
	model_show(d);
	model_rest(d);
}

void model_lie(struct model_ring *d, uint32_t id, uint32_t len)
{
	put_used(d, id, len);
	model_show(d);
}

void model_show_index(struct model_ring *d, uint16_t idx)
{
	*word(d->used, 2) = idx;
}
