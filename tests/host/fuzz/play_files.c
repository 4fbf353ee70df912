/*
 * Files on a disk that answers at once or late, and not always well: read by read(), mapped by the
 * app and by a reader of their own, dropped by name, and deleted while they are mapped (see
 * play_parts.h).
 */
#include <errno.h>

#include "play_files.h"

#include "mm/cache/page_cache.h"
#include "mm/index/index_node.h"
#include "mm/lru/pagevec.h"
#include "mm/space/pgtable.h"

#define MOST_READ 32u /* pages of one read() */
#define PLACES    1024u
#define LAST_WORD (PAGE_SIZE / sizeof(uint64_t) - 1)
#define AT(page)  (APP_BASE + (uint64_t)(page)*PAGE_SIZE)

static const uint64_t file_bytes[NR_FILES] = {300 * PAGE_SIZE, 40 * PAGE_SIZE - 1000};

static struct play_file {
	struct address_space as;
	struct file *open; /* NULL: it is deleted, and goes when nobody maps it any more */
	bool lives;
} files[NR_FILES];

static uint64_t age; /* files that there were: each has contents of its own */
static struct mm
	*reader; /* NULL: there is none now. It maps each file at a place of the file's own */

static struct page *late[512];
static unsigned int nr_late;
static bool answers_late;
static unsigned int reads, fail_every; /* 0: all end well */

uint64_t file_word(const struct address_space *as, unsigned long index)
{
	return (uint64_t)(uintptr_t)as->host << 16 | index << 1 | 1;
}

static struct play_file *file_of(struct address_space *as)
{
	return container_of(as, struct play_file, as);
}

static void end_read(struct page *page)
{
	struct address_space *as = page->mapping;
	uint64_t *data = page_address(world.m, page);
	bool fails = fail_every && ++reads % fail_every == 0;

	if (!fails)
		data[0] = data[LAST_WORD] = file_word(as, page->index);
	mapping_read_end(as, page, fails ? -EIO : 0);
}

static void read_pages(struct address_space *as, struct page **pages, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		if (pages[i]->mapping != as || !page_has(pages[i], PG_LOCKED) ||
			pages[i]->index >= as->size || nr_late == ARRAY_SIZE(late))
			panic("play: page %lu of a file is to be read", pages[i]->index);
		if (answers_late)
			late[nr_late++] = pages[i];
		else
			end_read(pages[i]);
	}
}

/* As an interrupt comes. */
void files_answer(unsigned int n)
{
	while (n-- && nr_late) {
		struct page *page = late[0];
		unsigned long flags = irq_save();

		memmove(late, late + 1, --nr_late * sizeof(*late));
		this_cpu()->irq_depth++;
		end_read(page);
		this_cpu()->irq_depth--;
		irq_restore(flags);
	}
}

/* Who has it open for the last time ends it, if it is deleted. */
static void release(struct address_space *as)
{
	struct play_file *f = file_of(as);

	if (f->open || as->opened.n != 1)
		return;
	trace("file %u goes\n", (unsigned int)(f - files));
	play_stats.evicted += as->tree.shadows; /* and those whose pages came back: see play.c */
	mapping_destroy(as);
	f->lives = false;
}

static const struct address_space_ops file_ops = {.readpages = read_pages, .release = release};

struct file *some_file(struct play_bytes *b)
{
	struct play_file *f = &files[next_byte(b) % NR_FILES];

	if (f->lives)
		return f->open;
	mapping_init(&f->as, world.m, file_bytes[f - files], &file_ops, (void *)(uintptr_t)++age);
	f->open = file_open(&f->as);
	f->lives = f->open;
	if (!f->lives)
		mapping_destroy(&f->as);
	trace("file %u: %s\n", (unsigned int)(f - files), f->lives ? "new" : "no memory");
	others_done();
	return f->open;
}

unsigned int some_file_flags(struct play_bytes *b)
{
	static const unsigned int flags[] = {
		0, VM_EXEC, VM_MAYSHARE, VM_SEQ_READ, VM_RAND_READ, VM_EXEC | VM_MAYSHARE};

	return flags[next_byte(b) % ARRAY_SIZE(flags)];
}

/* A word that the file has at `at`, if it is among `n` bytes from `pos` on, those at `data`. */
static void check_word(
	const char *data, uint64_t pos, unsigned long n, uint64_t at, uint64_t expected)
{
	uint64_t word;

	if (at < pos || at + sizeof(word) > pos + n)
		return;
	memcpy(&word, data + (at - pos), sizeof(word));
	if (word != expected)
		panic("play: byte %lu of a file: %lx is read, not %lx", (unsigned long)at,
			(unsigned long)word, (unsigned long)expected);
}

static void check_bytes(
	const struct address_space *as, const char *data, uint64_t pos, unsigned long n)
{
	for (unsigned long i = pos / PAGE_SIZE; i <= (pos + n) / PAGE_SIZE; i++) {
		check_word(data, pos, n, i * PAGE_SIZE, file_word(as, i));
		check_word(data, pos, n, (i + 1) * PAGE_SIZE - sizeof(uint64_t), file_word(as, i));
	}
}

static void op_read(struct play_bytes *b)
{
	static char data[MOST_READ * PAGE_SIZE];
	struct file *f = some_file(b);
	uint8_t how = next_byte(b);
	uint64_t pos = next_word(b) % 320 * PAGE_SIZE + (how & 0x40 ? 1000 : 0);
	unsigned long n = PAGE_SIZE << how % 6;
	unsigned int flags = current->flags;
	long got;

	if (!f)
		return;
	got = file_read(f, pos, data, n);
	trace("read %lu bytes at %lu: %ld\n", n, (unsigned long)pos, got);
	play_stats.operations++;
	if (got > (long)n || (got > 0 && pos + got > f->mapping->bytes) ||
		(got == -EIO && !fail_every))
		panic("play: %lu bytes at %lu of a file: %ld", n, (unsigned long)pos, got);
	check_bytes(f->mapping, data, pos, MAX(got, 0l));
	check_caller(GFP_HIGHUSER_MOVABLE, flags);
	others_done();
}

static void op_drop(struct play_bytes *b)
{
	struct play_file *f = &files[next_byte(b) % NR_FILES];
	unsigned long before, went;

	if (!f->lives)
		return;
	before = mapping_pages(&f->as);
	went = invalidate_mapping_pages(&f->as);
	trace("%lu of %lu pages of file %u are dropped\n", went, before, (unsigned int)(f - files));
	if (before - went != mapping_pages(&f->as))
		panic("play: %lu of %lu pages were dropped, %lu are left", went, before,
			mapping_pages(&f->as));
	play_stats.dropped += went;
	play_stats.operations++;
}

static void end_file(struct play_file *f)
{
	struct file *open = f->open;

	f->open = NULL;
	if (open)
		file_put(open);
}

static void op_delete(struct play_bytes *b)
{
	uint8_t how = next_byte(b);

	if (how & 0xc0)
		return;
	trace("file %u is deleted\n", how % NR_FILES);
	end_file(&files[how % NR_FILES]);
}

static void op_trouble(struct play_bytes *b)
{
	struct file *f = some_file(b);
	uint8_t how = next_byte(b);

	answers_late = how & 1;
	fail_every = how & 2 ? 0 : 1 + how / 16;
	if (f)
		file_advise(f, how / 4 % 3);
	trace("files: %s, every %uth read fails\n", answers_late ? "late" : "at once", fail_every);
}

static void op_reader_maps(struct play_bytes *b)
{
	struct file *f = some_file(b);
	unsigned int i = next_word(b) % 320, n = 1 + next_byte(b), flags = some_file_flags(b);
	uint64_t at;

	if (!reader)
		reader = mm_create(world.m);
	others_done();
	if (!f || !reader)
		return;
	at = AT((file_of(f->mapping) - files) * PLACES + i);
	if (mm_unmap(reader, at, n * (uint64_t)PAGE_SIZE) == 0)
		mm_map_file(reader, at, n * (uint64_t)PAGE_SIZE, flags, f, i);
	trace("the reader maps %u pages from %u\n", n, i);
	others_done();
}

void check_file_fault(const struct vma *v, uint64_t addr, enum fault_result result)
{
	bool is_beyond = vma_index(v, addr) >= v->file->mapping->size;

	if (is_beyond ? result == FAULT_OK : result == FAULT_SIGBUS && !fail_every)
		panic("play: a fault at page %lu of a file of %lu ends with %d", vma_index(v, addr),
			v->file->mapping->size, result);
	play_stats.sigbus += result == FAULT_SIGBUS;
}

/* Its pages may leave again before it has looked. */
static void reader_touches(uint64_t addr)
{
	unsigned int flags = current->flags;
	const struct vma *v = find_vma(reader, addr);
	enum fault_result result = mm_fault(reader, addr, 0);
	uint64_t *pte = pte_find(reader, addr);

	play_stats.operations++;
	if (v)
		check_file_fault(v, addr, result);
	else if (result != FAULT_BAD_ADDRESS)
		panic("play: the reader is served where nothing is: %d", result);
	if (pte && (*pte & PTE_PRESENT)) {
		*pte |= PTE_ACCESSED;
		check_bytes(v->file->mapping, (char *)world.m->virt_base + (*pte & PTE_ADDR),
			vma_index(v, addr) * PAGE_SIZE, PAGE_SIZE);
	}
	check_caller(GFP_HIGHUSER_MOVABLE, flags);
	others_done();
}

static void op_reader_touches(struct play_bytes *b)
{
	unsigned int i = next_word(b) % (NR_FILES * PLACES), n = 1 + next_byte(b) % 32;

	/* Most places hold nothing. */
	i = i < PLACES ? i % 320 : PLACES + i % 48;
	if (!reader)
		return;
	trace("the reader touches %u pages from %u\n", n, i);
	while (n--)
		reader_touches(AT(i++));
}

static void op_answer(struct play_bytes *b)
{
	files_answer(next_byte(b));
}

void files_operation(struct play_bytes *b)
{
	static void (*const operations[])(struct play_bytes *) = {op_read, op_read, op_drop,
		op_delete, op_trouble, op_reader_maps, op_reader_maps, op_reader_touches,
		op_reader_touches, op_reader_touches, op_answer};

	operations[next_byte(b) % ARRAY_SIZE(operations)](b);
}

bool files_live(void)
{
	return files[0].lives || files[1].lives;
}

unsigned long files_pages(void)
{
	unsigned long n = 0;

	for (unsigned int i = 0; i < NR_FILES; i++)
		n += files[i].lives ? mapping_pages(&files[i].as) : 0;
	return n;
}

static long mappings_of(const struct play_file *f)
{
	unsigned long index[32], at = 0;
	void *found[32];
	unsigned int n;
	long sum = 0;

	while (f->lives && (n = index_gang(&f->as.tree, at, found, index, 32))) {
		for (unsigned int i = 0; i < n; i++)
			if (!index_is_shadow(found[i]))
				sum += ((struct page *)found[i])->mapcount;
		at = index[n - 1] + 1;
	}
	return sum;
}

void files_check(long rss)
{
	long mapped = 0;

	for (unsigned int i = 0; i < NR_FILES; i++)
		mapped += mappings_of(&files[i]);
	rss += reader ? reader->file_rss : 0;
	if (mapped != rss)
		panic("play: pages of files are mapped %ld times, and counted %ld", mapped, rss);
	if (node_stat_exact(world.m, NR_ISOLATED_FILE))
		panic("play: %ld pages of files are isolated",
			node_stat_exact(world.m, NR_ISOLATED_FILE));
}

void files_end_reader(void)
{
	if (reader && !mm_put_user(reader))
		panic("play: somebody else has the reader's memory");
	reader = NULL;
}

void files_start(void)
{
	nr_late = reads = fail_every = 0;
	answers_late = false;
}

void files_end(void)
{
	for (unsigned int i = 0; i < NR_FILES; i++)
		end_file(&files[i]);
	if (files_live() || nr_late)
		panic("play: a file is left, or %u reads of one", nr_late);
	lru_add_drain_all(world.m);
	for (int i = 0; i < NR_LRU_LISTS; i++)
		if (!list_empty(&world.m->node.lru.list[i]))
			panic("play: without files, list %d has pages", i);
	release_nodes();
}
