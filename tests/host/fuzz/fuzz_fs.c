/*
 * The file system under libFuzzer: each input is what is wrong with an image, of ext4's extents or ext2's maps.
 * All that can be done with it is done (fs/walk.h); nothing may crash or be lost, and what is refused is a line.
 * The first byte says which image, the second which block cannot be read; then four bytes each: a block of
 * metadata, a byte of it, its value. WALK_TRACE=1 tells what an input does.
 */
#include "dev/block_case.h"
#include "fs/walk.h"

#define EDIT       4
#define HEADER     2
#define LOST_EVERY 256 /* inputs */

const char *__asan_default_options(void);
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct image_disk image_disk[NR_IMAGES];
static struct {
	unsigned int block[256], nr;
} meta[NR_IMAGES];
static long free_before;

/* binutils are there, LLVM's own symbolizer need not be. */
const char *__asan_default_options(void)
{
	return "external_symbolizer_path=/usr/bin/addr2line";
}

/* What is read of an image that is whole: its metadata, and a few pages of files. */
static void learn(unsigned int kind)
{
	struct walk walk;

	memset(image_disk[kind].read, 0, sizeof(image_disk[kind].read));
	fs_walk(&image_disk[kind], pool, &walk);
	for (unsigned int block = 0; block < IMAGE_BLOCKS && meta[kind].nr < 256; block++)
		if (image_disk[kind].read[block])
			meta[kind].block[meta[kind].nr++] = block;
	BUG_ON(!walk.mounted || walk.failed || walk.opened < 8);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	setenv("CMOCKA_TEST_ABORT", "1", 1);
	twin_setup(NULL);
	block_machine(1);
	for (unsigned int kind = 0; kind < NR_IMAGES; kind++) {
		image_disk_add(&image_disk[kind], m, kind);
		learn(kind);
	}
	slab_shrink_all(m);
	free_before = all_free(m);
	return 0;
}

static void spoil(unsigned int kind, const uint8_t *edit)
{
	unsigned int block = meta[kind].block[edit[0] % meta[kind].nr];
	unsigned int byte = (edit[1] | edit[2] << 8) % PAGE_SIZE;

	if (getenv("WALK_TRACE"))
		printf("block %u, byte %u: 0x%02x\n", block, byte, edit[3]);
	image_spoil(&image_disk[kind], block, byte, edit[3], 1);
}

static void look_for_loss(void)
{
	static unsigned int inputs;

	if (++inputs % LOST_EVERY)
		return;
	slab_shrink_all(m);
	if (all_free(m) != free_before)
		panic("fs: %ld pages are free; expected %ld", all_free(m), free_before);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct image_disk *d;
	struct walk walk;
	unsigned int kind;

	kind = size > 0 ? data[0] % NR_IMAGES : 0;
	d = &image_disk[kind];
	d->fail_block = size > 1 && data[1] < meta[kind].nr ? (long)meta[kind].block[data[1]] : -1;
	for (size_t at = HEADER; at + EDIT <= size; at += EDIT)
		spoil(kind, data + at);
	fs_walk(d, pool, &walk);
	if (getenv("WALK_TRACE"))
		puts(console());
	image_mend(d);
	look_for_loss();
	return 0;
}
