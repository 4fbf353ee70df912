/*
 * The memory card (see card.h): a transfer is a copy.
 */
#include <errno.h>
#include <string.h>

#include "boot/paging.h"
#include "kernel/core/log/printk.h"
#include "kernel/dev/block/disk.h"
#include "kernel/dev/card.h"
#include "mm/slab/kmalloc.h"

#define MEMORY_BAR 2

struct card {
	struct disk disk;
	char *memory;
};

static char *at(const struct card *card, uint64_t sector)
{
	return card->memory + (sector << SECTOR_SHIFT);
}

/* Most are whole pages, and swap has nothing else. */
static void copy(void *to, const void *from, unsigned int len)
{
	if (likely(len == PAGE_SIZE && !((uintptr_t)to % 16) && !((uintptr_t)from % 16)))
		copy_page(to, from);
	else
		memcpy(to, from, len);
}

static int card_transfer(struct disk *disk, struct bio *bio)
{
	char *p = at(disk->driver, bio->sector);

	for (unsigned int i = 0; i < bio->nr_vecs; i++) {
		const struct bio_vec *v = &bio->vecs[bio->first_vec + i];
		char *data = (char *)page_address(disk->memory, v->page) + v->offset;

		if (bio->op == BIO_READ)
			copy(data, p, v->len);
		else
			copy(p, data, v->len);
		p += v->len;
	}
	return 0;
}

static const struct disk_ops card_ops = {.transfer = card_transfer};

static const char *start(struct card *card, struct pci_dev *pci)
{
	static char line[96];
	const struct pci_bar *bar = &pci->bar[MEMORY_BAR];

	card->memory = pci_map(pci, MEMORY_BAR, 0, bar->size, true);
	if (!card->memory) {
		ksnprintf(line, sizeof(line),
			"pci %s: the memory card has no memory at BAR %u; expected its size there",
			pci->name, MEMORY_BAR);
		return line;
	}
	card->disk = (struct disk){.memory = &system_memory,
		.ops = &card_ops,
		.driver = card,
		.name = "card",
		.capacity = bar->size >> SECTOR_SHIFT};
	return disk_add(&card->disk, 0);
}

static const char *card_probe(struct pci_dev *pci)
{
	struct card *card;
	const char *error;

	if (disk_find("card"))
		return "card: there is one already; expected one memory card";
	card = kzalloc(&system_memory, sizeof(*card), GFP_KERNEL);
	if (!card)
		return "card: no memory for it";
	error = start(card, pci);
	if (error) {
		kfree(&system_memory, card);
		return error;
	}
	pci->data = card;
	return NULL;
}

static void card_remove(struct pci_dev *pci)
{
	struct card *card = pci->data;

	disk_remove(&card->disk);
	kfree(&system_memory, card);
}

static const struct pci_id ids[] = {{0x1af4, 0x1110}, {0, 0}};

const struct pci_driver card_driver = {
	.name = "card", .ids = ids, .probe = card_probe, .remove = card_remove};
