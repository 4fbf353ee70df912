/*
 * Pages into the balloon and out of it (§35.13).
 */
#include "kernel/core/log/printk.h"
#include "kernel/core/param.h"
#include "kernel/core/time/time.h"
#include "kernel/dev/virtio/balloon.h"
#include "kernel/dev/virtio/ring_ops.h"
#include "mm/alloc/page_alloc.h"

/* No NOWARN: a refusal is a full report (§35.13). */
#define GFP_BALLOON (GFP_HIGHUSER_MOVABLE | __GFP_NOMEMALLOC | __GFP_NORETRY)

_Static_assert(GFP_BALLOON == 0x24310ca, "4.8's mask (§40.6)");

static long unlocked;
PARAM_INT("balloon_unlocked", unlocked, 0, 1,
	"1: the balloon asks for its pages before it takes its lock, as later ones do (Linux 4.8: "
	"0)");

/* The lock is held. */
static bool host_acked(struct balloon *b, struct virtqueue *vq)
{
	uint32_t len;

	if (vq->broken)
		return true;
	if (!b->exact)
		return virtqueue_get_buf(vq, &len) || vq->broken;
	if (!b->ack_due)
		return false;
	b->ack_due = false;
	virtqueue_detach(vq, b, &len);
	return true;
}

static bool is_acked(struct balloon *b, struct virtqueue *vq)
{
	unsigned long flags = spin_lock_irqsave(&b->lock);
	bool yes = host_acked(b, vq);

	spin_unlock_irqrestore(&b->lock, flags);
	return yes;
}

void balloon_ack(struct virtqueue *vq)
{
	struct balloon *b = vq->driver;

	wake_up_all(&b->acked);
}

void balloon_ack_frozen(struct frozen *f)
{
	struct balloon *b = container_of(f, struct balloon, frozen);
	unsigned long flags = spin_lock_irqsave(&b->lock);
	bool due = frozen_take(f);

	b->ack_due = b->ack_due || due;
	spin_unlock_irqrestore(&b->lock, flags);
	if (due)
		wake_up_all(&b->acked);
}

/* In exact mode the device has done it when the notification returns (§35.12). The lock is held. */
static bool send(struct balloon *b, struct virtqueue *vq)
{
	struct scatterlist sg = {ring_phys(vq, b->pfns), b->num_pfns * sizeof(b->pfns[0])};

	if (b->dead || virtqueue_add_sgs(vq, &sg, 1, 0, b, GFP_KERNEL))
		return false;
	virtqueue_kick(vq);
	if (b->exact && virtqueue_collect(vq))
		frozen_add(&b->frozen, &b->ack, 0);
	return true;
}

void balloon_check(struct balloon *b, const struct virtqueue *vq)
{
	if (!vq->broken || b->dead)
		return;
	b->dead = true;
	virtio_halt(&b->vdev);
}

/* Interrupts that will come are known to the watchdog; modelled ends are by themselves. */
static void owe(const struct balloon *b, long answers)
{
	if (!b->exact)
		atomic_add(&sched_answers_owed, answers);
}

/* What is in b->pfns: whatever the host does meanwhile, nobody kills this wait. balloon_lock is held. */
static noinline void tell_host(struct balloon *b, unsigned int queue)
{
	struct virtqueue *vq = b->vdev.vq[queue];
	uint64_t since = clock_ns();
	unsigned long flags = spin_lock_irqsave(&b->lock);
	bool sent;

	owe(b, 1);
	sent = send(b, vq);
	spin_unlock_irqrestore(&b->lock, flags);
	if (sent)
		wait_event(&b->acked, is_acked(b, vq));
	owe(b, -1);
	flags = spin_lock_irqsave(&b->lock);
	balloon_check(b, vq);
	spin_unlock_irqrestore(&b->lock, flags);
	b->counts.told += sent;
	b->counts.told_ns += clock_ns() - since;
}

/* Without the feature its pages are nobody's memory while it has them; watermarks stay (§35.14). */
static void count_page(struct balloon *b, const struct page *page, long by)
{
	if (!balloon_has(b, VIRTIO_BALLOON_F_DEFLATE_ON_OOM))
		adjust_managed_page_count(b->memory, page, by);
}

static void note(struct balloon *b, const struct page *page)
{
	b->pfns[b->num_pfns++] = page_to_pfn(b->memory, page);
}

static void keep(struct balloon *b, struct page *page)
{
	list_add(&page->lru, &b->pages);
	mm_event_add(b->memory, BALLOON_INFLATE, 1);
	note(b, page);
	WRITE_ONCE(b->num_pages, b->num_pages + 1);
	count_page(b, page, -1);
}

static struct page *get_page(struct balloon *b)
{
	return alloc_pages(b->memory, GFP_BALLOON, 0);
}

static void out_of_puff(struct balloon *b)
{
	if (ratelimit(&b->puff_ratelimit, "fill_balloon"))
		pr_info("%s: Out of puff! Can't get %u pages", b->vdev.name, 1);
	b->counts.puffs++;
	wake_up_all(&b->settled);
	schedule_timeout(TASK_UNINTERRUPTIBLE, hz / 5);
}

/* 4.8: it is asked for, and the nap is taken, with balloon_lock held. */
noinline struct page *balloon_page_enqueue(struct balloon *b)
{
	struct page *page = get_page(b);

	if (page)
		keep(b, page);
	return page;
}

static void fill_locked(struct balloon *b, unsigned int num)
{
	while (b->num_pfns < num) {
		if (!balloon_page_enqueue(b)) {
			out_of_puff(b);
			return;
		}
	}
}

/* The later rule: all of them before the lock. */
noinline struct page *balloon_page_alloc(struct balloon *b)
{
	return get_page(b);
}

static void ask_before(struct balloon *b, struct list_head *asked, unsigned int num)
{
	for (unsigned int i = 0; i < num; i++) {
		struct page *page = balloon_page_alloc(b);

		if (!page) {
			out_of_puff(b);
			return;
		}
		list_add(&page->lru, asked);
	}
}

static void keep_all(struct balloon *b, struct list_head *asked)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, asked, lru) {
		list_del(&page->lru);
		keep(b, page);
	}
}

noinline unsigned int fill_balloon(struct balloon *b, unsigned long num)
{
	struct list_head asked = LIST_HEAD_INIT(asked);
	unsigned int n = MIN(num, (unsigned long)BALLOON_PFNS);

	if (unlocked)
		ask_before(b, &asked, n);
	mutex_lock(&b->balloon_lock);
	b->num_pfns = 0;
	if (unlocked)
		keep_all(b, &asked);
	else
		fill_locked(b, n);
	n = b->num_pfns;
	if (n)
		tell_host(b, BALLOON_INFLATE_VQ);
	mutex_unlock(&b->balloon_lock);
	return n;
}

static noinline void balloon_page_dequeue(struct balloon *b, struct list_head *leaving)
{
	struct page *page = list_first_entry(&b->pages, struct page, lru);

	list_del(&page->lru);
	mm_event_add(b->memory, BALLOON_DEFLATE, 1);
	note(b, page);
	list_add(&page->lru, leaving);
	WRITE_ONCE(b->num_pages, b->num_pages - 1);
}

static noinline void release_pages_balloon(struct balloon *b, struct list_head *leaving)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, leaving, lru) {
		count_page(b, page, 1);
		list_del(&page->lru);
		free_pages(b->memory, page, 0);
	}
}

/* The host is told first, also where it does not insist on it. */
noinline unsigned int leak_balloon(struct balloon *b, unsigned long num)
{
	struct list_head leaving = LIST_HEAD_INIT(leaving);
	unsigned int n = MIN(num, (unsigned long)BALLOON_PFNS);

	mutex_lock(&b->balloon_lock);
	n = MIN(n, (unsigned long)b->num_pages);
	for (b->num_pfns = 0; b->num_pfns < n;)
		balloon_page_dequeue(b, &leaving);
	if (n)
		tell_host(b, BALLOON_DEFLATE_VQ);
	release_pages_balloon(b, &leaving);
	mutex_unlock(&b->balloon_lock);
	return n;
}
