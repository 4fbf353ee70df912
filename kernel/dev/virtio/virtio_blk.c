/*
 * virtio-blk: requests to the device and back (see virtio_blk.h). In exact mode the device's work ends at
 * the notification, by a frozen wait (still.h), and the requests' ends are modelled (frozen.h). A reset of the
 * device would end it as well (§37.3), but on several CPUs QEMU's main loop wakes behind it and serves the
 * machine's timers in another order: of 400 requests on 2 CPUs most runs had a log of their own.
 */
#include <errno.h>

#include "boot/paging.h"
#include "kernel/core/log/printk.h"
#include "kernel/core/param.h"
#include "kernel/core/sched/still.h"
#include "kernel/dev/block/disk.h"
#include "kernel/dev/virtio/frozen.h"
#include "kernel/dev/virtio/virtio_ops.h"
#include "kernel/dev/virtio/virtio_blk.h"
#include "mm/slab/kmalloc.h"

#define VIRTIO_BLK_F_SIZE_MAX   (1ull << 1)
#define VIRTIO_BLK_F_SEG_MAX    (1ull << 2)
#define VIRTIO_BLK_F_GEOMETRY   (1ull << 4)
#define VIRTIO_BLK_F_RO         (1ull << 5)
#define VIRTIO_BLK_F_BLK_SIZE   (1ull << 6)
#define VIRTIO_BLK_F_FLUSH      (1ull << 9)
#define VIRTIO_BLK_F_TOPOLOGY   (1ull << 10)
#define VIRTIO_BLK_F_CONFIG_WCE (1ull << 11)

#define WANTED                                                                                     \
	(VIRTIO_BLK_F_SIZE_MAX | VIRTIO_BLK_F_SEG_MAX | VIRTIO_BLK_F_GEOMETRY | VIRTIO_BLK_F_RO |  \
		VIRTIO_BLK_F_BLK_SIZE | VIRTIO_BLK_F_FLUSH | VIRTIO_BLK_F_TOPOLOGY |               \
		VIRTIO_BLK_F_CONFIG_WCE | VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX |            \
		VIRTIO_F_VERSION_1 | VIRTIO_F_BIT33)

#define LEAST_RING 4 /* header, status, and a piece of data, of a power of two */

#define CONFIG_CAPACITY 0
#define CONFIG_SEG_MAX  12

enum { TYPE_IN = 0, TYPE_OUT = 1, TYPE_FLUSH = 4 };
enum { STATUS_OK = 0, STATUS_UNSUPPORTED = 2, STATUS_UNSET = 0xff };

static struct frozen_latency latency = {.us = 100, .us_per_page = 8};
PARAM_INT("disk.latency_us", latency.us, 0, 1000000,
	"exact mode: what each request to a virtio disk takes, in microseconds");
PARAM_INT("disk.us_per_page", latency.us_per_page, 0, 10000, "exact mode: and for each page of it");
PARAM_INT("disk.jitter_us", latency.jitter_us, 0, 1000000,
	"exact mode: and up to so much more, drawn by seed=");

struct outhdr {
	uint32_t type, ioprio;
	uint64_t sector;
};

/* Behind the block layer's request. */
struct virtblk_req {
	struct outhdr hdr;
	struct list_head node;     /* of those that the device has */
	struct frozen_item frozen; /* its end, in exact mode */
	bool settled;              /* the same: the device has done it */
	uint8_t status;            /* the device writes it */
	struct scatterlist sg[];
};

/* What 4.8's driver has for each request: its own 48 bytes, and 32 for each piece (§34.1). */
#define REQ_BYTES(segments) (48 + 32 * ((size_t)(segments) + 2))

struct virtblk {
	struct virtio_device vdev;
	struct spinlock lock; /* the queue, what is in flight */
	struct disk disk;
	struct disk_ops ops;
	struct list_head in_flight; /* in order of submission */
	struct frozen frozen;
	bool exact, dead;
	bool woken; /* exact mode: by the device's interrupt */
};

static unsigned int nr_disks;
static unsigned int queue_depth; /* §41.2 item 13: the first disk's, for all */

static struct request *request_of(struct virtblk_req *vbr)
{
	return (struct request *)vbr - 1;
}

static int result(const struct virtblk_req *vbr)
{
	switch (vbr->status) {
	case STATUS_OK:
		return 0;
	case STATUS_UNSUPPORTED:
		return -ENOTTY;
	default:
		return -EIO;
	}
}

static void end_request(struct virtblk_req *vbr, int error)
{
	list_del(&vbr->node);
	blk_mq_complete_request(request_of(vbr), error);
}

/*
 * The device did what no device does: it is silenced, which takes the requests away from it, and nobody
 * waits for it. The lock is held.
 */
static void give_up(struct virtblk *vblk)
{
	uint32_t len;

	vblk->dead = true;
	list_init(&vblk->frozen.items);
	virtio_halt(&vblk->vdev);
	while (!list_empty(&vblk->in_flight)) {
		struct virtblk_req *vbr =
			list_first_entry(&vblk->in_flight, struct virtblk_req, node);

		virtqueue_detach(vblk->vdev.vq[0], vbr, &len);
		end_request(vbr, -EIO);
	}
	blk_mq_start_stopped_hw_queue(&vblk->disk);
}

/* Interrupt: everything that the device has used meanwhile. */
static void virtblk_done(struct virtqueue *vq)
{
	struct virtblk *vblk = vq->driver;
	struct virtblk_req *vbr;
	unsigned long flags;
	bool done = false;
	uint32_t len;

	__atomic_store_n(&vblk->woken, true, __ATOMIC_RELEASE);
	if (vblk->exact)
		return;
	flags = spin_lock_irqsave(&vblk->lock);
	do {
		virtqueue_disable_cb(vq);
		while ((vbr = virtqueue_get_buf(vq, &len))) {
			end_request(vbr, result(vbr));
			done = true;
		}
	} while (!vq->broken && !virtqueue_enable_cb(vq));
	if (vq->broken && !vblk->dead)
		give_up(vblk);
	else if (done)
		blk_mq_start_stopped_hw_queue(&vblk->disk);
	spin_unlock_irqrestore(&vblk->lock, flags);
}

/* Exact mode: the ends that are due, and what each of them frees. */
static void virtblk_done_frozen(struct frozen *f)
{
	struct virtblk *vblk = container_of(f, struct virtblk, frozen);
	unsigned long flags = spin_lock_irqsave(&vblk->lock);
	struct frozen_item *item;
	bool done = false;
	uint32_t len;

	while (!vblk->dead && (item = frozen_take(f))) {
		struct virtblk_req *vbr = container_of(item, struct virtblk_req, frozen);

		virtqueue_detach(vblk->vdev.vq[0], vbr, &len);
		end_request(vbr, result(vbr));
		done = true;
	}
	if (done)
		blk_mq_start_stopped_hw_queue(&vblk->disk);
	spin_unlock_irqrestore(&vblk->lock, flags);
}

/* What the device has done: when shall that be known? The lock is held. */
static void date(struct virtblk *vblk)
{
	struct virtblk_req *vbr;

	list_for_each_entry(vbr, &vblk->in_flight, node) {
		if (vbr->settled)
			continue;
		vbr->settled = true;
		frozen_add(&vblk->frozen, &vbr->frozen, request_of(vbr)->sectors / SECTORS_OF_PAGE);
	}
}

/*
 * One interrupt says that all is done (virtqueue_expect_all). One that comes earlier, of a device that cannot
 * wait so long or that gave up, is looked into: first the flag is taken back, and then the ring is read, so
 * that no interrupt behind that is missed.
 */
static void wait_for_all(struct virtblk *vblk)
{
	struct virtqueue *vq = vblk->vdev.vq[0];

	for (bool told = false;; told = true) {
		__atomic_store_n(&vblk->woken, false, __ATOMIC_SEQ_CST);
		virtqueue_collect(vq);
		if (READ_ONCE(vq->broken) || !virtqueue_in_flight(vq))
			return;
		if (!told) {
			virtqueue_expect_all(vq);
			virtqueue_notify(vq);
		}
		still_wait(&vblk->woken);
	}
}

/* Exact mode: the device does all that is in the ring while the machine stands still. */
static void settle(struct virtblk *vblk)
{
	still_begin();
	wait_for_all(vblk);
	spin_lock(&vblk->lock);
	if (!vblk->vdev.vq[0]->broken)
		date(vblk);
	else if (!vblk->dead)
		give_up(vblk);
	spin_unlock(&vblk->lock);
	still_end();
}

static noinline int __virtblk_add_req(
	struct virtqueue *vq, struct virtblk_req *vbr, unsigned int segments, bool write)
{
	unsigned int out = 1 + (write ? segments : 0), in = 1 + (write ? 0 : segments);

	vbr->sg[0] = (struct scatterlist){virt_to_phys(&vbr->hdr), sizeof(vbr->hdr)};
	vbr->sg[1 + segments] = (struct scatterlist){virt_to_phys(&vbr->status), 1};
	return virtqueue_add_sgs(vq, vbr->sg, out, in, vbr, GFP_ATOMIC);
}

static void fill_header(struct virtblk_req *vbr, const struct request *rq)
{
	static const uint32_t type[] = {
		[BIO_READ] = TYPE_IN, [BIO_WRITE] = TYPE_OUT, [BIO_FLUSH] = TYPE_FLUSH};

	vbr->hdr = (struct outhdr){type[rq->op], 0, rq->op == BIO_FLUSH ? 0 : rq->sector};
	vbr->status = STATUS_UNSET;
	vbr->settled = false;
}

static enum blk_status add_request(struct virtblk *vblk, struct request *rq, bool *tell)
{
	struct virtblk_req *vbr = request_payload(rq);
	unsigned int segments = blk_rq_map_sg(rq, vbr->sg + 1);
	int error = -EIO;

	fill_header(vbr, rq);
	if (!vblk->dead)
		error = __virtblk_add_req(vblk->vdev.vq[0], vbr, segments, rq->op == BIO_WRITE);
	if (!error) {
		list_add_tail(&vbr->node, &vblk->in_flight);
		return BLK_OK;
	}
	*tell = true;
	if (error != -ENOSPC)
		return BLK_ERROR;
	blk_mq_stop_hw_queue(&vblk->disk);
	return BLK_BUSY;
}

static noinline enum blk_status virtio_queue_rq(struct disk *disk, struct request *rq, bool last)
{
	struct virtblk *vblk = disk->driver;
	struct virtqueue *vq = vblk->vdev.vq[0];
	unsigned long flags = spin_lock_irqsave(&vblk->lock);
	bool tell = last;
	enum blk_status status = add_request(vblk, rq, &tell);

	tell = tell && !vblk->dead && virtqueue_kick_prepare(vq);
	spin_unlock_irqrestore(&vblk->lock, flags);
	disk->told = rdtsc();
	if (tell && vblk->exact)
		settle(vblk);
	else if (tell)
		virtqueue_notify(vq);
	return status;
}

const struct virtio_device *virtio_blk_device(const struct disk *disk)
{
	const struct virtblk *vblk = disk->driver;

	return disk->ops->queue_rq == virtio_queue_rq ? &vblk->vdev : NULL;
}

static uint32_t config32(struct virtblk *vblk, unsigned int offset)
{
	uint32_t v = 0;

	virtio_config_read(&vblk->vdev, offset, &v, sizeof(v));
	return v;
}

static unsigned int segments_max(struct virtblk *vblk)
{
	unsigned int ring = vblk->vdev.vq[0]->num, n = 1;

	if (vblk->vdev.features & VIRTIO_BLK_F_SEG_MAX)
		n = config32(vblk, CONFIG_SEG_MAX);
	return MAX(1u, MIN(n, ring - 2)); /* §41.2 item 14 */
}

static void describe(struct virtblk *vblk)
{
	struct disk *disk = &vblk->disk;

	virtio_config_read(&vblk->vdev, CONFIG_CAPACITY, &disk->capacity, sizeof(disk->capacity));
	disk->max_segments = segments_max(vblk);
	disk->read_only = vblk->vdev.features & VIRTIO_BLK_F_RO;
	disk->rotational = true; /* as 4.8's swap takes it to be (the oracle, section 1) */
	disk->memory = vblk->vdev.memory;
	disk->driver = vblk;
	vblk->ops = (struct disk_ops){
		.payload = REQ_BYTES(disk->max_segments), .queue_rq = virtio_queue_rq};
	disk->ops = &vblk->ops;
	ksnprintf(disk->name, sizeof(disk->name), "vd%c", 'a' + (char)nr_disks);
}

static unsigned int depth_of(const struct virtqueue *vq)
{
	if (!queue_depth)
		queue_depth = vq->indirect ? vq->num : vq->num / 2;
	return queue_depth;
}

static const char *start(struct virtblk *vblk, struct pci_dev *pci)
{
	const char *error = virtio_start(&vblk->vdev, pci, WANTED);

	if (error)
		return error;
	error = virtio_add_queue(&vblk->vdev, "requests", virtblk_done);
	if (error)
		return error;
	if (vblk->vdev.vq[0]->num < LEAST_RING)
		return virtio_error(&vblk->vdev,
			"queue 0 (requests) has %u entries; expected at least %u",
			vblk->vdev.vq[0]->num, LEAST_RING);
	vblk->vdev.vq[0]->driver = vblk;
	vblk->vdev.vq[0]->told_by_hand = vblk->exact;
	if (vblk->exact)
		virtqueue_disable_cb(vblk->vdev.vq[0]);
	describe(vblk);
	error = virtio_ready(&vblk->vdev);
	return error ? error : disk_add(&vblk->disk, depth_of(vblk->vdev.vq[0]));
}

static void free_blk(struct virtblk *vblk)
{
	virtio_stop(&vblk->vdev);
	lock_forget(&vblk->lock.info);
	kfree(&system_memory, vblk);
}

static const char *virtblk_probe(struct pci_dev *pci)
{
	struct virtblk *vblk = kzalloc(&system_memory, sizeof(*vblk), GFP_KERNEL);
	const char *error;

	if (!vblk)
		return "virtio_blk: no memory for a disk";
	spin_lock_init(&vblk->lock, "virtblk");
	list_init(&vblk->in_flight);
	vblk->exact = time_is_frozen();
	vblk->vdev.memory = &system_memory;
	frozen_init(&vblk->frozen, &latency, virtblk_done_frozen);
	error = start(vblk, pci);
	if (error) {
		free_blk(vblk);
		return error;
	}
	pci->data = vblk;
	nr_disks++;
	return NULL;
}

static void virtblk_remove(struct pci_dev *pci)
{
	struct virtblk *vblk = pci->data;

	disk_remove(&vblk->disk);
	frozen_stop(&vblk->frozen);
	free_blk(vblk);
	nr_disks--;
}

static const struct pci_id ids[] = {{VIRTIO_VENDOR, 0x1001}, {VIRTIO_VENDOR, 0x1042}, {0, 0}};

const struct pci_driver virtio_blk_driver = {
	.name = "virtio_blk", .ids = ids, .probe = virtblk_probe, .remove = virtblk_remove};
