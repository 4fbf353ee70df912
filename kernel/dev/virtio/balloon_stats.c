/*
 * Statistics for the host (§35.12): it has one buffer, and gives it back when it wants new numbers.
 */
#include "kernel/core/log/printk.h"
#include "kernel/dev/virtio/balloon.h"
#include "kernel/dev/virtio/ring_ops.h"

static void give_buffer(struct balloon *b)
{
	struct virtqueue *vq = b->vdev.vq[BALLOON_STATS_VQ];
	struct scatterlist sg = {ring_phys(vq, b->stats), sizeof(b->stats)};

	if (!virtqueue_add_sgs(vq, &sg, 1, 0, b, GFP_KERNEL))
		virtqueue_kick(vq);
}

void balloon_stats_start(struct balloon *b)
{
	unsigned long flags = spin_lock_irqsave(&b->lock);

	give_buffer(b);
	spin_unlock_irqrestore(&b->lock, flags);
}

void stats_request(struct virtqueue *vq)
{
	struct balloon *b = vq->driver;
	unsigned long flags = spin_lock_irqsave(&b->lock);

	if (!b->stopping && !vq->broken)
		work_queue(&b->stats_work);
	spin_unlock_irqrestore(&b->lock, flags);
}

/* What no zone may go below, for the highest requests (§2.7). */
static long zone_reserve(const struct zone *z)
{
	long most = 0;

	for (int i = z->type; i < MAX_NR_ZONES; i++)
		most = MAX(most, z->lowmem_reserve[i]);
	return MIN((long)z->managed, (long)z->watermark[WMARK_HIGH] + most);
}

/* Of what can be reclaimed, half, or all but the low watermarks. */
static long usable(long pages, long low)
{
	return pages - MIN(pages / 2, low);
}

/* MemAvailable. */
static long available(struct memory *m)
{
	long low = 0, n = memory_stat(m, NR_FREE_PAGES);
	const struct zone *z;

	for_each_zone(m, z) {
		low += z->watermark[WMARK_LOW];
		n -= zone_reserve(z);
	}
	n += usable(
		memory_stat(m, NR_ZONE_ACTIVE_FILE) + memory_stat(m, NR_ZONE_INACTIVE_FILE), low);
	n += usable(memory_stat(m, NR_SLAB_RECLAIMABLE), low);
	return MAX(n, 0l);
}

/* Nothing is swapped and no fault reads a disk: there is no such memory. */
static void update_balloon_stats(struct balloon *b)
{
	struct memory *m = b->memory;
	const uint64_t value[BALLOON_TAGS] = {
		[MINFLT] = m->event[PGFAULT], /* all of them (§41.2 item 17) */
		[MEMFREE] = memory_stat(m, NR_FREE_PAGES) << PAGE_SHIFT,
		[MEMTOT] = m->totalram_pages << PAGE_SHIFT,
		[AVAIL] = available(m) << PAGE_SHIFT,
	};

	for (unsigned int tag = 0; tag < BALLOON_TAGS; tag++)
		b->stats[tag] = (struct balloon_stat){tag, value[tag]};
}

void update_balloon_stats_func(struct work *work)
{
	struct balloon *b = container_of(work, struct balloon, stats_work);
	struct virtqueue *vq = b->vdev.vq[BALLOON_STATS_VQ];
	unsigned long flags = spin_lock_irqsave(&b->lock);
	uint32_t len;

	if (virtqueue_get_buf(vq, &len)) {
		update_balloon_stats(b);
		give_buffer(b);
	}
	balloon_check(b, vq);
	spin_unlock_irqrestore(&b->lock, flags);
}
