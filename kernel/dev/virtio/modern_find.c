/*
 * Where a modern device's registers are: capabilities that name a BAR, an offset and a length (§35.5).
 */
#include "kernel/dev/virtio/modern.h"

#define CAP_TYPE       3
#define CAP_BAR        4
#define CAP_OFFSET     8
#define CAP_LENGTH     12
#define CAP_MULTIPLIER 16

enum { COMMON = 1, NOTIFY, ISR, DEVICE };

static const struct part {
	unsigned int type;
	const char *name;
	unsigned int least, align; /* bytes */
} parts[] = {{COMMON, "common", COMMON_SIZE, 4}, {NOTIFY, "notify", 2, 2}, {ISR, "ISR", 1, 1},
	{DEVICE, "device", 0, 4}};

/* The first of its type; BARs that there are not are of later versions, and passed over. 0: none. */
static unsigned int find_cap(const struct pci_dev *pci, unsigned int type)
{
	unsigned int cap = 0;

	while ((cap = pci_find_cap(pci, PCI_CAP_VENDOR, cap)))
		if (pci_read8(pci, cap + CAP_TYPE) == type &&
			pci_read8(pci, cap + CAP_BAR) < PCI_NR_BARS)
			return cap;
	return 0;
}

bool modern_offered(const struct pci_dev *pci)
{
	return find_cap(pci, COMMON);
}

static const char *map_part(struct virtio_device *vdev, const struct part *part, unsigned int cap,
	volatile uint8_t **at, unsigned int *len)
{
	unsigned int bar = pci_read8(vdev->pci, cap + CAP_BAR);
	uint32_t offset = pci_read32(vdev->pci, cap + CAP_OFFSET);

	*len = pci_read32(vdev->pci, cap + CAP_LENGTH);
	if (*len < part->least || offset % part->align)
		return virtio_error(vdev,
			"its %s registers are %u bytes at 0x%x of BAR %u; expected at least %u, "
			"at a multiple of %u",
			part->name, *len, offset, bar, part->least, part->align);
	*at = pci_map(vdev->pci, bar, offset, *len, false);
	if (!*at)
		return virtio_error(vdev,
			"its %s registers, 0x%x bytes at 0x%x, do not lie in BAR %u, which is "
			"%s of 0x%lx bytes",
			part->name, *len, offset, bar, vdev->pci->bar[bar].io ? "ports" : "memory",
			vdev->pci->bar[bar].size);
	return NULL;
}

/* A device without configuration of its own need not have that part. */
static const char *find_part(struct virtio_device *vdev, const struct part *part,
	volatile uint8_t **at, unsigned int *len)
{
	unsigned int cap = find_cap(vdev->pci, part->type);

	if (cap)
		return map_part(vdev, part, cap, at, len);
	*len = 0;
	if (!part->least)
		return NULL;
	return virtio_error(
		vdev, "no capability names its %s registers (type %u)", part->name, part->type);
}

/* Registers of 2 bytes, each for itself or all the same one. */
static const char *find_multiplier(struct virtio_device *vdev)
{
	unsigned int cap = find_cap(vdev->pci, NOTIFY);
	uint32_t m = pci_read32(vdev->pci, cap + CAP_MULTIPLIER);

	vdev->notify_multiplier = m;
	if (m == 1 || (m & (m - 1)))
		return virtio_error(
			vdev, "its notify multiplier is %u; expected 0 or an even power of two", m);
	return NULL;
}

const char *modern_find(struct virtio_device *vdev)
{
	volatile uint8_t **const at[] = {&vdev->common, &vdev->notify, &vdev->isr, &vdev->config};
	unsigned int len[ARRAY_SIZE(parts)];

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		const char *error = find_part(vdev, &parts[i], at[i], &len[i]);

		if (error)
			return error;
	}
	vdev->notify_len = len[1];
	vdev->config_len = len[3];
	return find_multiplier(vdev);
}
