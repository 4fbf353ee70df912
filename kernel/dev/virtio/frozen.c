/*
 * Modelled ends of requests (see frozen.h).
 */
#include "kernel/core/time/time.h"
#include "kernel/dev/virtio/frozen.h"
#include "kernel/task/scenario.h"

#define NS_PER_US 1000ul

bool time_is_frozen(void)
{
	return clock_shift() >= 0;
}

static void rings(struct alarm *alarm)
{
	struct frozen *f = container_of(alarm, struct frozen, alarm);

	f->deliver(f);
}

void frozen_init(
	struct frozen *f, const struct frozen_latency *latency, void (*deliver)(struct frozen *f))
{
	alarm_init(&f->alarm, rings);
	list_init(&f->items);
	f->last = 0;
	f->latency = latency;
	f->deliver = deliver;
	rand_seed(&f->rand, workload_seed);
}

static uint64_t jitter(struct frozen *f)
{
	uint64_t most = f->latency->jitter_us * NS_PER_US;

	return most ? rand_next(&f->rand) % (most + 1) : 0;
}

void frozen_add(struct frozen *f, struct frozen_item *item, unsigned int pages)
{
	uint64_t now = clock_ns();
	bool first = list_empty(&f->items);

	f->last = MAX(f->last, now + f->latency->us * NS_PER_US + jitter(f)) +
		f->latency->us_per_page * pages * NS_PER_US;
	item->at = f->last;
	list_add_tail(&item->node, &f->items);
	if (first)
		alarm_start(&f->alarm, item->at);
}

struct frozen_item *frozen_take(struct frozen *f)
{
	struct frozen_item *item;

	if (list_empty(&f->items))
		return NULL;
	item = list_first_entry(&f->items, struct frozen_item, node);
	if (item->at > clock_ns()) {
		alarm_start(&f->alarm, item->at);
		return NULL;
	}
	list_del(&item->node);
	return item;
}

void frozen_stop(struct frozen *f)
{
	alarm_cancel(&f->alarm);
}
