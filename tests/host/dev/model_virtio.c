/*
 * A virtio device (see model_virtio.h).
 */
#include "model_virtio.h"

#include "dev/stage.h"

#define PORTS       0x80u
#define MEMORY      0x4000u
#define BAR4        (PCI_BAR0 + 16)
#define FIRST_CAP   0x40
#define CAP_BYTES   0x14
#define PFN_UNIT    4096
#define AT_ISR      0x1000
#define AT_OWN      0x2000
#define AT_NOTIFY   0x3000
#define NEEDS_RESET 0x40

#define TABLE     0x1000u
#define BAR1      (PCI_BAR0 + 4)
#define MSIX_ON   0x80
#define NO_VECTOR 0xffff

static struct model_virtio *model;

const char *pci_irq_request(const struct pci_dev *dev, struct pci_irq *irq)
{
	if (!dev->pin)
		return "pci: no pin";
	model->irq = irq;
	return NULL;
}

void pci_irq_free(const struct pci_dev *dev, struct pci_irq *irq)
{
	(void)dev;
	assert_ptr_equal(model->irq, irq);
	model->irq = NULL;
}

void model_virtio_set32(struct model_virtio *v, unsigned int at, uint32_t value)
{
	memcpy(&v->config[at], &value, sizeof(value));
}

static uint32_t get32(const struct model_virtio *v, unsigned int at)
{
	uint32_t value;

	memcpy(&value, &v->config[at], sizeof(value));
	return value;
}

static uint32_t config_read(
	const struct pci_bus *bus, unsigned int slot, unsigned int fn, unsigned int reg)
{
	(void)slot;
	(void)fn;
	assert_true(reg < 256 && reg % 4 == 0);
	return get32(container_of(bus, struct model_virtio, bus), reg);
}

/* §41.1: without bus master driver-ok is gone. */
static void write_command(struct model_virtio *v, uint16_t command)
{
	memcpy(&v->config[PCI_COMMAND], &command, sizeof(command));
	if (!(command & PCI_COMMAND_MASTER))
		v->status &= ~VIRTIO_DRIVER_OK;
}

static void config_write(
	const struct pci_bus *bus, unsigned int slot, unsigned int fn, unsigned int reg, uint32_t x)
{
	struct model_virtio *v = (struct model_virtio *)container_of(bus, struct model_virtio, bus);

	(void)slot;
	(void)fn;
	if (reg == PCI_COMMAND)
		write_command(v, x);
	else if (reg == PCI_BAR0 && v->config[reg] & 1)
		model_virtio_set32(v, reg, (x & -PORTS) | 1);
	else if (reg == BAR1 && v->messages)
		model_virtio_set32(v, reg, x & -TABLE);
	else if (reg == MODEL_MSIX_CAP && v->messages)
		v->config[reg + 3] = (v->config[reg + 3] & ~MSIX_ON) | (x >> 24 & MSIX_ON);
	else if (reg == BAR4)
		model_virtio_set32(v, reg, (x & -MEMORY) | 0xc);
	else if (reg == BAR4 + 4)
		model_virtio_set32(v, reg, x);
}

static struct model_queue *chosen(struct model_virtio *v)
{
	static struct model_queue none;

	none = (struct model_queue){.num = 0};
	return v->queue_select < ARRAY_SIZE(v->queue) ? &v->queue[v->queue_select] : &none;
}

static uint16_t *word(struct model_virtio *v, uint64_t phys)
{
	return (uint16_t *)(v->memory->virt_base + phys);
}

static void end_all(struct model_virtio *v, struct model_queue *q)
{
	uint16_t idx = *word(v, q->avail + 2);

	if (v->at_once && (uint16_t)(idx - q->last_avail) > v->at_once)
		idx = q->last_avail + v->at_once;
	for (; q->last_avail != idx; q->last_avail++, q->used_idx++) {
		uint64_t elem = q->used + 4 + 8 * (q->used_idx % q->entries);

		*(uint32_t *)word(v, elem) =
			*word(v, q->avail + 4 + 2 * (q->last_avail % q->entries));
		*(uint32_t *)word(v, elem + 4) = 0;
	}
	*word(v, q->used + 2) = q->used_idx;
	*word(v, q->used + 4 + 8 * q->entries) =
		q->last_avail; /* of the next it wants to be told */
}

void model_virtio_work(struct model_virtio *v)
{
	for (size_t i = 0; i < ARRAY_SIZE(v->queue); i++)
		if (v->queue[i].enabled && !v->never_ends)
			end_all(v, &v->queue[i]);
}

static bool messages_on(const struct model_virtio *v)
{
	return v->messages && v->config[MODEL_MSIX_CAP + 3] & MSIX_ON;
}

static uint16_t vector_for(const struct model_virtio *v, uint32_t x)
{
	return x < v->messages && !v->vectors_refused[x] ? x : NO_VECTOR;
}

static void reset(struct model_virtio *v)
{
	if (v->status & VIRTIO_DRIVER_OK)
		model_virtio_work(v);
	for (size_t i = 0; i < ARRAY_SIZE(v->queue); i++)
		v->queue[i] = (struct model_queue){.num = v->queue[i].num,
			.notify_offset = v->queue[i].notify_offset,
			.told = v->queue[i].told,
			.vector = NO_VECTOR};
	v->config_vector = NO_VECTOR;
	v->accepted = 0;
	v->isr = 0;
	v->status = v->never_resets ? NEEDS_RESET : 0;
	if (v->on_reset)
		v->on_reset(v);
}

/* A register that there is; or the test fails. */
static bool is_there(const struct model_virtio *v, bool there)
{
	if (!there && !v->forgiving)
		fail_msg("a register that there is not");
	return there;
}

static void write_status(struct model_virtio *v, uint8_t status)
{
	if (is_there(v, v->nr_statuses < ARRAY_SIZE(v->statuses)))
		v->statuses[v->nr_statuses++] = status;
	if (!status) {
		reset(v);
		return;
	}
	v->status = status;
	if (v->refuses_features)
		v->status &= ~VIRTIO_FEATURES_OK;
	if (v->not_driver_ok)
		v->status &= ~VIRTIO_DRIVER_OK;
}

static uint8_t read_isr(struct model_virtio *v)
{
	uint8_t isr = v->isr;

	v->isr = 0;
	return isr;
}

static void tell(struct model_virtio *v, unsigned int queue)
{
	if (is_there(v, queue < ARRAY_SIZE(v->queue) && v->queue[queue].enabled))
		v->queue[queue].told++;
	if (v->on_tell && v->queue[queue].enabled)
		v->on_tell(v, queue);
}

static uint32_t own_read(struct model_virtio *v, unsigned int at, unsigned int bytes)
{
	uint32_t value = 0;

	if (!is_there(v, at + bytes <= sizeof(v->own)))
		return 0;
	v->own_widths |= 1u << bytes;
	memcpy(&value, &v->own[at], bytes);
	if (v->restless)
		v->generation++;
	return value;
}

static void own_write(struct model_virtio *v, unsigned int at, unsigned int bytes, uint32_t x)
{
	if (!is_there(v, at + bytes <= sizeof(v->own)))
		return;
	v->own_widths |= 1u << bytes;
	memcpy(&v->own[at], &x, bytes);
}

static uint32_t port_read(struct model_virtio *v, unsigned int at, unsigned int bytes)
{
	switch (at) {
	case 0:
		return v->offered;
	case 12:
		return chosen(v)->num;
	case 18:
		return v->status;
	case 19:
		return read_isr(v);
	default:
		break;
	}
	if (messages_on(v) && at < 24) {
		assert_int_equal(bytes, 2);
		return at == 20 ? v->config_vector : chosen(v)->vector;
	}
	assert_true(at >= 20);
	return own_read(v, at - (messages_on(v) ? 24 : 20), bytes);
}

static void port_enable(struct model_virtio *v, uint64_t pfn)
{
	struct model_queue *q = chosen(v);

	q->desc = pfn * PFN_UNIT;
	q->avail = q->desc + 16 * q->num;
	q->used = (q->avail + 6 + 2 * q->num + PFN_UNIT - 1) / PFN_UNIT * PFN_UNIT;
	q->entries = q->num;
	q->enabled = pfn;
}

static void port_write(struct model_virtio *v, unsigned int at, unsigned int bytes, uint32_t x)
{
	switch (at) {
	case 4:
		v->accepted = x;
		break;
	case 8:
		port_enable(v, x);
		break;
	case 14:
		v->queue_select = x;
		break;
	case 16:
		tell(v, x);
		break;
	case 18:
		write_status(v, x);
		break;
	default:
		assert_true(at >= 20);
		if (!messages_on(v))
			own_write(v, at - 20, bytes, x);
		else if (at == 20)
			v->config_vector = vector_for(v, x);
		else if (at == 22)
			chosen(v)->vector = vector_for(v, x);
		else
			own_write(v, at - 24, bytes, x);
	}
}

static uint32_t common_read(struct model_virtio *v, unsigned int at)
{
	switch (at) {
	case 4:
		return v->device_select < 2 ? v->offered >> 32 * v->device_select : 0;
	case 16:
		return v->config_vector;
	case 18:
		return ARRAY_SIZE(v->queue);
	case 20:
		return v->status;
	case 21:
		return v->generation;
	case 24:
		return chosen(v)->num;
	case 26:
		return chosen(v)->vector;
	case 30:
		return chosen(v)->notify_offset;
	default:
		is_there(v, false);
		return 0;
	}
}

static void set_half(uint64_t *value, bool high, uint32_t x)
{
	*value = high ? (uint32_t)*value | (uint64_t)x << 32 : (*value >> 32 << 32) | x;
}

static void common_write(struct model_virtio *v, unsigned int at, uint32_t x)
{
	struct model_queue *q = chosen(v);

	switch (at) {
	case 0:
		v->device_select = x;
		break;
	case 8:
		v->driver_select = x;
		break;
	case 12:
		set_half(&v->accepted, v->driver_select, x);
		break;
	case 16:
		v->config_vector = vector_for(v, x);
		break;
	case 20:
		write_status(v, x);
		break;
	case 22:
		v->queue_select = x;
		break;
	case 24:
		q->entries = x;
		break;
	case 26:
		q->vector = vector_for(v, x);
		break;
	case 28:
		q->enabled = x;
		break;
	case 32 ... 52:
		set_half(at < 40 ? &q->desc : at < 48 ? &q->avail : &q->used, at % 8, x);
		break;
	default:
		is_there(v, false);
	}
}

/* Its place in the table of messages, which is read and written in words of 32 bits; NULL: another place. */
static uint32_t *table_word(struct model_virtio *v, uint64_t at, unsigned int bytes)
{
	if (!v->messages || at < MODEL_TABLE || at >= MODEL_TABLE + TABLE)
		return NULL;
	at -= MODEL_TABLE;
	assert_true(bytes == 4 && at % 4 == 0 && at / 16 < v->messages);
	return &v->table[at / 4];
}

static uint32_t device_read(uint64_t at, unsigned int bytes, bool port)
{
	struct model_virtio *v = model;

	v->nr_accesses++;
	if (port) {
		assert_true(at >= MODEL_PORTS && at + bytes <= MODEL_PORTS + PORTS);
		return port_read(v, at - MODEL_PORTS, bytes);
	}
	if (table_word(v, at, bytes))
		return *table_word(v, at, bytes);
	assert_true(at >= MODEL_MEMORY && at + bytes <= MODEL_MEMORY + MEMORY);
	at -= MODEL_MEMORY;
	if (at < AT_ISR)
		return common_read(v, at);
	return at < AT_OWN ? read_isr(v) : own_read(v, at - AT_OWN, bytes);
}

static void device_write(uint64_t at, unsigned int bytes, bool port, uint32_t x)
{
	struct model_virtio *v = model;

	v->nr_accesses++;
	if (port) {
		assert_true(at >= MODEL_PORTS && at + bytes <= MODEL_PORTS + PORTS);
		port_write(v, at - MODEL_PORTS, bytes, x);
		return;
	}
	if (table_word(v, at, bytes)) {
		*table_word(v, at, bytes) = x;
		return;
	}
	assert_true(at >= MODEL_MEMORY && at + bytes <= MODEL_MEMORY + MEMORY);
	at -= MODEL_MEMORY;
	if (at < AT_ISR)
		common_write(v, at, x);
	else if (at < AT_NOTIFY)
		own_write(v, at - AT_OWN, bytes, x);
	else
		tell(v, x);
}

static const struct host_device device = {device_read, device_write};

unsigned int model_virtio_cap(unsigned int type)
{
	return FIRST_CAP + CAP_BYTES * type;
}

static void add_caps(struct model_virtio *v)
{
	static const uint32_t offset[] = {0, 0, AT_NOTIFY, AT_ISR, AT_OWN};

	v->config[PCI_STATUS] = PCI_STATUS_CAP_LIST;
	v->config[PCI_CAPABILITIES] = model_virtio_cap(1);
	for (unsigned int type = 1; type <= 4; type++) {
		uint8_t *cap = &v->config[model_virtio_cap(type)];

		cap[0] = PCI_CAP_VENDOR;
		cap[1] = type < 4 ? model_virtio_cap(type + 1) : 0;
		cap[2] = type == 2 ? 20 : 16;
		cap[3] = type;
		cap[4] = 4;
		model_virtio_set32(v, model_virtio_cap(type) + 8, offset[type]);
		model_virtio_set32(v, model_virtio_cap(type) + 12, type == 4 ? 32 : 0x1000);
	}
	model_virtio_set32(v, model_virtio_cap(2) + 16, 4);
}

const char *model_virtio_find(struct model_virtio *v)
{
	const char *error;

	v->dev = (struct pci_dev){.bus = &v->bus,
		.slot = 2,
		.vendor = VIRTIO_VENDOR,
		.device = pci_read16(&(struct pci_dev){.bus = &v->bus}, 2),
		.pin = 1,
		.name = "0000:00:02.0",
		.driver = &v->driver};
	error = pci_check_caps(&v->dev);
	if (!error)
		error = pci_read_bars(&v->dev);
	pci_command(&v->dev, PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 0);
	return error;
}

void model_virtio_give_messages(struct model_virtio *v, unsigned int n)
{
	v->messages = n;
	v->config_vector = NO_VECTOR;
	v->config[model_virtio_cap(4) + 1] = MODEL_MSIX_CAP;
	v->config[MODEL_MSIX_CAP] = PCI_CAP_MSIX;
	v->config[MODEL_MSIX_CAP + 2] = n - 1;
	model_virtio_set32(v, MODEL_MSIX_CAP + 4, 1); /* at the start of BAR 1 */
	model_virtio_set32(v, BAR1, MODEL_TABLE);
	assert_null(model_virtio_find(v));
}

bool model_virtio_send(struct model_virtio *v, unsigned int message)
{
	const uint32_t *entry = &v->table[4 * message];
	struct pt_regs regs = {.vector = entry[2]};

	if (!messages_on(v) || message >= v->messages || entry[3] & 1)
		return false;
	assert_int_equal(entry[0], 0xfee00000 | cpus[0].apic_id << 12);
	assert_int_equal(entry[1], 0);
	assert_non_null(dev_stage.handler[entry[2]]);
	dev_stage.handler[entry[2]](&regs);
	return true;
}

struct model_virtio *model_virtio_new(struct memory *m)
{
	struct model_virtio *v = calloc(1, sizeof(*v));

	model = v;
	host_device = &device;
	v->bus = (struct pci_bus){config_read, config_write};
	v->driver.name = "virtio_blk";
	v->memory = m;
	v->offered = VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX | VIRTIO_F_VERSION_1 | 1 << 2 |
		1 << 6 | 1 << 30;
	v->queue[0] = (struct model_queue){.num = 256};
	v->status = 0x0f; /* as the firmware leaves it (§41.1) */
	model_virtio_set32(v, 0, 0x10011af4);
	model_virtio_set32(v, PCI_BAR0, MODEL_PORTS | 1);
	model_virtio_set32(v, BAR4, MODEL_MEMORY | 0xc);
	add_caps(v);
	assert_null(model_virtio_find(v));
	for (size_t i = 0; i < sizeof(v->own); i++)
		v->own[i] = 0x10 + i;
	model_virtio_forget(v);
	return v;
}

void model_virtio_free(struct model_virtio *v)
{
	host_device = NULL;
	model = NULL;
	free(v);
}

void model_virtio_forget(struct model_virtio *v)
{
	v->nr_statuses = v->nr_accesses = v->own_widths = 0;
}
