/*
 * Machines with swap for the tests of mm/swap: disks that are memory, and what many tests ask.
 */
#ifndef HOST_SWAP_CASE_H
#define HOST_SWAP_CASE_H

#include <errno.h>
#include <sys/mman.h>

#include "../index/index_case.h"
#include "mm/swap/swap_area.h"
#include "mm/swap/swap_cache.h"

#define DISK_PAGES 1100

/* What is on all disks, each from its `disk` on; a test may let them fail, or one of them wait. */
struct fake_disk {
	/* A mapping: the leak checker reads all of a program's own variables. */
	char (*page)[PAGE_SIZE];
	int error;
	struct { /* begun, and not ended */
		struct page *page;
		uint64_t at;
		bool write;
	} late[DISK_PAGES];
	unsigned int nr_late;
	unsigned long reads, writes;
	uint64_t last; /* what was read or written last */
};

static struct memory *m;
static struct fake_disk fake;

static inline void fake_copy(uint64_t at, struct page *page, bool write)
{
	void *data = page_address(m, page);

	assert_in_range(at, 1, DISK_PAGES - 1);
	if (write)
		memcpy(fake.page[at], data, PAGE_SIZE);
	else
		memcpy(data, fake.page[at], PAGE_SIZE);
	fake.writes += write;
	fake.reads += !write;
	fake.last = at;
}

static inline int fake_transfer(
	const struct swap_device *dev, uint64_t at, struct page *page, bool write)
{
	if (!fake.error)
		fake_copy(at + (uintptr_t)dev->disk, page, write);
	return fake.error;
}

static inline void fake_submit(
	const struct swap_device *dev, uint64_t at, struct page *page, bool write)
{
	assert_true(fake.nr_late < ARRAY_SIZE(fake.late));
	fake.late[fake.nr_late].page = page;
	fake.late[fake.nr_late].at = at + (uintptr_t)dev->disk;
	fake.late[fake.nr_late++].write = write;
}

/* The oldest one ends. */
static inline void fake_end_one(void)
{
	struct page *page = fake.late[0].page;
	bool write = fake.late[0].write;

	if (!fake.error)
		fake_copy(fake.late[0].at, page, write);
	memmove(fake.late, fake.late + 1, --fake.nr_late * sizeof(fake.late[0]));
	swap_io_end(m, page, write, fake.error);
}

static const struct swap_device_ops fake_sync_ops = {.transfer = fake_transfer};
static const struct swap_device_ops fake_late_ops = {.submit = fake_submit};

static const struct swap_device fake_card = {
	.ops = &fake_sync_ops, .name = "card", .pages = DISK_PAGES, .major = 251};
static const struct swap_device fake_vda = {.ops = &fake_late_ops,
	.name = "vda",
	.pages = DISK_PAGES,
	.rotational = true,
	.major = 254};
static const struct swap_device fake_drum = {.ops = &fake_sync_ops,
	.name = "vde",
	.pages = DISK_PAGES,
	.rotational = true,
	.major = 254};
/* As large as a test likes; nothing is read from it or written to it. */
static const struct swap_device fake_spindle = {
	.ops = &fake_sync_ops, .name = "vdb", .pages = 1ul << 20, .rotational = true};
static const struct swap_device fake_flash = {
	.ops = &fake_sync_ops, .name = "vdc", .pages = 1ul << 20};

static inline void swap_valid(void)
{
	const char *err = swap_validate(m);

	if (err)
		fail_msg("swap_validate: %s", err);
}

static inline void swap_start(unsigned int cpus)
{
	m = slab_machine(cpus);
	if (!fake.page)
		fake.page = mmap(NULL, DISK_PAGES * PAGE_SIZE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(fake.page != MAP_FAILED);
	fake.error = 0;
	fake.nr_late = 0;
	fake.reads = fake.writes = 0;
}

/* The same, where any request for memory is refused as soon as m->fail.on says so. */
static inline void swap_start_refusing(void)
{
	swap_start(1);
	m = slab_machine_with(
		1, "fail_page_alloc=interval:1,times:-1,min-order:0,ignore-gfp-wait:0");
	m->fail.on = false;
}

static inline struct swap_area *add_area(
	const struct swap_device *dev, unsigned long slots, int prio)
{
	const char *err = swap_on(m, dev, slots, prio, 1);
	int type = 0;

	if (err)
		fail_msg("swap_on: %s", err);
	while (type < MAX_SWAP_AREAS - 1 && m->swap.area[type + 1])
		type++;
	return m->swap.area[type];
}

/* A slot as an app's table has it: not in the cache, named once. Its offset, or 0. */
static inline unsigned long take_slot(void)
{
	swp_entry_t e = get_swap_page(m);

	if (!e.val)
		return 0;
	assert_int_equal(swap_duplicate(m, e), 0);
	swapcache_free(m, e);
	return swp_offset(e);
}

static inline void give_slot(unsigned int type, unsigned long offset)
{
	swap_free(m, swp_entry(type, offset));
}

static inline int setup(void **state)
{
	int err = twin_setup(state);

	swap_start(1);
	return err;
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, twin_teardown)

#endif
