/*
 * A virtio device's interrupts by message (kernel/dev/virtio/interrupt.c, §35.4, §35.5, §41.2 item 19), and
 * messages of any device (kernel/dev/pci/pci_msix.h). By wire: test_virtio.c.
 */
#include "model_virtio.h"

#include "kernel/core/param.h"
#include "kernel/dev/pci/pci_msix.h"
#include "slab/slab_case.h"

#define FEATURES (VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX)
#define QUEUES   3

static const char *const transports[] = {"virtio=legacy", "virtio=modern"};

static struct memory *m;
static struct model_virtio *v;
static struct virtio_device vdev;
static unsigned int calls[QUEUES], changes;
static long before;

static void used(struct virtqueue *vq)
{
	calls[vq->index]++;
}

static void changed(struct virtio_device *dev)
{
	(void)dev;
	changes++;
}

static int setup(void **state)
{
	int err = twin_setup(state);

	set_parameters("virtio=auto msix=1");
	m = slab_machine(1);
	before = all_free(m);
	v = model_virtio_new(m);
	for (int i = 0; i < QUEUES; i++)
		v->queue[i].num = 16;
	memset(&vdev, 0, sizeof(vdev));
	memset(calls, 0, sizeof(calls));
	vdev.memory = m;
	vdev.config_changed = changed;
	virtio_devices = changes = 0;
	return err;
}

static int teardown(void **state)
{
	virtio_stop(&vdev);
	set_parameters("virtio=auto msix=1");
	model_virtio_free(v);
	return twin_teardown(state);
}

static void start(unsigned int queues)
{
	assert_null(virtio_start(&vdev, &v->dev, FEATURES));
	for (unsigned int i = 0; i < queues; i++)
		assert_null(virtio_add_queue(&vdev, "requests", used));
	assert_null(virtio_ready(&vdev));
}

static void stop(void)
{
	virtio_stop(&vdev);
	model_virtio_forget(v);
	assert_null(v->irq);
	assert_int_equal(v->config[MODEL_MSIX_CAP + 3] & 0x80, 0);
	for (unsigned int i = 0; i < v->messages; i++)
		assert_int_equal(v->table[4 * i + 3] & 1, 1);
	assert_nothing_left(m, before);
}

static void use_one_of(unsigned int queue)
{
	struct scatterlist sg = {0x1000, 16};
	static char data;

	assert_int_equal(virtqueue_add_sgs(vdev.vq[queue], &sg, 1, 0, &data, GFP_ATOMIC), 0);
	model_virtio_work(v);
}

static void assert_by_wire(void)
{
	assert_ptr_equal(v->irq, &vdev.irq);
	assert_int_equal(vdev.nr_messages, 0);
	assert_int_equal(v->config[MODEL_MSIX_CAP + 3] & 0x80, 0);
	assert_int_equal(pci_read16(&v->dev, PCI_COMMAND) & PCI_COMMAND_INTX_OFF, 0);
}

/* Message 0 is the configuration's, and each queue has its own; nobody asks why. */
static void test_a_message_each(void **state)
{
	(void)state;
	for (int t = 0; t < 2; t++) {
		set_parameters(transports[t]);
		model_virtio_give_messages(v, 1 + QUEUES);
		memset(calls, 0, sizeof(calls));
		changes = 0;
		start(QUEUES);
		assert_null(v->irq);
		assert_int_equal(pci_read16(&v->dev, PCI_COMMAND),
			PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER |
				PCI_COMMAND_INTX_OFF);
		assert_int_equal(v->config_vector, 0);
		for (int i = 0; i < QUEUES; i++)
			assert_int_equal(v->queue[i].vector, 1 + i);
		v->isr = 3;
		use_one_of(1);
		use_one_of(2);
		assert_true(model_virtio_send(v, 1));
		assert_true(model_virtio_send(v, 2));
		assert_int_equal(calls[0] + calls[2], 0);
		assert_int_equal(calls[1], 1);
		assert_int_equal(changes, 0);
		assert_true(model_virtio_send(v, 0));
		assert_int_equal(changes, 1);
		assert_int_equal(calls[0] + calls[1] + calls[2], 1);
		assert_int_equal(v->isr, 3);
		stop();
		assert_false(model_virtio_send(v, 1));
	}
}

static void test_one_message_for_all_queues(void **state)
{
	(void)state;
	for (int t = 0; t < 2; t++) {
		set_parameters(transports[t]);
		model_virtio_give_messages(v, QUEUES);
		memset(calls, 0, sizeof(calls));
		start(QUEUES);
		for (int i = 0; i < QUEUES; i++)
			assert_int_equal(v->queue[i].vector, 1);
		assert_int_equal(v->table[4 * 2 + 3] & 1, 1); /* one too many, and not asked for */
		use_one_of(0);
		use_one_of(2);
		assert_true(model_virtio_send(v, 1));
		assert_int_equal(calls[0] + calls[2], 2);
		assert_int_equal(calls[1], 0);
		stop();
	}
}

/* §35.4: two registers lie where the configuration began. */
static void test_35_4_config_moves(void **state)
{
	uint32_t word;

	(void)state;
	set_parameters("virtio=legacy");
	model_virtio_give_messages(v, 2);
	assert_null(virtio_start(&vdev, &v->dev, FEATURES));
	assert_null(virtio_add_queue(&vdev, "requests", used));
	virtio_config_read(&vdev, 4, &word, 4);
	assert_int_equal(word, 0x17161514);
	assert_null(virtio_ready(&vdev));
	virtio_config_read(&vdev, 4, &word, 4);
	assert_int_equal(word, 0x17161514);
	word = 0x01020304;
	virtio_config_write(&vdev, 4, &word, 4);
	assert_memory_equal(&v->own[4], &word, 4);
	assert_int_equal(v->config_vector, 0);
}

static void test_by_wire_instead(void **state)
{
	(void)state;
	for (int t = 0; t < 2; t++) {
		set_parameters(transports[t]);
		set_parameters("msix=0");
		model_virtio_give_messages(v, 2);
		start(1);
		assert_by_wire();
		virtio_stop(&vdev);

		set_parameters("msix=1");
		model_virtio_give_messages(v, 1); /* not one for queues */
		start(1);
		assert_by_wire();
		stop();
	}
}

/* A message that reads back as none: of each queue, then of all, and then no messages at all. */
static void test_35_5_refused_vectors(void **state)
{
	(void)state;
	for (int t = 0; t < 2; t++) {
		set_parameters(transports[t]);
		model_virtio_give_messages(v, 1 + QUEUES);
		v->vectors_refused[3] = true;
		start(QUEUES);
		assert_int_equal(vdev.nr_messages, 2);
		assert_int_equal(v->queue[2].vector, 1);
		assert_int_equal(v->table[4 * 2 + 3] & 1, 1);
		stop();
		v->vectors_refused[1] = true;
		start(QUEUES);
		assert_by_wire();
		v->isr = VIRTIO_ISR_QUEUE;
		use_one_of(1);
		calls[1] = 0;
		assert_true(v->irq->fn(v->irq));
		assert_int_equal(calls[1], 1);
		stop();
		memset(v->vectors_refused, 0, sizeof(v->vectors_refused));
		v->vectors_refused[0] = true;
		start(QUEUES);
		assert_by_wire();
		stop();
		v->vectors_refused[0] = false;
	}
}

static void test_table_outside_its_bar(void **state)
{
	(void)state;
	model_virtio_give_messages(v, 2);
	model_virtio_set32(v, MODEL_MSIX_CAP + 4, 0xff1);
	start(1);
	assert_line(
		"pci 0000:00:02.0: its MSI-X table is at 0xff0 of BAR 1; expected 32 bytes there");
	assert_int_equal(console_count("MSI-X"), 1);
	assert_by_wire();
	virtio_stop(&vdev);
	model_virtio_set32(v, MODEL_MSIX_CAP + 4, 5); /* a BAR that there is not */
	start(1);
	assert_by_wire();
}

/* All vectors are somebody's: fewer messages, or none. */
static void test_vectors_taken(void **state)
{
	static struct pci_msix other[MSIX_VECTORS];
	struct pci_msix one_more;

	(void)state;
	model_virtio_give_messages(v, 1 + QUEUES);
	assert_null(pci_msix_enable(&v->dev));
	for (int i = 0; i < MSIX_VECTORS; i++)
		assert_true(pci_msix_request(&v->dev, 0, &other[i]));
	for (int i = 1; i < MSIX_VECTORS; i++)
		assert_int_not_equal(other[i].vector, other[i - 1].vector);
	assert_false(pci_msix_request(&v->dev, 0, &one_more));
	start(QUEUES);
	assert_by_wire();
	virtio_stop(&vdev);

	assert_null(pci_msix_enable(&v->dev));
	pci_msix_free(&v->dev, 0, &other[3]);
	pci_msix_free(&v->dev, 0, &other[9]);
	start(QUEUES);
	assert_int_equal(vdev.nr_messages, 2);
	assert_int_equal(v->table[2], other[3].vector);
	assert_int_equal(v->table[4 + 2], other[9].vector);
	virtio_stop(&vdev);
	assert_null(pci_msix_enable(&v->dev));
	for (int i = 0; i < MSIX_VECTORS; i++)
		if (i != 3 && i != 9)
			pci_msix_free(&v->dev, 0, &other[i]);
	pci_msix_disable(&v->dev);
}

/* One that is under way when its last user goes. */
static void test_late_message(void **state)
{
	uint32_t entry[4];

	(void)state;
	model_virtio_give_messages(v, 2);
	start(1);
	use_one_of(0);
	memcpy(entry, &v->table[4], sizeof(entry));
	virtio_stop(&vdev);
	memcpy(&v->table[4], entry, sizeof(entry));
	v->config[MODEL_MSIX_CAP + 3] |= 0x80;
	assert_true(model_virtio_send(v, 1));
	assert_int_equal(calls[0], 0);
}

/* What is broken by that says so to its queues' drivers, whose messages may never come. */
static void test_35_6_needs_reset(void **state)
{
	(void)state;
	model_virtio_give_messages(v, 1 + QUEUES);
	start(2);
	v->status |= VIRTIO_NEEDS_RESET;
	assert_true(model_virtio_send(v, 0));
	assert_int_equal(changes, 0);
	assert_int_equal(calls[0], 1);
	assert_int_equal(calls[1], 1);
	assert_line("virtio_blk virtio0: status 0x4f: the device needs a reset");
	assert_string_equal(vdev.vq[1]->broken, "the device gave up");
}

static void test_silent(void **state)
{
	(void)state;
	model_virtio_give_messages(v, 2);
	vdev.silent = true;
	start(1);
	assert_ptr_equal(v->irq, &vdev.irq);
	assert_int_equal(v->config[MODEL_MSIX_CAP + 3] & 0x80, 0);
	assert_true(pci_read16(&v->dev, PCI_COMMAND) & PCI_COMMAND_INTX_OFF);
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
static const struct CMUnitTest tests[] = {
	TEST(test_a_message_each),
	TEST(test_one_message_for_all_queues),
	TEST(test_35_4_config_moves),
	TEST(test_by_wire_instead),
	TEST(test_35_5_refused_vectors),
	TEST(test_table_outside_its_bar),
	TEST(test_vectors_taken),
	TEST(test_late_message),
	TEST(test_35_6_needs_reset),
	TEST(test_silent),
};
TEST_GROUP(interrupt)
