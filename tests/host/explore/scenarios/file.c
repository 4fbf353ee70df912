/*
 * A page of a file: it is faulted on and read while reclaim takes it, while the reaper does, and while it leaves
 * the file (§32.4, §32.5, §33.6). Nothing is read ahead.
 */
#include <errno.h>

#include "case.h"

#include "mm/cache/page_cache.h"
#include "mm/cache/readahead.h"
#include "mm/index/index_node.h"
#include "mm/lru/isolate.h"
#include "mm/lru/pagevec.h"
#include "mm/oom/oom_reaper.h"
#include "mm/page/page_lock.h"
#include "mm/reclaim/scan.h"
#include "mm/space/pgtable.h"
#include "mm/space/rmap.h"

#define PLACE 1ul /* in a node: eviction leaves a shadow */
#define WORD  0x10ca1d15cul

static struct address_space as;
static struct file *file;
static struct mm *mm, *other;
static struct page *page;
static bool fails;

/* A disk that answers at once. */
static void readpages(struct address_space *of, struct page **pages, unsigned int n)
{
	uint64_t *data = page_address(m, pages[0]);

	if (n != 1 || of != &as || pages[0]->mapping != &as || pages[0]->index != PLACE)
		panic("what is read is not of the file");
	if (!fails)
		*data = WORD;
	mapping_read_end(of, pages[0], fails ? -EIO : 0);
}

static const struct address_space_ops ops = {.readpages = readpages};

/* The page is in memory, or its read has failed, and a task has it mapped, or may. */
static void file_begins(bool is_read)
{
	case_machine(10);
	case_ready();
	mapping_init(&as, m, 2 * PAGE_SIZE, &ops, NULL);
	file = file_open(&as);
	mm = mm_create(m);
	if (!file || !mm || !mm_map_file(mm, AT(0), PAGE_SIZE, 0, file, PLACE))
		panic("no memory in the set-up");
	file->ra.ra_pages = 0;
	fails = !is_read;
	read_single_page(&as, PLACE);
	fails = false;
	lru_add_drain(m);
	page = find_get_page(&as, PLACE);
	page_put(m, page);
}

/* Reclaim has found it on its list. */
static void isolate(void)
{
	page_get(page);
	if (!isolate_lru_page(m, page))
		panic("it is on no list");
	page_put(m, page);
}

static void reclaims(void *unused)
{
	struct scan_control sc = {.memory = m, .gfp = GFP_KERNEL, .highest = ZONE_NORMAL};
	struct shrink_result met = {0};
	struct list_head batch;

	(void)unused;
	list_init(&batch);
	list_add(&page->lru, &batch);
	current->flags |= PF_MEMALLOC;
	if (!shrink_page_list(&sc, &batch, &met))
		putback_lru_page(m, page);
}

/* The same by hand: what is unmapped has users until all TLBs have forgotten it. */
static void reclaims_mapped(void *unused)
{
	struct tlb_batch batch;
	bool gone = false;

	(void)unused;
	tlb_batch_init(&batch);
	if (!trylock_page(page)) {
		putback_lru_page(m, page);
		return;
	}
	if (try_to_unmap(m, page, false, &batch) == SWAP_SUCCESS)
		gone = remove_mapping(m, page);
	unlock_page(m, page);
	try_to_unmap_flush(&batch);
	if (gone)
		page_put(m, page);
	else
		putback_lru_page(m, page);
}

/* As truncation takes one page out, whoever else looks at it; what is mapped stays. */
static void takes_out(void *unused)
{
	struct page *found = find_get_page(&as, PLACE);

	(void)unused;
	if (!found)
		return;
	lock_page(m, found);
	if (found->mapping == &as && !found->mapcount)
		delete_from_page_cache(found);
	unlock_page(m, found);
	page_put(m, found);
}

static void truncates(void *unused)
{
	(void)unused;
	truncate_inode_pages(&as);
}

/* An instruction: no TLB is flushed in the middle of it. */
static bool look(void)
{
	unsigned long flags = irq_save();
	uint64_t entry = tlb_use(mm, AT(0));

	if (entry && *(uint64_t *)page_address(m, entry_page(m, entry)) != WORD)
		panic("another page is mapped");
	irq_restore(flags);
	return entry;
}

static void faults(void *unused)
{
	(void)unused;
	if (mm_fault(mm, AT(0), 0) != FAULT_OK)
		panic("a fault is not served");
}

static void uses(void *unused)
{
	while (!look()) {
		faults(unused);
		cond_resched();
	}
}

static void reads(void *unused)
{
	uint64_t word;

	(void)unused;
	if (file_read(file, PLACE * PAGE_SIZE, &word, sizeof(word)) != sizeof(word))
		panic("a read is not served");
	if (word != WORD)
		panic("%lx is read", (unsigned long)word);
}

/* What is mapped is the file's; then all of it goes. */
static const char *all_gone(void)
{
	uint64_t *pte = pte_find(mm, AT(0)), entry = pte ? *pte : 0;

	if (entry && entry_page(m, entry)->mapping != &as)
		return "a page that has left the file is mapped";
	mm_put_user(mm);
	file_put(file);
	mapping_destroy(&as);
	index_release_all(m);
	if (node_stat_exact(m, NR_FILE_PAGES) || node_stat_exact(m, NR_FILE_MAPPED))
		return wrong("%ld pages in the cache, and %ld mapped, are left",
			node_stat_exact(m, NR_FILE_PAGES), node_stat_exact(m, NR_FILE_MAPPED));
	return case_whole();
}

static void fault_setup(void)
{
	file_begins(true);
	isolate();
	case_task(0, "faults", 10, mm);
	case_kthread(1, "reclaims", 11);
	case_kthread(2, "takes out", 12);
}

const struct scenario file_fault = {.name = "file-fault",
	.title = "a fault on a page of a file, reclaim of it, and it leaves the file",
	.arm = "none",
	.cpus = 3,
	.setup = fault_setup,
	.cpu = {faults, reclaims, takes_out},
	.check = all_gone,
	.bound = 3,
	.quick = 2};

static void mapped_setup(void)
{
	file_begins(true);
	mm_fault(mm, AT(0), 0);
	*pte_find(mm, AT(0)) &= ~PTE_ACCESSED;
	isolate();
	case_task(0, "uses", 10, mm);
	case_kthread(1, "reclaims", 11);
	case_kthread(2, "reads", 12);
	case_as_cpu(0);
	tlb_use(mm, AT(0));
}

const struct scenario file_mapped = {.name = "file-mapped",
	.title = "reclaim of a page of a file that is mapped, read(), and a fault",
	.arm = "none",
	.cpus = 3,
	.setup = mapped_setup,
	.cpu = {uses, reclaims_mapped, reads},
	.check = all_gone,
	.bound = 3,
	.quick = 2};

static void failed_setup(void)
{
	file_begins(false);
	case_kthread(0, "reads", 10);
	case_kthread(1, "truncates", 11);
}

const struct scenario file_truncated = {.name = "file-truncated",
	.title = "a page that could not be read is read again, and the file is truncated",
	.arm = "none",
	.cpus = 2,
	.setup = failed_setup,
	.cpu = {reads, truncates},
	.check = all_gone,
	.bound = 3,
	.quick = 2};

static void reap(struct mm *victim)
{
	down_read(&victim->mmap_sem);
	oom_reap_address_space(victim);
	up_read(&victim->mmap_sem);
}

/* The reaper takes out what is just being mapped, without the page's lock; and what another one has mapped before. */
static void reaps(void *unused)
{
	(void)unused;
	reap(other);
	reap(mm);
}

static void reaped_setup(void)
{
	file_begins(true);
	other = mm_create(m);
	if (!other || !mm_map_file(other, AT(0), PAGE_SIZE, 0, file, PLACE) ||
		mm_fault(other, AT(0), 0) != FAULT_OK)
		panic("no memory in the set-up");
	case_task(0, "faults", 10, mm);
	case_kthread(1, "reaper", 11);
}

static const char *still_cached(void)
{
	mm_put_user(other);
	return page_cache_has(&as, PLACE) ? all_gone() : "the page has left the file";
}

const struct scenario file_reaped = {.name = "file-reaped",
	.title = "a fault on a page of a file that is in memory, and the reaper",
	.arm = "none",
	.cpus = 2,
	.setup = reaped_setup,
	.cpu = {faults, reaps},
	.check = still_cached,
	.bound = 3,
	.quick = 3};
