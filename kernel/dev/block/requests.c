/*
 * Memory for a disk's requests: all of it when the disk comes, none later (§34.1). What 4.8's request and
 * its driver's part take is taken here, too, so that a disk costs the machine what it costs there.
 */
#include "kernel/core/log/printk.h"
#include "kernel/dev/block/blk_mq.h"
#include "mm/alloc/page_alloc.h"
#include "mm/slab/kmalloc.h"

#define REQUEST_BYTES 384 /* of 4.8's struct request */
#define REQUEST_ALIGN 64
#define CHUNK_ORDER   4
#define MAP_GFP       (GFP_KERNEL | __GFP_NOWARN | __GFP_NORETRY | __GFP_ZERO)

_Static_assert(sizeof(struct request) <= REQUEST_BYTES, "it fits 4.8's");

static size_t request_bytes(const struct disk *disk)
{
	size_t bytes = REQUEST_BYTES + disk->ops->payload;

	return (bytes + REQUEST_ALIGN - 1) / REQUEST_ALIGN * REQUEST_ALIGN;
}

static size_t order_bytes(unsigned int order)
{
	return PAGE_SIZE << order;
}

/* As large as the rest needs, or as is to be had and holds a request. */
static struct page *alloc_chunk(struct memory *m, size_t rest, size_t one)
{
	unsigned int order = CHUNK_ORDER;
	struct page *page;

	while (order && rest < order_bytes(order - 1))
		order--;
	for (;; order--) {
		page = alloc_pages(m, MAP_GFP, order);
		if (page || !order || order_bytes(order - 1) < one)
			return page;
	}
}

/* Requests from `first` on, as many as a chunk holds: how many; 0: no memory. */
static unsigned int fill_chunk(struct disk *disk, unsigned int first)
{
	size_t one = request_bytes(disk), rest = (disk->tags.depth - first) * one;
	struct page *page = alloc_chunk(disk->memory, rest, one);
	char *p;
	unsigned int n;

	if (!page)
		return 0;
	list_add_tail(&page->lru, &disk->chunks);
	p = page_address(disk->memory, page);
	n = MIN(order_bytes(page->order) / one, (size_t)(disk->tags.depth - first));
	for (unsigned int i = 0; i < n; i++, p += one)
		disk->rq[first + i] = (struct request *)p;
	return n;
}

static void free_chunks(struct disk *disk)
{
	while (!list_empty(&disk->chunks)) {
		struct page *page = list_first_entry(&disk->chunks, struct page, lru);

		list_del(&page->lru);
		free_pages(disk->memory, page, page->order);
	}
}

static bool fill(struct disk *disk)
{
	unsigned int n, done = 0;

	while (done < disk->tags.depth && (n = fill_chunk(disk, done)))
		done += n;
	if (done == disk->tags.depth)
		return true;
	free_chunks(disk);
	return false;
}

static bool alloc_tags(struct disk *disk, unsigned int depth)
{
	unsigned long *map = kmalloc(disk->memory, tags_words(depth) * sizeof(*map), GFP_KERNEL);

	disk->rq = kmalloc(disk->memory, depth * sizeof(*disk->rq), MAP_GFP);
	if (map && disk->rq) {
		tags_init(&disk->tags, depth, map);
		return true;
	}
	kfree(disk->memory, map);
	kfree(disk->memory, disk->rq);
	return false;
}

static void free_tags(struct disk *disk)
{
	kfree(disk->memory, disk->tags.map);
	kfree(disk->memory, disk->rq);
}

static bool alloc_map(struct disk *disk, unsigned int depth)
{
	if (!alloc_tags(disk, depth))
		return false;
	if (fill(disk))
		return true;
	free_tags(disk);
	return false;
}

/* With half as many where there is no memory, and 4.8's lines. */
const char *blk_alloc_requests(struct disk *disk, unsigned int depth)
{
	unsigned int got = depth;

	list_init(&disk->chunks);
	while (got && !alloc_map(disk, got))
		got /= 2;
	if (!got)
		return "blk-mq: failed to allocate request map";
	if (got != depth)
		pr_info("blk-mq: reduced tag depth (%u -> %u)", depth, got);
	return NULL;
}

void blk_free_requests(struct disk *disk)
{
	free_chunks(disk);
	free_tags(disk);
}
