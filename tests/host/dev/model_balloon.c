/*
 * The host of a balloon (see model_balloon.h).
 */
#include "model_balloon.h"

#include "dev/stage.h"
#include "kernel/core/log/event.h"
#include "kernel/core/sched/alarm.h"
#include "kernel/core/sched/still.h"
#include "kernel/task/scenario.h"

#define ENTRIES 128

struct balloon_host host;
long workload_seed = 1;

static void *at(uint64_t phys)
{
	return host.memory->virt_base + phys;
}

static uint32_t own32(unsigned int offset)
{
	uint32_t value;

	memcpy(&value, &host.v->own[offset], sizeof(value));
	return value;
}

bool host_line_is_off(void)
{
	return host.v->config[PCI_COMMAND + 1] & PCI_COMMAND_INTX_OFF >> 8;
}

/* The wire is a level: it comes when the processor takes interrupts again. */
static void take_interrupt(void)
{
	if (!host.v->irq || !host.v->isr || host_line_is_off() || !host_arch.irqs)
		return;
	host_arch.irqs = false;
	this_cpu()->irq_depth++;
	assert_true(host.v->irq->fn(host.v->irq));
	this_cpu()->irq_depth--;
	host_arch.irqs = true;
	host.irqs++;
}

static void raise(uint8_t why)
{
	host.v->isr |= why;
	take_interrupt();
}

static void put_used(struct model_queue *q, uint32_t id, uint32_t len)
{
	uint32_t *entry = at(q->used + 4 + 8 * (q->used_idx++ % q->entries));

	entry[0] = id;
	entry[1] = len;
	*(uint16_t *)at(q->used + 2) = q->used_idx;
}

/* One buffer, for it to read, in the ring itself. */
static const void *buffer(const struct model_queue *q, uint16_t head, uint32_t *len)
{
	const char *desc = at(q->desc + 16 * head);
	uint64_t addr;

	assert_true(head < q->entries);
	memcpy(&addr, desc, sizeof(addr));
	memcpy(len, desc + 8, sizeof(*len));
	assert_int_equal(*(const uint16_t *)(desc + 12), 0);
	return at(addr);
}

static void note_pages(bool inflate, const uint32_t *pfns, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		assert_true(pfns[i] < ARRAY_SIZE(host.given));
		assert_int_equal(host.given[pfns[i]], !inflate);
		host.given[pfns[i]] = inflate;
		host.nr_given += inflate ? 1 : -1;
	}
}

static void look_at_pages(struct model_queue *q, uint16_t head, bool inflate)
{
	uint32_t len;
	const uint32_t *pfns = buffer(q, head, &len);
	unsigned int n = len / 4;

	assert_true(len && len % 4 == 0 && n <= 256);
	if (host.messages < HOST_STEPS)
		host.size[host.messages] = n;
	host.messages++;
	if (host.on_message)
		host.on_message(inflate, pfns, n);
	note_pages(inflate, pfns, n);
}

static void answer_pages(struct model_queue *q, uint16_t head)
{
	switch (host.answer) {
	case AT_ONCE:
	case LATER:
		put_used(q, head, 0);
		break;
	case BAD_ID:
		put_used(q, ENTRIES, 0);
		break;
	case BAD_LEN:
		put_used(q, head, 1);
		break;
	case BAD_INDEX:
		q->used_idx++;
		put_used(q, head, 0);
		break;
	case GIVES_UP:
		host.v->status |= VIRTIO_NEEDS_RESET;
		raise(VIRTIO_ISR_QUEUE | VIRTIO_ISR_CONFIG);
		return;
	case NEVER:
		return;
	}
	raise(VIRTIO_ISR_QUEUE);
}

static void keep_stats(struct model_queue *q, uint16_t head)
{
	uint32_t len;
	const void *from = buffer(q, head, &len);

	assert_int_equal(len, 70);
	assert_false(host.has_buffer);
	memcpy(host.stats, from, len);
	host.buffer = head;
	host.has_buffer = true;
	host.status_at_stats = host.v->status;
}

static void look(unsigned int index)
{
	struct model_queue *q = &host.v->queue[index];

	host.told[index] = false;
	while (q->enabled && q->last_avail != *(uint16_t *)at(q->avail + 2)) {
		uint16_t head = *(uint16_t *)at(q->avail + 4 + 2 * (q->last_avail++ % q->entries));

		*(uint16_t *)at(q->used + 4 + 8 * q->entries) = q->last_avail;
		if (index == BALLOON_STATS_VQ) {
			keep_stats(q, head);
			continue;
		}
		look_at_pages(q, head, index == BALLOON_INFLATE_VQ);
		answer_pages(q, head);
	}
}

static void told(struct model_virtio *v, unsigned int queue)
{
	(void)v;
	host.told[queue] = true;
	if (queue == BALLOON_STATS_VQ || host.answer != LATER)
		look(queue);
}

/* What it had of the guest's is the guest's again. */
static void forget(struct model_virtio *v)
{
	(void)v;
	memset(host.told, 0, sizeof(host.told));
	memset(host.given, 0, sizeof(host.given));
	host.nr_given = 0;
	host.has_buffer = false;
}

/* The machine around it */

long clock_shift(void)
{
	return host.fast ? -1 : 0;
}

bool event_is_heard(void)
{
	return !host.no_runner;
}

static void run_alarms(void)
{
	host_arch.irqs = false;
	this_cpu()->irq_depth++;
	alarms_run();
	this_cpu()->irq_depth--;
	host_arch.irqs = true;
}

/* What the runner does with the last event, if it is new. */
static void run_runner(void)
{
	static const char ask[] = "{\"event\":\"balloon\",\"target_mib\":";
	const char *last = NULL, *text = events();
	unsigned long n = 0;

	while ((text = strstr(text, ask))) {
		last = text += strlen(ask);
		n++;
	}
	if (n == host.heard_events)
		return;
	host.heard_events = n;
	host_set_target((HOST_MIB - MIN(strtol(last, NULL, 10), (long)HOST_MIB)) << 8);
}

void still_begin(void)
{
	assert_false(host.still);
	host.still = true;
	host_arch.irqs = false;
}

void still_wait(const bool *woken)
{
	assert_true(host.still && !host_line_is_off() && !*woken);
	host_arch.irqs = true;
	run_runner();
	host_arch.irqs = false;
	assert_true(*woken);
}

void still_end(void)
{
	assert_true(host.still && host_line_is_off());
	host.still = false;
	host_arch.irqs = true;
}

static void add_queue(unsigned int index)
{
	host.v->queue[index].num = ENTRIES;
	host.v->queue[index].notify_offset = index;
}

void host_plug(struct memory *m, uint64_t features, bool fast)
{
	host = (struct balloon_host){.memory = m, .fast = fast};
	dev_stage_reset();
	host.v = model_virtio_new(m);
	host.v->offered = features | VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX |
		VIRTIO_F_VERSION_1 | VIRTIO_F_BIT33;
	host.v->on_tell = told;
	host.v->on_reset = forget;
	model_virtio_set32(host.v, 0, 0x10021af4);
	assert_null(model_virtio_find(host.v));
	host.v->dev.driver = &virtio_balloon_driver;
	memset(host.v->own, 0, sizeof(host.v->own));
	for (unsigned int i = 0; i < (features & VIRTIO_BALLOON_F_STATS_VQ ? 3 : 2); i++)
		add_queue(i);
	virtio_devices = 0;
	sched_answers_owed = 0;
	console_clear();
}

const char *host_probe(void)
{
	model_virtio_forget(host.v);
	return virtio_balloon_driver.probe(&host.v->dev);
}

void host_unplug(void)
{
	model_virtio_free(host.v);
	host.v = NULL;
}

void host_remove(void)
{
	model_virtio_forget(host.v);
	virtio_balloon_driver.remove(&host.v->dev);
	assert_false(alarms_armed());
	assert_int_equal(sched_answers_owed, 0);
}

void host_set_target(uint32_t pages)
{
	memcpy(&host.v->own[0], &pages, sizeof(pages));
	if (host.v->status & VIRTIO_DRIVER_OK)
		raise(VIRTIO_ISR_QUEUE | VIRTIO_ISR_CONFIG);
}

uint32_t host_target(void)
{
	return own32(0);
}

uint32_t host_actual(void)
{
	return own32(4);
}

void host_want_stats(void)
{
	assert_true(host.has_buffer);
	host.has_buffer = false;
	put_used(&host.v->queue[BALLOON_STATS_VQ], host.buffer, 0);
	raise(VIRTIO_ISR_QUEUE);
}

void host_run(void)
{
	for (unsigned int i = 0; host.answer == LATER && i < ARRAY_SIZE(host.told); i++)
		if (host.told[i])
			look(i);
	run_runner();
	take_interrupt();
	run_alarms();
}

void host_do_work(void)
{
	do
		host_run();
	while (work_do_one());
}
