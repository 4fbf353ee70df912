/*
 * Disks of a play (see play_disk.h).
 */
#include <errno.h>
#include <sys/mman.h>

#include "play_disk.h"

#include "mm/space/swap_off.h"
#include "mm/swap/swap_area.h"

#define DISK_PAGES 257u
#define PRIORITIES 3u

/* A mapping, which the leak checker does not read. */
static char (*contents)[DISK_PAGES][PAGE_SIZE];
static bool fails;
static struct transfer {
	unsigned int disk;
	uint64_t at;
	struct page *page;
	bool write;
} late[NR_DISKS * DISK_PAGES];
static unsigned int nr_late;

static int move(const struct transfer *t)
{
	char *on_disk = contents[t->disk][t->at];

	if (t->at == 0 || t->at >= DISK_PAGES)
		panic("play: page %lu of a disk", (unsigned long)t->at);
	if (t->write && fails)
		return -EIO;
	if (t->write)
		memcpy(on_disk, page_address(world.m, t->page), PAGE_SIZE);
	else
		memcpy(page_address(world.m, t->page), on_disk, PAGE_SIZE);
	return 0;
}

static int at_once(const struct swap_device *dev, uint64_t at, struct page *page, bool write)
{
	return move(&(struct transfer){(uintptr_t)dev->disk, at, page, write});
}

static void begin(const struct swap_device *dev, uint64_t at, struct page *page, bool write)
{
	if (nr_late == ARRAY_SIZE(late))
		panic("play: more transfers than slots");
	late[nr_late++] = (struct transfer){(uintptr_t)dev->disk, at, page, write};
}

static const struct swap_device_ops sync_ops = {.transfer = at_once};
static const struct swap_device_ops late_ops = {.submit = begin};

void disks_start(void)
{
	if (!contents)
		contents = mmap(NULL, NR_DISKS * sizeof(*contents), PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	BUG_ON(contents == MAP_FAILED);
	nr_late = 0;
	fails = false;
}

/* As an interrupt comes. */
void disks_answer(unsigned int n)
{
	while (n-- && nr_late) {
		struct transfer t = late[0];
		unsigned long flags = irq_save();

		memmove(late, late + 1, --nr_late * sizeof(t));
		this_cpu()->irq_depth++;
		swap_io_end(world.m, t.page, t.write, move(&t));
		this_cpu()->irq_depth--;
		irq_restore(flags);
	}
}

long disks_writing(void)
{
	long n = 0;

	for (unsigned int i = 0; i < nr_late; i++)
		n += late[i].write;
	return n;
}

void disks_fail_writes(bool on)
{
	fails = on;
}

static bool has_area(const char *name)
{
	for (unsigned int type = 0; type < MAX_SWAP_AREAS; type++)
		if (world.m->swap.area[type] && !strcmp(world.m->swap.area[type]->dev.name, name))
			return true;
	return false;
}

void disk_swap(unsigned int disk, unsigned int prio, unsigned int slots)
{
	struct swap_device dev = {.ops = disk & 1 ? &late_ops : &sync_ops,
		.disk = (void *)(uintptr_t)disk,
		.pages = DISK_PAGES,
		.rotational = disk & 2,
		.major = 254,
		.minor = disk};

	snprintf(dev.name, sizeof(dev.name), "play%u", disk);
	if (has_area(dev.name)) {
		world.self->process->cap_sys_admin = true;
		trace("swapoff %s: %d\n", dev.name, swap_off(world.m, dev.name));
		return;
	}
	slots = 1 + slots % (DISK_PAGES - 1);
	prio %= PRIORITIES + 1;
	trace("swapon %s, %u slots\n", dev.name, slots);
	swap_on(world.m, &dev, slots, prio == PRIORITIES ? SWAP_PRIO_AUTO : (int)prio, slots);
}
