/*
 * A file on a disk that is memory, opened once, on a machine with swap and one address space. What the file system
 * is asked for is noted as text.
 */
#ifndef HOST_CACHE_CASE_H
#define HOST_CACHE_CASE_H

#include "space/unmap_case.h"

#include "mm/cache/filemap_fault.h"
#include "mm/cache/page_cache.h"
#include "mm/cache/readahead.h"
#include "mm/cache/workingset.h"
#include "mm/lru/isolate.h"
#include "mm/reclaim/shrinker.h"
#include "mm/show/validate.h"
#include "mm/space/file_map.h"

#define NO_PAGE (~0ul)

static struct {
	struct address_space as;
	struct file *file;
	bool late;          /* reads end by end_reads(), not at once */
	unsigned long bad;  /* the page that cannot be read; NO_PAGE: all can */
	unsigned int fails; /* so often, from now on */
	struct page *pending[1024];
	unsigned int nr_pending, reads; /* reads: pages */
	char log[4096];                 /* each call: " (first,pages)->marked one" */
} disk;

/* What the file holds, word by word. */
static inline uint64_t word_at(unsigned long index, unsigned int word)
{
	return (uint64_t)index << 20 | word << 4 | 5;
}

static inline void end_read(struct page *page)
{
	bool fails = page->index == disk.bad && disk.fails;
	uint64_t *data = page_address(m, page);

	disk.fails -= fails;
	for (unsigned int i = 0; !fails && i < PAGE_SIZE / 8; i++)
		data[i] = word_at(page->index, i);
	mapping_read_end(&disk.as, page, fails ? -EIO : 0);
}

/* All that have begun: the newest last. */
static void end_reads(void)
{
	unsigned int n = disk.nr_pending;

	disk.nr_pending = 0;
	for (unsigned int i = 0; i < n; i++)
		end_read(disk.pending[i]);
}

static inline void note(struct page **pages, unsigned int n)
{
	size_t used = strlen(disk.log);
	long marked = -1;

	for (unsigned int i = 0; i < n; i++)
		if (page_has(pages[i], PG_RECLAIM))
			marked = pages[i]->index;
	used += snprintf(disk.log + used, sizeof(disk.log) - used, "%s(%lu,%u)", used ? " " : "",
		pages[0]->index, n);
	if (marked >= 0)
		snprintf(disk.log + used, sizeof(disk.log) - used, "->%ld", marked);
}

static void disk_readpages(struct address_space *as, struct page **pages, unsigned int n)
{
	assert_ptr_equal(as, &disk.as);
	note(pages, n);
	disk.reads += n;
	for (unsigned int i = 0; i < n; i++) {
		assert_true(page_has(pages[i], PG_LOCKED) && page_has(pages[i], PG_FILE));
		assert_false(page_has(pages[i], PG_UPTODATE | PG_ERROR));
		assert_ptr_equal(pages[i]->mapping, as);
		assert_true(!i || pages[i]->index > pages[i - 1]->index);
		if (disk.late)
			disk.pending[disk.nr_pending++] = pages[i];
		else
			end_read(pages[i]);
	}
}

static const struct address_space_ops disk_ops = {.readpages = disk_readpages};

static inline void assert_log(const char *expected)
{
	assert_string_equal(disk.log, expected);
	disk.log[0] = '\0';
}

static inline void file_start(unsigned int cpus, unsigned long bytes)
{
	space_start(cpus);
	memset(&disk, 0, sizeof(disk));
	disk.bad = NO_PAGE;
	mapping_init(&disk.as, m, bytes, &disk_ops, NULL);
	disk.file = file_open(&disk.as);
	twin.on_sleep = end_reads;
}

/* The same, with parameters, and nobody has opened the file yet. */
static inline void file_start_with(char *parameters)
{
	swap_start(1);
	m = slab_machine_with(1, parameters);
	m->fail.on = false;
	free_before = all_free(m);
	area = add_area(&fake_card, 200, 0);
	mm = mm_create(m);
	memset(&disk, 0, sizeof(disk));
	disk.bad = NO_PAGE;
	mapping_init(&disk.as, m, 1000 * PAGE_SIZE, &disk_ops, NULL);
	twin.on_sleep = end_reads;
}

/* All of it is on the lists, and nobody waits for company. */
static inline void file_finish(void)
{
	twin.on_sleep = NULL;
	end_reads();
	lru_add_drain(m);
	assert_valid(m);
	assert_true(mm_put_user(mm));
	file_put(disk.file);
	mapping_destroy(&disk.as);
	assert_int_equal(node_stat_exact(m, NR_FILE_PAGES), m->swap.cached);
	assert_int_equal(node_stat_exact(m, NR_FILE_MAPPED), 0);
	assert_int_equal(m->page_waiters, 0);
	assert_int_equal(node_stat_exact(m, NR_ACTIVE_FILE), 0);
	assert_int_equal(node_stat_exact(m, NR_INACTIVE_FILE), 0);
	assert_int_equal(m->cache.nr_shadow_nodes, 0);
	assert_null(swap_off_all(m));
	assert_valid(m);
	assert_no_nodes(m, free_before);
}

/* The page in the cache, without a reference. */
static inline struct page *cached(unsigned long index)
{
	struct page *page = find_get_page(&disk.as, index);

	if (page)
		page_put(m, page);
	return page;
}

static inline void bring(unsigned long first, unsigned long n)
{
	__do_page_cache_readahead(disk.file, first, n, 0);
	disk.log[0] = '\0';
}

/* As reclaim does it: it is not used, and nobody maps it. */
static inline void evict(unsigned long index)
{
	struct page *page;

	lru_add_drain(m);
	page = find_get_page(&disk.as, index);
	assert_non_null(page);
	assert_true(trylock_page(page));
	assert_true(remove_from_page_cache(page, true));
	unlock_page(m, page);
	page_put(m, page);
}

/* The file from its beginning on, at page 0 of the address space. */
static inline void map_all(unsigned int flags)
{
	assert_int_equal(
		mm_map_file(mm, AT(0), disk.as.size * PAGE_SIZE, flags, disk.file, 0), AT(0));
}

static inline uint64_t entry_at(unsigned long page)
{
	uint64_t *pte = pte_find(mm, AT(page));

	return pte ? *pte : 0;
}

/* As a processor reads a word of it. */
static inline enum fault_result touch(unsigned long page)
{
	enum fault_result result = FAULT_OK;
	uint64_t *data;

	if (!entry_at(page))
		result = mm_fault(mm, AT(page) + 8, 0);
	if (result != FAULT_OK || !entry_at(page))
		return result;
	*pte_find(mm, AT(page)) |= PTE_ACCESSED;
	data = page_address(m, entry_page(m, entry_at(page)));
	assert_int_equal(data[0], word_at(page, 0));
	assert_int_equal(data[511], word_at(page, 511));
	return FAULT_OK;
}

static inline void read_pages_of(unsigned long first, unsigned long n)
{
	uint64_t *data = malloc(n * PAGE_SIZE);

	assert_non_null(data);
	assert_int_equal(
		file_read(disk.file, first * PAGE_SIZE, data, n * PAGE_SIZE), n * PAGE_SIZE);
	for (unsigned long i = 0; i < n; i++)
		assert_int_equal(data[i * PAGE_SIZE / 8 + 3], word_at(first + i, 3));
	free(data);
}

static inline int file_setup(void **state)
{
	int err = twin_setup(state);

	file_start(1, 1000 * PAGE_SIZE);
	return err;
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, file_setup, twin_teardown)

#endif
