/*
 * The balloon follows its target (§35.13): a work that does a step and queues itself anew, without a pause,
 * until there is nothing left to do.
 */
#include "kernel/dev/virtio/balloon.h"

static void queue_locked(struct balloon *b)
{
	b->wanted = !b->stopping && !b->dead;
	if (b->wanted)
		work_queue(&b->size_work);
}

void balloon_queue_size(struct balloon *b)
{
	unsigned long flags = spin_lock_irqsave(&b->lock);

	queue_locked(b);
	spin_unlock_irqrestore(&b->lock, flags);
}

/* In exact mode whoever asked for it goes on from here (balloon_target.c). */
void virtballoon_changed(struct virtio_device *vdev)
{
	struct balloon *b = container_of(vdev, struct balloon, vdev);

	WRITE_ONCE(b->heard, true);
	if (b->exact)
		return;
	balloon_queue_size(b);
	wake_up_all(&b->settled);
}

long towards_target(struct balloon *b)
{
	unsigned long flags = spin_lock_irqsave(&b->lock);
	uint32_t target = 0;

	virtio_config_read(&b->vdev, BALLOON_CONFIG_NUM_PAGES, &target, sizeof(target));
	spin_unlock_irqrestore(&b->lock, flags);
	return (long)target - READ_ONCE(b->num_pages);
}

/*
 * Not in exact mode: QEMU says so on its monitor, and at most once a second of the host's. Its main
 * loop, awake for that, serves timers that the CPUs' thread should (still.c), and on several CPUs turns
 * end elsewhere.
 */
void update_balloon_size(struct balloon *b)
{
	unsigned long flags = spin_lock_irqsave(&b->lock);
	uint32_t actual = READ_ONCE(b->num_pages);

	if (!b->dead && !b->exact)
		virtio_config_write(&b->vdev, BALLOON_CONFIG_ACTUAL, &actual, sizeof(actual));
	spin_unlock_irqrestore(&b->lock, flags);
}

/* A second worker leaves it to the one that is at it: 4.8 runs no work twice at a time. */
static bool begin(struct balloon *b)
{
	unsigned long flags = spin_lock_irqsave(&b->lock);
	bool mine = !b->working && !b->dead;

	if (mine)
		b->working = true;
	if (mine || b->dead)
		b->wanted = false;
	spin_unlock_irqrestore(&b->lock, flags);
	return mine;
}

static void finish(struct balloon *b, bool more)
{
	unsigned long flags = spin_lock_irqsave(&b->lock);

	b->working = false;
	if (more || b->wanted)
		queue_locked(b);
	spin_unlock_irqrestore(&b->lock, flags);
	wake_up_all(&b->settled);
}

noinline void update_balloon_size_func(struct work *work)
{
	struct balloon *b = container_of(work, struct balloon, size_work);
	long diff;

	if (!begin(b))
		return;
	diff = towards_target(b);
	if (diff > 0)
		diff -= fill_balloon(b, diff);
	else if (diff < 0)
		diff += leak_balloon(b, -diff);
	update_balloon_size(b);
	finish(b, diff);
}
