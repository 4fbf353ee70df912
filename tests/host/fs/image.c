/*
 * Images (see image.h).
 */
#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dev/fake_disk.h"
#include "fs/image.h"

#define MOST_SPOILT 4096

static char *image[NR_IMAGES];
static struct {
	char *at, was;
} spoilt[MOST_SPOILT];
static unsigned int nr_spoilt;

/* A mapping, which the leak checker does not read. */
static char *load(const char *name)
{
	FILE *file = fopen(name, "rb");
	char *bytes = mmap(
		NULL, IMAGE_MIB << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	BUG_ON(!file || bytes == MAP_FAILED);
	BUG_ON(fread(bytes, 1, IMAGE_MIB << 20, file) != IMAGE_MIB << 20);
	fclose(file);
	return bytes;
}

static char *make(enum image_kind kind)
{
	const char *place = getenv("TMPDIR");
	char folder[256], name[272], command[400];
	char *bytes;

	snprintf(folder, sizeof(folder), "%s/image-XXXXXX", place ? place : P_tmpdir);
	BUG_ON(!mkdtemp(folder));
	snprintf(name, sizeof(name), "%s/disk", folder);
	snprintf(command, sizeof(command),
		"/usr/bin/python3 -B tests/run/machine/images.py %s %d %s",
		kind == IMAGE_EXT4 ? "ext4" : "ext2", IMAGE_MIB, name);
	BUG_ON(system(command));
	bytes = load(name);
	unlink(name);
	rmdir(folder);
	return bytes;
}

static void note(struct image_disk *d, const struct bio *bio)
{
	unsigned long block = bio->sector / SECTORS_OF_PAGE, n = bio->size / PAGE_SIZE;
	size_t at = strlen(d->log);

	snprintf(d->log + at, sizeof(d->log) - at, "R%lu+%lu ", block, n);
	memset(d->read + block, 1, n);
}

static int transfer(struct disk *disk, struct bio *bio)
{
	struct image_disk *d = disk->driver;
	char *p = d->bytes + (bio->sector << SECTOR_SHIFT);
	long first = bio->sector / SECTORS_OF_PAGE;

	assert_int_equal(bio->op, BIO_READ);
	note(d, bio);
	for (unsigned int i = 0; i < bio->nr_vecs; i++) {
		const struct bio_vec *v = &bio->vecs[i];

		assert_int_equal(v->len, PAGE_SIZE);
		memcpy(page_address(disk->memory, v->page), p + i * PAGE_SIZE, PAGE_SIZE);
	}
	return d->fail_block >= first && d->fail_block < first + bio->nr_vecs ? -EIO : 0;
}

static const struct disk_ops ops = {.transfer = transfer};

void image_disk_add(struct image_disk *d, struct memory *m, enum image_kind kind)
{
	if (!image[kind])
		image[kind] = make(kind);
	memset(d, 0, sizeof(*d));
	d->bytes = image[kind];
	d->fail_block = -1;
	d->disk = (struct disk){.memory = m,
		.ops = &ops,
		.driver = d,
		.name = "vda",
		.capacity = IMAGE_BLOCKS * SECTORS_OF_PAGE,
		.read_only = true};
	assert_null(disk_add(&d->disk, 0));
}

void image_disk_remove(struct image_disk *d)
{
	void (*before)(void) = twin.on_sleep;

	image_mend(d);
	twin.on_sleep = fake_workers_end;
	disk_remove(&d->disk);
	twin.on_sleep = before;
}

void *image_at(struct image_disk *d, unsigned long block, unsigned int byte)
{
	assert_true(block < IMAGE_BLOCKS && byte < PAGE_SIZE);
	return d->bytes + block * PAGE_SIZE + byte;
}

void image_spoil(struct image_disk *d, unsigned long block, unsigned int byte, uint64_t value,
	unsigned int n)
{
	char *at = image_at(d, block, byte);

	assert_true(byte + n <= PAGE_SIZE && nr_spoilt + n <= MOST_SPOILT);
	for (unsigned int i = 0; i < n; i++) {
		spoilt[nr_spoilt].at = at + i;
		spoilt[nr_spoilt++].was = at[i];
		at[i] = (char)(value >> 8 * i);
	}
}

void image_mend(struct image_disk *d)
{
	(void)d;
	while (nr_spoilt) {
		nr_spoilt--;
		*spoilt[nr_spoilt].at = spoilt[nr_spoilt].was;
	}
}
