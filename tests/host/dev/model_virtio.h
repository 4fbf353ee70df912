/*
 * A virtio device on a PCI bus of its own, both transports (§35.3 to §35.6), as QEMU has them: registers
 * behind BARs, and rings whose requests it ends, with length 0, at a reset. Knobs make it misbehave.
 */
#ifndef HOST_MODEL_VIRTIO_H
#define HOST_MODEL_VIRTIO_H

#include "twin.h"

#include "host_machine.h"
#include "kernel/dev/virtio/virtio_ops.h"

#define MODEL_PORTS  0xc000u
#define MODEL_MEMORY 0xfe000000ull /* BAR 4: 16 KiB */
#define MODEL_TABLE  0xfd000000ull /* BAR 1: 4 KiB, of messages */
#define MODEL_MOST   8             /* messages */

struct model_queue {
	unsigned int num; /* 0: there is none */
	uint16_t notify_offset;
	uint64_t desc, avail, used; /* physical */
	bool enabled;
	unsigned int entries; /* that the driver said */
	uint16_t last_avail, used_idx;
	unsigned int told;
	uint16_t vector;
};

struct model_virtio {
	struct pci_bus bus;
	struct pci_driver driver;
	struct pci_dev dev;
	struct memory *memory;
	uint8_t config[256]; /* PCI's */
	struct model_queue queue[3];
	uint64_t offered, accepted;
	uint8_t status, isr, generation, own[32]; /* own: the device's configuration */
	uint32_t device_select, driver_select, queue_select;
	uint8_t statuses[32]; /* as they were written, since the last model_virtio_forget() */
	unsigned int nr_statuses, nr_accesses;
	unsigned int own_widths; /* a bit for each width with which `own` was accessed */
	struct pci_irq *irq;     /* its handler */
	/* MSI-X, if it has messages at all. */
	unsigned int messages;
	uint32_t table[4 * MODEL_MOST];
	uint16_t config_vector;
	/* For devices of a kind: a queue has been told of something; all was reset. */
	void (*on_tell)(struct model_virtio *v, unsigned int queue);
	void (*on_reset)(struct model_virtio *v);
	/* Knobs. */
	bool never_resets, refuses_features, not_driver_ok, never_ends, restless;
	bool vectors_refused[MODEL_MOST];
	unsigned int at_once; /* requests of a queue that it ends at once; 0: all */
	bool forgiving; /* registers that there are not read as 0, as long as they are in a BAR */
};

/* A transitional disk with one queue of 256, found by its driver: its BARs have been read. */
struct model_virtio *model_virtio_new(struct memory *m);
void model_virtio_free(struct model_virtio *v);
void model_virtio_forget(struct model_virtio *v);
/* Read its BARs and identity anew, as the bus does. */
const char *model_virtio_find(struct model_virtio *v);
/* Where the capability of this type stands in `config`; of MSI-X, once it has messages. */
unsigned int model_virtio_cap(unsigned int type);
#define MODEL_MSIX_CAP 0xb0
/* It has so many messages, which its driver finds. */
void model_virtio_give_messages(struct model_virtio *v, unsigned int n);
/* It sends one; false: that is masked, or MSI-X is off. */
bool model_virtio_send(struct model_virtio *v, unsigned int message);
void model_virtio_set32(struct model_virtio *v, unsigned int at, uint32_t value);
/* It ends what it has been given. */
void model_virtio_work(struct model_virtio *v);

#endif
