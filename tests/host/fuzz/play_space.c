/*
 * An app whose pages go to swap and come back: faults, unmapping, mlock, reclaim, areas that come and
 * go, and a disk that answers late or not well; files that it maps among them. What was written
 * must be what is read (see play_parts.h).
 */
#include "play_parts.h"
#include "play_disk.h"
#include "play_files.h"

#include "mm/index/index_node.h"
#include "mm/lru/pagevec.h"
#include "mm/page/vmstat.h"
#include "mm/reclaim/reclaim.h"
#include "mm/show/validate.h"
#include "mm/space/mm.h"
#include "mm/space/pgtable.h"
#include "mm/space/swap_off.h"
#include "mm/swap/swap_area.h"
#include "request.h"

#define SPACE_PAGES 1024u
#define LAST_WORD   (PAGE_SIZE / sizeof(uint64_t) - 1)

/* NULL: there is none now. */
static struct mm *mm;
static uint64_t value[SPACE_PAGES]; /* that each page's first and last words have; of files, too */

static uint64_t at(unsigned int i)
{
	return APP_BASE + (uint64_t)i * PAGE_SIZE;
}

static uint64_t bytes_of(unsigned int pages)
{
	return (uint64_t)pages * PAGE_SIZE;
}

/* As the processor does it. False: it faults. */
static bool access_page(unsigned int i, bool write)
{
	uint64_t *pte = pte_find(mm, at(i)), entry = pte ? *pte : 0;
	uint64_t *word;

	if (!(entry & PTE_PRESENT) || (write && !(entry & PTE_WRITE)))
		return false;
	*pte |= PTE_ACCESSED | (write ? PTE_DIRTY : 0);
	word = (uint64_t *)(world.m->virt_base + (entry & PTE_ADDR)); /* the zero page, too */
	if (word[0] != value[i] || word[LAST_WORD] != value[i])
		panic("play: page %u holds %lu and %lu, not %lu", i, (unsigned long)word[0],
			(unsigned long)word[LAST_WORD], (unsigned long)value[i]);
	if (write)
		word[0] = word[LAST_WORD] = ++value[i];
	return true;
}

static void check_fault(unsigned int i, bool write, enum fault_result result)
{
	const struct vma *v = find_vma(mm, at(i));
	bool allowed = v && (!write || (v->flags & VM_WRITE));

	if ((result == FAULT_BAD_ADDRESS) == allowed)
		panic("play: a fault at page %u, which is %s, ends with %d", i,
			allowed ? "allowed" : "not allowed", result);
	if (allowed && (v->flags & VM_FILE))
		check_file_fault(v, at(i), result);
	else if (result == FAULT_SIGBUS)
		panic("play: a fault at page %u, of no file, is SIGBUS", i);
}

/* It may be refused; so may memory. Whoever has the page may lose it again before it has looked. */
static void use(unsigned int i, bool write)
{
	unsigned int flags = current->flags;

	while (!access_page(i, write)) {
		enum fault_result result = mm_fault(mm, at(i), write ? FAULT_WRITE : 0);

		play_stats.operations++;
		check_fault(i, write, result);
		check_caller(GFP_HIGHUSER_MOVABLE, flags);
		others_done();
		if (result != FAULT_OK)
			return;
	}
}

static unsigned int some_page(struct play_bytes *b)
{
	return next_word(b) % SPACE_PAGES;
}

static unsigned int some_length(struct play_bytes *b, unsigned int i)
{
	uint8_t how = next_byte(b);

	return MIN(1u << how % 9, SPACE_PAGES - i);
}

static void op_use(struct play_bytes *b)
{
	unsigned int i = some_page(b);

	trace("use page %u\n", i);
	use(i, next_byte(b) & 1);
}

static void op_use_many(struct play_bytes *b)
{
	unsigned int i = some_page(b), n = some_length(b, i);
	uint8_t how = next_byte(b);

	trace("use %u pages from %u\n", n, i);
	while (n--)
		use(i + n, how >> n % 8 & 1);
}

/* What was there is gone; what comes is zero. */
static void op_map(struct play_bytes *b)
{
	unsigned int i = some_page(b), n = some_length(b, i);
	uint8_t how = next_byte(b);
	bool gone = mm_unmap(mm, at(i), bytes_of(n)) == 0;

	trace("unmap %u pages from %u: %s\n", n, i, gone ? "gone" : "no memory");
	others_done();
	if (!gone)
		return;
	memset(value + i, 0, n * sizeof(*value));
	if (how < 0x20)
		return;
	trace("map them: %d\n",
		mm_map_fixed(mm, at(i), bytes_of(n), how < 0x40 ? 0 : VM_WRITE, NULL, 0));
	others_done();
}

/* At the place of what was there; it may begin, or end, beyond the file's end. */
static void op_map_file(struct play_bytes *b)
{
	unsigned int i = some_page(b), n = some_length(b, i), from = next_word(b) % 320;
	unsigned int flags = some_file_flags(b);
	struct file *f = some_file(b);
	uint64_t where;

	if (!f || mm_unmap(mm, at(i), bytes_of(n))) {
		others_done();
		return;
	}
	memset(value + i, 0, n * sizeof(*value));
	where = mm_map_file(mm, at(i), bytes_of(n), flags, f, from);
	trace("map %u pages of a file at %u: %s\n", n, i, where ? "done" : "no memory");
	if (where && where != at(i))
		panic("play: a file is mapped somewhere else");
	for (unsigned int k = 0; where && k < n; k++)
		value[i + k] = file_word(f->mapping, from + k);
	others_done();
}

static void op_lock(struct play_bytes *b)
{
	unsigned int i = some_page(b), n = some_length(b, i);
	bool on = next_byte(b) & 1;

	trace("%s %u pages from %u: %d\n", on ? "mlock" : "munlock", n, i,
		(on ? mm_mlock : mm_munlock)(mm, at(i), bytes_of(n)));
	others_done();
}

static void op_protect(struct play_bytes *b)
{
	unsigned int i = some_page(b), n = some_length(b, i);
	bool write = next_byte(b) & 3;

	trace("%u pages from %u are %s: %d\n", n, i, write ? "writable" : "read-only",
		mm_protect(mm, at(i), bytes_of(n), write));
	others_done();
}

static void op_swap_out(struct play_bytes *b)
{
	unsigned int i = some_page(b);

	trace("page %u out: %d\n", i, mm_swap_out(mm, at(i)));
	play_stats.operations++;
	others_done();
}

/* Not used lately, as after a while: so reclaim takes it. */
static void op_age(struct play_bytes *b)
{
	unsigned int i = some_page(b), n = some_length(b, i);

	for (; n--; i++) {
		uint64_t *pte = pte_find(mm, at(i));

		if (pte && (*pte & PTE_PRESENT))
			*pte &= ~PTE_ACCESSED;
	}
}

static void op_reclaim(struct play_bytes *b)
{
	static const gfp_t masks[] = {
		GFP_KERNEL, GFP_HIGHUSER_MOVABLE, GFP_NOFS, GFP_NOIO, GFP_KERNEL | GFP_DMA};
	struct alloc_context ac = request(world.m, masks[next_byte(b) % ARRAY_SIZE(masks)], 0);
	unsigned int flags = current->flags;
	unsigned long progress;
	struct page *page = direct_reclaim(&ac, WMARK_MIN, &progress);

	trace("reclaim for gfp %#x: progress %lu\n", ac.gfp, progress);
	play_stats.operations++;
	if (page)
		free_pages(world.m, page, 0);
	check_caller(ac.gfp, flags);
	others_done();
}

static void op_drain_lists(struct play_bytes *b)
{
	static void (*const drains[])(struct memory *) = {
		lru_add_drain, lru_add_drain_all, index_grace_end};

	drains[next_byte(b) % ARRAY_SIZE(drains)](world.m);
}

static void op_disk(struct play_bytes *b)
{
	uint8_t how = next_byte(b);

	trace("disks: %#x\n", how);
	disks_fail_writes((how & 7) == 7);
	disks_answer(how / 8);
}

static void op_area(struct play_bytes *b)
{
	uint8_t how = next_byte(b);

	disk_swap(how % NR_DISKS, how / NR_DISKS, next_byte(b));
	others_done();
}

/* Grace periods end, and what CPUs keep of nodes goes. */
void release_nodes(void)
{
	struct memory *m = world.m;
	unsigned int here = this_cpu_id();

	for (unsigned int id = 0; id < nr_cpus; id++) {
		play_on_cpu(id);
		while (m->index.cpu[id].waiting)
			index_grace_end(m);
	}
	play_on_cpu(here);
	index_release_all(m);
}

static bool is_of_files(int list)
{
	return list == LRU_INACTIVE_FILE || list == LRU_ACTIVE_FILE;
}

static void space_begins(struct play_bytes *b)
{
	mm = mm_create(world.m);
	trace("an app %s\n", mm ? "begins" : "has no memory to begin");
	others_done();
	memset(value, 0, sizeof(value));
	if (!mm)
		return;
	if (mm_map_fixed(mm, at(0), bytes_of(SPACE_PAGES), VM_WRITE, NULL, 0))
		trace("without pages\n");
	others_done();
	op_area(b);
}

void space_end(void)
{
	const char *err;

	if (!mm)
		return;
	trace("the app ends\n");
	disks_fail_writes(false);
	disks_answer(ALL_ANSWERS);
	if (!mm_put_user(mm))
		panic("play: somebody else has the app's memory");
	mm = NULL;
	files_end_reader();
	lru_add_drain_all(world.m);
	err = swap_off_all(world.m);
	if (err)
		panic("play: %s", err);
	release_nodes();
	for (int i = 0; i < NR_LRU_LISTS; i++)
		if (!list_empty(&world.m->node.lru.list[i]) && !(files_live() && is_of_files(i)))
			panic("play: without an app, list %d has pages", i);
	if (world.m->nr_mms)
		panic("play: %ld address spaces are left", (long)world.m->nr_mms);
}

static void op_end(struct play_bytes *b)
{
	if (next_byte(b) & 1)
		space_end();
}

bool space_lives(void)
{
	return mm;
}

/* What must be so whenever nobody is half-way. */
void space_check(void)
{
	struct memory *m = world.m;

	if (node_stat_exact(m, NR_ISOLATED_ANON))
		panic("play: %ld pages are isolated", node_stat_exact(m, NR_ISOLATED_ANON));
	if (node_stat_exact(m, NR_WRITEBACK) != disks_writing())
		panic("play: %ld pages under writeback, %ld on their way",
			node_stat_exact(m, NR_WRITEBACK), disks_writing());
	if (node_stat_exact(m, NR_FILE_PAGES) != m->swap.cached + (long)files_pages() ||
		m->swap.added - m->swap.deleted != m->swap.cached)
		panic("play: %ld file pages, %ld in the swap cache, %ld added, %ld deleted",
			node_stat_exact(m, NR_FILE_PAGES), m->swap.cached, m->swap.added,
			m->swap.deleted);
	if (mm && node_stat_exact(m, NR_ANON_MAPPED) != mm->anon_rss)
		panic("play: %ld pages are mapped, the app has %ld",
			node_stat_exact(m, NR_ANON_MAPPED), mm->anon_rss);
	files_check(mm ? mm->file_rss : 0);
	if (mm && mm->swapents < 0)
		panic("play: the app has %ld entries of swap", mm->swapents);
}

void space_start(void)
{
	mm = NULL;
	disks_start();
	files_start();
}

void space_operation(uint8_t which, struct play_bytes *b)
{
	static void (*const operations[])(struct play_bytes *) = {op_use, op_use_many, op_use_many,
		op_use_many, op_use_many, op_map, op_lock, op_protect, op_swap_out, op_age, op_age,
		op_reclaim, op_reclaim, op_drain_lists, op_disk, op_area, op_end, op_map_file,
		files_operation, files_operation, files_operation, files_operation, files_operation,
		files_operation};

	if (mm)
		operations[which % ARRAY_SIZE(operations)](b);
	else
		space_begins(b);
}
