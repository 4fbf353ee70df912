/*
 * Plugs (see plug.h).
 */
#include "kernel/dev/block/blk_mq.h"
#include "mm/page/io_plug.h"

void blk_start_plug(struct blk_plug *plug)
{
	if (current->plug)
		return;
	list_init(&plug->mq_list);
	current->plug = plug;
}

/* Of one software queue, by sector; queues by their places in memory: in 4.8 a CPU's lie together. */
static bool comes_before(const struct request *a, const struct request *b)
{
	if (a->cpu != b->cpu)
		return a->cpu < b->cpu;
	if (a->disk != b->disk)
		return a->disk < b->disk;
	return a->sector < b->sector;
}

static void insert_sorted(struct request *rq, struct list_head *sorted)
{
	struct list_head *at = sorted->prev;

	while (at != sorted && comes_before(rq, list_entry(at, struct request, node)))
		at = at->prev;
	list_add(&rq->node, at);
}

static void sort(struct list_head *from, struct list_head *sorted)
{
	while (!list_empty(from)) {
		struct request *rq = list_first_entry(from, struct request, node);

		list_del(&rq->node);
		insert_sorted(rq, sorted);
	}
}

/* The first ones, all of one software queue. */
static struct disk *take_group(struct list_head *sorted, struct list_head *group)
{
	struct request *first = list_first_entry(sorted, struct request, node), *rq = first;

	do {
		list_del(&rq->node);
		list_add_tail(&rq->node, group);
		rq = list_first_entry(sorted, struct request, node);
	} while (!list_empty(sorted) && rq->disk == first->disk && rq->cpu == first->cpu);
	return first->disk;
}

static noinline void blk_mq_flush_plug_list(struct blk_plug *plug, bool from_schedule)
{
	LIST_HEAD(sorted);

	sort(&plug->mq_list, &sorted);
	while (!list_empty(&sorted)) {
		LIST_HEAD(group);
		struct disk *disk = take_group(&sorted, &group);

		blk_mq_insert_requests(disk, &group, from_schedule);
	}
}

noinline void blk_flush_plug_list(struct blk_plug *plug, bool from_schedule)
{
	if (!list_empty(&plug->mq_list))
		blk_mq_flush_plug_list(plug, from_schedule);
}

static void count_flush(const struct blk_plug *plug, size_t offset)
{
	const struct request *rq = list_first_entry(&plug->mq_list, struct request, node);

	if (!list_empty(&plug->mq_list))
		atomic_add((long *)((char *)&rq->disk->counts + offset), 1);
}

noinline void blk_finish_plug(struct blk_plug *plug)
{
	if (current->plug != plug)
		return;
	count_flush(plug, offsetof(struct blk_counts, flush_finish));
	blk_flush_plug_list(plug, false);
	current->plug = NULL;
}

/* Sleeping: the requests go to a worker, for the task's stack may be deep. */
static void flush_at_sleep(struct task *t)
{
	count_flush(t->plug, offsetof(struct blk_counts, flush_sleep));
	blk_flush_plug_list(t->plug, true);
}

bool blk_attempt_plug_merge(struct bio *bio, unsigned int *held)
{
	struct blk_plug *plug = current->plug;
	struct list_head *at;

	*held = 0;
	if (!plug)
		return false;
	for (at = plug->mq_list.prev; at != &plug->mq_list; at = at->prev) {
		struct request *rq = list_entry(at, struct request, node);

		if (rq->disk != bio->disk)
			continue;
		(*held)++;
		if (blk_attempt_merge(rq, bio) == BLK_MERGED)
			return true;
	}
	return false;
}

_Static_assert(sizeof(struct blk_plug) <= sizeof(struct io_plug), "mm/'s has room for ours");

static void start_io_plug(struct io_plug *plug)
{
	blk_start_plug((struct blk_plug *)plug);
}

static void finish_io_plug(struct io_plug *plug)
{
	blk_finish_plug((struct blk_plug *)plug);
}

static const struct io_plug_ops io_plug_ops = {.start = start_io_plug, .finish = finish_io_plug};

void plugs_init(struct memory *m)
{
	m->io_plug = &io_plug_ops;
	sched_flush_plug = flush_at_sleep;
}
