/*
 * Swap on disks (see swap_disk.h): a page is a bio, but where the disk is synchronous.
 */
#include <string.h>

#include "kernel/core/machine.h"
#include "kernel/core/log/printk.h"
#include "kernel/dev/block/disk.h"
#include "kernel/dev/swap_disk.h"
#include "mm/show/validate.h"
#include "mm/swap/swap_area.h"

/* Majors of 4.8's: of virtio-blk as it is given out there, and of zram, which the card stands for. */
#define MAJOR_VIRTBLK 254
#define MAJOR_ZRAM    253
#define MINORS_A_DISK 16

/* §34.10: no bio of the block layer's, no tag, no plug. */
static int transfer(const struct swap_device *dev, uint64_t at, struct page *page, bool write)
{
	struct disk *disk = dev->disk;
	struct bio_vec vec = {.page = page, .len = PAGE_SIZE};
	struct bio bio = {.disk = disk,
		.sector = at * SECTORS_OF_PAGE,
		.size = PAGE_SIZE,
		.op = write ? BIO_WRITE : BIO_READ,
		.nr_vecs = 1,
		.vecs = &vec};

	mm_event_add(disk->memory, write ? PGPGOUT : PGPGIN, SECTORS_OF_PAGE);
	return disk->ops->transfer(disk, &bio);
}

static void end(struct bio *bio)
{
	struct memory *m = bio->disk->memory;
	struct page *page = bio->private;
	bool write = bio->op == BIO_WRITE;
	int error = bio->error;

	bio_put(bio);
	swap_io_end(m, page, write, error);
}

static void submit(const struct swap_device *dev, uint64_t at, struct page *page, bool write)
{
	struct bio *bio = bio_alloc(write ? GFP_NOIO : GFP_KERNEL, 1);

	bio->disk = dev->disk;
	bio->sector = at * SECTORS_OF_PAGE;
	bio->op = write ? BIO_WRITE : BIO_READ;
	bio->end = end;
	bio->private = page;
	bio_add_page(bio, page, PAGE_SIZE, 0);
	submit_bio(bio);
}

static const struct swap_device_ops synchronous = {.transfer = transfer};
static const struct swap_device_ops by_bio = {.submit = submit};

/* vda is 0, the card as well. */
static unsigned int number_of(const struct disk *disk)
{
	return strncmp(disk->name, "vd", 2) ? 0 : disk->name[2] - 'a';
}

static struct disk *find(const char *name)
{
	struct disk *disk = disk_find(name);

	for (unsigned int n = 0; !disk && !strcmp(name, "disk") && disk_nth(n); n++)
		if (!disk_nth(n)->ops->transfer)
			disk = disk_nth(n);
	return disk;
}

/* The size of a card, or a disk, that has room for such an area and its header: a power of two. */
static long device_mib(long kbytes)
{
	long mib = 1;

	while (mib << 10 <= kbytes)
		mib <<= 1;
	return mib;
}

/* Where memory was refused on purpose a disk may be missing, or an area, that was asked for rightly. */
static const char *whose_fault(const struct memory *m)
{
	return m->event[FAULTS_INJECTED] ? "machine" : "bad parameter";
}

static void add(struct memory *m, const struct swap_spec *s)
{
	struct disk *disk = find(s->name);
	struct swap_device dev;
	const char *err;

	if (!disk || disk->read_only)
		machine_refuse("%s: swap=%s:%ld: %s; expected a disk to write to, as with "
			       "DEVICES=\"%s=%ld\"",
			whose_fault(m), s->name, s->kbytes,
			disk ? "it is read-only" : "there is no such disk",
			strcmp(s->name, "card") ? "disk" : "card", device_mib(s->kbytes));
	dev = (struct swap_device){.ops = disk->ops->transfer ? &synchronous : &by_bio,
		.disk = disk,
		.pages = disk->capacity / SECTORS_OF_PAGE,
		.rotational = disk->rotational,
		.major = disk->ops->transfer ? MAJOR_ZRAM : MAJOR_VIRTBLK,
		.minor = number_of(disk) * MINORS_A_DISK};
	strcpy(dev.name, disk->name);
	err = swap_on(m, &dev, s->kbytes / 4, s->prio, m->tunables.fail_page_alloc.seed);
	if (err)
		machine_refuse("%s: %s", whose_fault(m), err);
}

void swap_start(void)
{
	struct memory *m = &system_memory;

	for (unsigned int i = 0; i < MAX_SWAP_SPECS && m->tunables.swap[i].name[0]; i++)
		add(m, &m->tunables.swap[i]);
}

void swap_disk_on(const char *name, long kbytes)
{
	struct swap_spec s = {.kbytes = kbytes, .prio = SWAP_PRIO_AUTO};

	strncpy(s.name, name, sizeof(s.name) - 1);
	add(&system_memory, &s);
}

void swap_stop(void)
{
	const char *err = mm_validate(&system_memory);

	if (!err)
		err = swap_off_all(&system_memory);
	if (err)
		panic("%s", err);
}
