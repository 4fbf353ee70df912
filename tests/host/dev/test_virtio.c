/*
 * A virtio device from its discovery to its end, by both transports (kernel/dev/virtio/virtio.h, §35.3 to
 * §35.7).
 */
#include "model_virtio.h"

#include "kernel/core/param.h"
#include "kernel/core/rand.h"
#include "slab/slab_case.h"

#include <errno.h>

#define RING_FEATURES (VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX)
#define SEG_MAX       (1ull << 2)
#define NOT_OFFERED   (1ull << 9)
#define WANTED        (RING_FEATURES | SEG_MAX | NOT_OFFERED)

static struct memory *m;
static struct model_virtio *v;
static struct virtio_device vdev;
static unsigned int calls, changes;
static long before;

static void used(struct virtqueue *vq)
{
	(void)vq;
	calls++;
}

static void changed(struct virtio_device *dev)
{
	assert_ptr_equal(dev, &vdev);
	changes++;
}

static int setup(void **state)
{
	int err = twin_setup(state);

	set_parameters("virtio=auto");
	m = slab_machine(1);
	before = all_free(m);
	v = model_virtio_new(m);
	memset(&vdev, 0, sizeof(vdev));
	vdev.memory = m;
	vdev.config_changed = changed;
	virtio_devices = calls = changes = 0;
	return err;
}

static int teardown(void **state)
{
	virtio_stop(&vdev);
	set_parameters("virtio=auto");
	model_virtio_free(v);
	return twin_teardown(state);
}

static const char *up_to_ready(void)
{
	const char *error = virtio_start(&vdev, &v->dev, WANTED);

	if (!error)
		error = virtio_add_queue(&vdev, "requests", used);
	return error ? error : virtio_ready(&vdev);
}

static void assert_statuses(const uint8_t *want, unsigned int n)
{
	assert_int_equal(v->nr_statuses, n);
	assert_memory_equal(v->statuses, want, n);
}

static void start(const char *transport)
{
	set_parameters(transport);
	assert_null(up_to_ready());
}

static uint64_t phys(const volatile void *p)
{
	return (const char *)p - m->virt_base;
}

static void test_35_6_legacy(void **state)
{
	struct virtqueue *vq;

	(void)state;
	start("virtio=legacy");
	vq = vdev.vq[0];
	assert_statuses((const uint8_t[]){0, 1, 3, 7}, 4);
	assert_string_equal(vdev.name, "virtio_blk virtio0");
	assert_int_equal(v->accepted, RING_FEATURES | SEG_MAX);
	assert_int_equal(vdev.features, v->accepted);
	assert_true(vq->indirect && vq->event_idx);
	assert_true(v->queue[0].enabled);
	assert_int_equal(v->queue[0].desc, phys(vq->desc));
	assert_int_equal(v->queue[0].avail, phys(vq->avail));
	assert_int_equal(v->queue[0].used, phys(vq->used));
	assert_int_equal(v->queue[0].desc % 4096, 0);
}

static void test_35_6_modern(void **state)
{
	struct virtqueue *vq;

	(void)state;
	v->offered |= VIRTIO_F_BIT33;
	v->queue[0].notify_offset = 7;
	start("virtio=auto");
	vq = vdev.vq[0];
	assert_ptr_equal(vdev.ops, &virtio_modern); /* §41.2 item 19 */
	assert_statuses((const uint8_t[]){0, 1, 3, 11, 15}, 5);
	assert_int_equal(
		v->accepted, RING_FEATURES | SEG_MAX | VIRTIO_F_VERSION_1 | VIRTIO_F_BIT33);
	assert_true(v->queue[0].enabled);
	assert_int_equal(v->queue[0].entries, 256);
	assert_int_equal(v->queue[0].desc, phys(vq->desc));
	assert_int_equal(v->queue[0].avail, phys(vq->avail));
	assert_int_equal(v->queue[0].used, phys(vq->used));
	assert_int_equal(vq->notify_at, MODEL_MEMORY + 0x3000 + 7 * 4);
}

static void give(unsigned int n)
{
	struct scatterlist sg[2] = {{0x1000, 16}, {0x2000, 1}};
	static char data[256];

	for (unsigned int i = 0; i < n; i++)
		assert_int_equal(virtqueue_add_sgs(vdev.vq[0], sg, 1, 1,
					 &data[vdev.vq[0]->in_flight], GFP_ATOMIC),
			0);
	virtqueue_kick(vdev.vq[0]);
}

static void test_notify(void **state)
{
	static const char *const transports[] = {"virtio=legacy", "virtio=modern"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		start(transports[i]);
		give(2);
		assert_int_equal(v->queue[0].told, i + 1);
		virtio_stop(&vdev);
	}
	assert_string_equal(vdev.name, "virtio_blk virtio1");
}

/* A smaller ring: a modern device is told; a legacy one would not know. */
static void test_41_1_smaller_ring(void **state)
{
	(void)state;
	set_parameters("fail_nth=1");
	m = slab_machine(1);
	vdev.memory = v->memory = m;
	assert_null(up_to_ready());
	assert_int_equal(vdev.vq[0]->num, 128);
	assert_int_equal(v->queue[0].entries, 128);
	virtio_stop(&vdev);

	set_parameters("fail_nth=1");
	m = slab_machine(1);
	vdev.memory = v->memory = m;
	set_parameters("virtio=legacy");
	assert_string_equal(
		up_to_ready(), "virtio_blk virtio1: queue 0 (requests): no memory for 256 entries");
	assert_int_equal(v->status, 0x83);
	slab_valid(m);
}

/* What is wrong, and the line that says it; `type` names a capability. */
static void assert_refused(const char *line)
{
	const char *error = up_to_ready();

	assert_non_null(error);
	assert_string_equal(error, line);
	virtio_stop(&vdev);
	assert_nothing_left(m, before);
}

static void test_41_2_choice(void **state)
{
	char said[256], line[] = "virtio=ports";

	(void)state;
	model_virtio_set32(v, 0, 0x10421af4);
	model_virtio_find(v);
	set_parameters("virtio=legacy");
	assert_refused("virtio_blk virtio0: pci 0000:00:02.0 (1af4:1042) has no legacy interface; "
		       "virtio=legacy");
	v->config[PCI_STATUS] = 0;
	set_parameters("virtio=modern");
	assert_refused("virtio_blk virtio1: pci 0000:00:02.0 (1af4:1042) has no modern interface; "
		       "virtio=modern");
	set_parameters("virtio=auto");
	assert_refused("virtio_blk virtio2: pci 0000:00:02.0 (1af4:1042) has no legacy interface; "
		       "virtio=auto");
	model_virtio_set32(v, 0, 0x10011af4);
	model_virtio_find(v);
	v->config[PCI_STATUS] = 0;
	assert_null(up_to_ready());
	assert_ptr_equal(vdev.ops, &virtio_legacy);
	assert_false(params_try_parse(line, said, sizeof(said)));
}

static void test_35_5_missing(void **state)
{
	(void)state;
	v->config[model_virtio_cap(3) + 3] = 5;
	assert_refused("virtio_blk virtio0: no capability names its ISR registers (type 3)");
	v->config[model_virtio_cap(3) + 3] = 3;
	v->config[model_virtio_cap(2) + 4] =
		6; /* a BAR that there is not: of no version that we know */
	assert_refused("virtio_blk virtio1: no capability names its notify registers (type 2)");
	v->config[model_virtio_cap(2) + 4] = 4;
	v->config[model_virtio_cap(4) + 3] = 9; /* the device's own may be missing */
	assert_null(up_to_ready());
	assert_int_equal(vdev.config_len, 0);
}

static void test_35_5_outside(void **state)
{
	(void)state;
	model_virtio_set32(v, model_virtio_cap(3) + 8, 0x3fff);
	model_virtio_set32(v, model_virtio_cap(3) + 12, 2);
	assert_refused("virtio_blk virtio0: its ISR registers, 0x2 bytes at 0x3fff, do not lie in "
		       "BAR 4, which is memory of 0x4000 bytes");
	model_virtio_set32(v, model_virtio_cap(3) + 8, 0xffffffff);
	assert_refused("virtio_blk virtio1: its ISR registers, 0x2 bytes at 0xffffffff, do not lie "
		       "in BAR 4, which is memory of 0x4000 bytes");
	model_virtio_set32(v, model_virtio_cap(3) + 8, 0);
	v->config[model_virtio_cap(3) + 4] = 0;
	assert_refused("virtio_blk virtio2: its ISR registers, 0x2 bytes at 0x0, do not lie in BAR "
		       "0, which is ports of 0x80 bytes");
	v->config[model_virtio_cap(3) + 4] = 1;
	assert_refused("virtio_blk virtio3: its ISR registers, 0x2 bytes at 0x0, do not lie in BAR "
		       "1, which is memory of 0x0 bytes");
}

static void test_35_5_odd(void **state)
{
	(void)state;
	model_virtio_set32(v, model_virtio_cap(1) + 12, 55);
	assert_refused("virtio_blk virtio0: its common registers are 55 bytes at 0x0 of BAR 4; "
		       "expected at least 56, at a multiple of 4");
	model_virtio_set32(v, model_virtio_cap(1) + 12, 56);
	model_virtio_set32(v, model_virtio_cap(2) + 8, 0x3001);
	assert_refused(
		"virtio_blk virtio1: its notify registers are 4096 bytes at 0x3001 of BAR 4; "
		"expected at least 2, at a multiple of 2");
	model_virtio_set32(v, model_virtio_cap(2) + 8, 0x3000);
	model_virtio_set32(v, model_virtio_cap(2) + 16, 3);
	assert_refused(
		"virtio_blk virtio2: its notify multiplier is 3; expected 0 or an even power "
		"of two");
	model_virtio_set32(v, model_virtio_cap(2) + 16, 1);
	assert_refused(
		"virtio_blk virtio3: its notify multiplier is 1; expected 0 or an even power "
		"of two");
	model_virtio_set32(v, model_virtio_cap(2) + 16, 4);
	v->queue[0].notify_offset = 0x400;
	assert_refused("virtio_blk virtio4: queue 0 (requests) has its notify register at 0x1000; "
		       "expected it below 0x1000");
	v->queue[0].notify_offset = 0x3ff;
	assert_null(up_to_ready());
}

static void test_35_6_refusals(void **state)
{
	(void)state;
	v->never_resets = true;
	assert_refused("virtio_blk virtio0: has status 0x40 after a reset; expected 0");
	v->never_resets = false;
	v->refuses_features = true;
	assert_refused(
		"virtio_blk virtio1: refuses features 0x130000004 of the 0x170000044 that it "
		"offers");
	v->refuses_features = false;
	v->not_driver_ok = true;
	assert_refused("virtio_blk virtio2: has status 0x0b after driver-ok (0x04)");
	v->not_driver_ok = false;
	v->offered &= ~VIRTIO_F_VERSION_1;
	assert_refused(
		"virtio_blk virtio3: offers features 0x70000044; expected 0x100000000 for its "
		"modern interface");
	assert_int_equal(v->status, 0);
}

static void test_35_8_queues(void **state)
{
	static const char *const transports[] = {"virtio=legacy", "virtio=modern"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		virtio_devices = 0;
		set_parameters(transports[i]);
		v->queue[0].num = 0;
		assert_refused("virtio_blk virtio0: has no queue 0 (requests)");
		v->queue[0].num = 100;
		assert_refused("virtio_blk virtio1: queue 0 (requests) has 100 entries; expected a "
			       "power of two up to 32768");
		v->queue[0].num = 65536;
		if (i)
			assert_refused("virtio_blk virtio2: has no queue 0 (requests)");
		v->queue[0].num = 256;
	}
}

static void test_interrupts(void **state)
{
	(void)state;
	start("virtio=auto");
	assert_ptr_equal(v->irq, &vdev.irq);
	assert_false(v->irq->fn(v->irq)); /* another's */
	give(1);
	v->isr = VIRTIO_ISR_QUEUE;
	assert_true(v->irq->fn(v->irq));
	assert_int_equal(calls, 0); /* nothing is used */
	model_virtio_work(v);
	v->isr = VIRTIO_ISR_QUEUE;
	assert_true(v->irq->fn(v->irq));
	assert_int_equal(calls, 1);
	assert_int_equal(changes, 0);
	v->isr = 3; /* as QEMU says that the configuration changed */
	assert_true(v->irq->fn(v->irq));
	assert_int_equal(calls, 2);
	assert_int_equal(changes, 1);
	assert_int_equal(v->isr, 0);
	virtio_stop(&vdev);
	assert_null(v->irq);
}

static void test_no_pin(void **state)
{
	(void)state;
	v->dev.pin = 0;
	assert_refused("pci: no pin");
}

/* §35.6, §41.1: its interrupts are off, and driver-ok survived that. */
static void test_silent(void **state)
{
	(void)state;
	vdev.silent = true;
	start("virtio=auto");
	assert_ptr_equal(v->irq, &vdev.irq);
	assert_int_equal(pci_read16(&v->dev, PCI_COMMAND),
		PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_INTX_OFF);
	assert_int_equal(v->status, 0x0f);
	v->isr = VIRTIO_ISR_CONFIG;
	virtio_listen(&vdev, true);
	assert_int_equal(v->isr, 0); /* what it had to say before is forgotten */
	assert_int_equal(pci_read16(&v->dev, PCI_COMMAND) & PCI_COMMAND_INTX_OFF, 0);
	virtio_listen(&vdev, false);
	assert_true(pci_read16(&v->dev, PCI_COMMAND) & PCI_COMMAND_INTX_OFF);
	assert_int_equal(v->status, 0x0f);
	virtio_stop(&vdev);
	vdev.silent = false;
	assert_null(up_to_ready());
	assert_int_equal(pci_read16(&v->dev, PCI_COMMAND) & PCI_COMMAND_INTX_OFF, 0);
	assert_int_equal(v->status, 0x0f);
}

static void test_35_6_needs_reset(void **state)
{
	(void)state;
	start("virtio=auto");
	give(2);
	v->status |= VIRTIO_NEEDS_RESET;
	v->isr = VIRTIO_ISR_CONFIG;
	assert_true(v->irq->fn(v->irq));
	assert_int_equal(changes, 0);
	assert_int_equal(calls, 1); /* so that its driver can end what waits */
	assert_string_equal(vdev.vq[0]->broken, "the device gave up");
	assert_line("virtio_blk virtio0: status 0x4f: the device needs a reset");
	v->isr = VIRTIO_ISR_CONFIG;
	assert_true(v->irq->fn(v->irq));
	assert_int_equal(console_count("needs a reset"), 1);
}

static void test_halt(void **state)
{
	(void)state;
	start("virtio=auto");
	give(1);
	virtio_halt(&vdev);
	assert_int_equal(v->status, 0);
	assert_false(v->queue[0].enabled);
	assert_non_null(vdev.vq[0]->broken);
}

static void test_config(void **state)
{
	static const uint8_t x[] = {1, 2, 3, 4};
	uint64_t eight;
	uint8_t three[3];
	uint32_t four;
	uint16_t two;

	(void)state;
	start("virtio=legacy");
	virtio_config_read(&vdev, 0, &eight, 8);
	assert_int_equal(eight, 0x1716151413121110);
	virtio_config_write(&vdev, 4, x, 4);
	assert_memory_equal(&v->own[4], x, 4);
	assert_int_equal(v->own_widths, 1 << 1); /* §41.2 item 17 */
	virtio_stop(&vdev);

	start("virtio=modern");
	model_virtio_forget(v);
	virtio_config_read(&vdev, 8, &eight, 8);
	assert_int_equal(eight, 0x1f1e1d1c1b1a1918);
	virtio_config_read(&vdev, 12, &four, 4);
	assert_int_equal(four, 0x1f1e1d1c);
	virtio_config_write(&vdev, 0, x, 4);
	assert_memory_equal(v->own, x, 4);
	assert_int_equal(v->own_widths, 1 << 4);
	virtio_config_read(&vdev, 18, &two, 2);
	assert_int_equal(two, 0x2322);
	virtio_config_write(&vdev, 6, x, 2);
	assert_int_equal(v->own_widths, 1 << 4 | 1 << 2);
	virtio_config_read(&vdev, 17, three, 3);
	assert_int_equal(three[0] + three[1] + three[2], 0x21 + 0x22 + 0x23);
	virtio_config_write(&vdev, 7, x, 1);
	assert_int_equal(v->own_widths, 1 << 4 | 1 << 2 | 1 << 1);

	four = 1;
	virtio_config_read(&vdev, 30, &four, 4); /* it has 32 bytes */
	assert_int_equal(four, 0);
	virtio_config_read(&vdev, ~0u, &four, 4);
	assert_int_equal(four, 0);
	virtio_config_write(&vdev, 30, x, 4);
	assert_int_equal(v->own[30], 0x2e);
	v->restless = true;
	virtio_config_read(&vdev, 12, &four, 4);
	assert_int_equal(four, 0x1f1e1d1c);
}

/* Capabilities of random bytes: registers outside the BARs are never touched, nothing is lost. */
static void test_random_capabilities(void **state)
{
	unsigned int refused = 0;
	struct rand r;

	(void)state;
	rand_seed(&r, 1);
	v->forgiving = true;
	for (int i = 0; i < 3000; i++) {
		uint8_t good[256];

		memcpy(good, v->config, sizeof(good));
		for (unsigned int n = 1 + rand_below(&r, 3); n; n--)
			v->config[model_virtio_cap(1) + rand_below(&r, 4 * 20)] =
				rand_below(&r, 2) ? rand_below(&r, 8) : rand_next(&r);
		model_virtio_forget(v);
		/* A list that goes in a circle does not come so far. */
		refused += pci_check_caps(&v->dev) || virtio_start(&vdev, &v->dev, WANTED);
		virtio_stop(&vdev);
		memcpy(v->config, good, sizeof(good));
	}
	assert_true(refused > 500 && refused < 2900);
	assert_nothing_left(m, before);
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
static const struct CMUnitTest tests[] = {
	TEST(test_35_6_legacy),
	TEST(test_35_6_modern),
	TEST(test_notify),
	TEST(test_41_1_smaller_ring),
	TEST(test_41_2_choice),
	TEST(test_35_5_missing),
	TEST(test_35_5_outside),
	TEST(test_35_5_odd),
	TEST(test_35_6_refusals),
	TEST(test_35_8_queues),
	TEST(test_interrupts),
	TEST(test_no_pin),
	TEST(test_silent),
	TEST(test_35_6_needs_reset),
	TEST(test_halt),
	TEST(test_config),
	TEST(test_random_capabilities),
};
TEST_GROUP(virtio)
