/*
 * Memory reports (see show_mem.h).
 */
#include "kernel/core/log/event.h"
#include "kernel/core/log/ksyms.h"
#include "kernel/core/log/printk.h"
#include "kernel/core/time/time.h"
#include "mm/reclaim/scan.h"
#include "mm/show/show_mem.h"
#include "mm/show/verdict.h"

#define REPORT_TRIES 100000
#define K(pages)     ((long)(pages)*4)

/* What nothing here makes (dirty, unstable, ...) is 0 by nature, and printed. */
static void show_global(const struct memory *m)
{
	const struct zone *z;
	long free_pcp = 0;

	for_each_zone(m, z)
		free_pcp += zone_free_pcp(z);
	pr_warn("Mem-Info:");
	pr_warn("active_anon:%lu inactive_anon:%lu isolated_anon:%lu", node_stat(m, NR_ACTIVE_ANON),
		node_stat(m, NR_INACTIVE_ANON), node_stat(m, NR_ISOLATED_ANON));
	pr_warn(" active_file:%lu inactive_file:%lu isolated_file:%lu",
		node_stat(m, NR_ACTIVE_FILE), node_stat(m, NR_INACTIVE_FILE),
		node_stat(m, NR_ISOLATED_FILE));
	pr_warn(" unevictable:%lu dirty:%lu writeback:%lu unstable:%lu",
		node_stat(m, NR_UNEVICTABLE), node_stat(m, NR_FILE_DIRTY),
		node_stat(m, NR_WRITEBACK), node_stat(m, NR_UNSTABLE_NFS));
	pr_warn(" slab_reclaimable:%lu slab_unreclaimable:%lu", memory_stat(m, NR_SLAB_RECLAIMABLE),
		memory_stat(m, NR_SLAB_UNRECLAIMABLE));
	pr_warn(" mapped:%lu shmem:%lu pagetables:%lu bounce:%lu", node_stat(m, NR_FILE_MAPPED),
		node_stat(m, NR_SHMEM), memory_stat(m, NR_PAGETABLE), memory_stat(m, NR_BOUNCE));
	pr_warn(" free:%lu free_pcp:%lu free_cma:%lu", memory_stat(m, NR_FREE_PAGES), free_pcp,
		memory_stat(m, NR_FREE_CMA_PAGES));
}

static void show_node(const struct memory *m)
{
	struct line l;

	line_init(&l);
	line_add(&l, "Node 0 active_anon:%lukB inactive_anon:%lukB active_file:%lukB",
		K(node_stat(m, NR_ACTIVE_ANON)), K(node_stat(m, NR_INACTIVE_ANON)),
		K(node_stat(m, NR_ACTIVE_FILE)));
	line_add(&l, " inactive_file:%lukB unevictable:%lukB isolated(anon):%lukB",
		K(node_stat(m, NR_INACTIVE_FILE)), K(node_stat(m, NR_UNEVICTABLE)),
		K(node_stat(m, NR_ISOLATED_ANON)));
	line_add(&l, " isolated(file):%lukB mapped:%lukB dirty:%lukB writeback:%lukB",
		K(node_stat(m, NR_ISOLATED_FILE)), K(node_stat(m, NR_FILE_MAPPED)),
		K(node_stat(m, NR_FILE_DIRTY)), K(node_stat(m, NR_WRITEBACK)));
	line_add(&l, " shmem:%lukB writeback_tmp:%lukB unstable:%lukB pages_scanned:%lu",
		K(node_stat(m, NR_SHMEM)), K(node_stat(m, NR_WRITEBACK_TEMP)),
		K(node_stat(m, NR_UNSTABLE_NFS)), node_stat(m, NR_PAGES_SCANNED));
	line_add(&l, " all_unreclaimable? %s", node_reclaimable(m) ? "no" : "yes");
	pr_warn("%s", l.text);
}

static void add_zone_item(
	struct line *l, const struct zone *z, const char *name, enum zone_stat item)
{
	line_add(l, " %s:%ldkB", name, K(zone_stat(z, item)));
}

static void show_zone(const struct zone *z)
{
	struct line l;

	line_init(&l);
	line_add(&l, "%s free:%ldkB min:%lukB low:%lukB high:%lukB", z->name,
		K(zone_stat(z, NR_FREE_PAGES)), K(z->watermark[WMARK_MIN]),
		K(z->watermark[WMARK_LOW]), K(z->watermark[WMARK_HIGH]));
	add_zone_item(&l, z, "active_anon", NR_ZONE_ACTIVE_ANON);
	add_zone_item(&l, z, "inactive_anon", NR_ZONE_INACTIVE_ANON);
	add_zone_item(&l, z, "active_file", NR_ZONE_ACTIVE_FILE);
	add_zone_item(&l, z, "inactive_file", NR_ZONE_INACTIVE_FILE);
	add_zone_item(&l, z, "unevictable", NR_ZONE_UNEVICTABLE);
	add_zone_item(&l, z, "writepending", NR_ZONE_WRITE_PENDING);
	line_add(&l, " present:%lukB managed:%lukB", K(z->present), K(z->managed));
	add_zone_item(&l, z, "mlocked", NR_MLOCK);
	add_zone_item(&l, z, "slab_reclaimable", NR_SLAB_RECLAIMABLE);
	add_zone_item(&l, z, "slab_unreclaimable", NR_SLAB_UNRECLAIMABLE);
	line_add(&l, " kernel_stack:%ldkB", zone_stat(z, NR_KERNEL_STACK_KB));
	add_zone_item(&l, z, "pagetables", NR_PAGETABLE);
	add_zone_item(&l, z, "bounce", NR_BOUNCE);
	line_add(&l, " free_pcp:%ldkB local_pcp:%dkB", K(zone_free_pcp(z)),
		z->pcp[this_cpu_id()].count * 4);
	add_zone_item(&l, z, "free_cma", NR_FREE_CMA_PAGES);
	pr_warn("%s", l.text);

	line_init(&l);
	line_add(&l, "lowmem_reserve[]:");
	for (int i = 0; i < MAX_NR_ZONES; i++)
		line_add(&l, " %ld", z->lowmem_reserve[i]);
	pr_warn("%s", l.text);
}

bool lock_for_report(struct spinlock *lock)
{
	for (int i = 0; i < REPORT_TRIES; i++) {
		if (spin_trylock(lock))
			return true;
		cpu_relax();
	}
	return false;
}

static void unlock_after_report(struct zone *z, bool locked)
{
	if (locked)
		spin_unlock(&z->lock);
}

static void add_letters(struct line *l, const struct free_area *area)
{
	if (nr_free_blocks(area) == 0)
		return;
	line_add(l, "(");
	for (int t = 0; t < MIGRATE_TYPES; t++)
		if (!list_empty(&area->free_list[t]))
			line_add(l, "%c", migratetype_letter[t]);
	line_add(l, ") ");
}

static void show_buddy(struct zone *z)
{
	bool locked = lock_for_report(&z->lock);
	unsigned long total = 0;
	struct line l;

	line_init(&l);
	line_add(&l, "%s: ", z->name);
	for (int order = 0; order < MAX_ORDER; order++) {
		const struct free_area *area = &z->free_area[order];
		unsigned long blocks = nr_free_blocks(area);

		line_add(&l, "%lu*%lukB ", blocks, K(1ul << order));
		add_letters(&l, area);
		total += blocks << order;
	}
	unlock_after_report(z, locked);
	line_add(&l, "= %lukB", K(total));
	pr_warn("%s", l.text);
}

static void show_trailer(const struct memory *m)
{
	unsigned long present = 0, managed = 0;
	const struct zone *z;

	for_each_zone(m, z) {
		present += z->present;
		managed += z->managed;
	}
	pr_warn("%ld total pagecache pages", node_stat(m, NR_FILE_PAGES));
	pr_warn("%ld pages in swap cache", m->swap.cached);
	pr_warn("Swap cache stats: add %ld, delete %ld, find %lu/%lu", m->swap.added,
		m->swap.deleted, m->swap.find_success, m->swap.find_total);
	pr_warn("Free swap  = %ldkB", K(m->swap.nr_swap_pages));
	pr_warn("Total swap = %lukB", K(m->total_swap_pages));
	pr_warn("%lu pages RAM", present);
	pr_warn("0 pages HighMem/MovableOnly");
	pr_warn("%lu pages reserved", present - managed);
	pr_warn("0 pages cma reserved");
	pr_warn("0 pages hwpoisoned");
}

static unsigned long pages_moved(struct memory *m)
{
	unsigned long sum = READ_ONCE(m->event[PGFREE]);

	for (int i = 0; i < MAX_NR_ZONES; i++)
		sum += READ_ONCE(m->zone[i].allocated);
	return sum;
}

void show_mem(struct memory *m)
{
	unsigned long flags = output_lock();
	struct zone *z;

	WRITE_ONCE(m->moved_before_report, pages_moved(m));
	show_global(m);
	show_node(m);
	for_each_populated_zone(m, z)
		show_zone(z);
	for_each_populated_zone(m, z)
		show_buddy(z);
	show_trailer(m);
	output_unlock(flags);
}

unsigned long zone_free_of_type(const struct zone *z, enum migratetype type)
{
	unsigned long pages = 0;

	for (int order = 0; order < MAX_ORDER; order++)
		pages += (unsigned long)z->free_area[order].nr_free[type] << order;
	return pages;
}

void report_event(struct memory *m, const char *kind, const char *verdict)
{
	const char *comma = "";
	struct zone *z;
	struct line l;

	line_init(&l);
	for_each_populated_zone(m, z) {
		line_add(&l, "%s\"%s\":{\"free_by_type\":{", comma, z->name);
		for (int t = 0; t <= MIGRATE_HIGHATOMIC; t++)
			line_add(&l, "%s\"%c\":%lu", t ? "," : "", migratetype_letter[t],
				zone_free_of_type(z, t));
		line_add(&l, "},\"reserved_highatomic\":%lu}", z->nr_reserved_highatomic);
		comma = ",";
	}
	event("{\"event\":\"report\",\"kind\":\"%s\",\"moved\":%lu,\"zones\":{%s},\"verdict\":%s}",
		kind, pages_moved(m) - READ_ONCE(m->moved_before_report), l.text, verdict);
}

/* Frame as in the second seed report: alloc_pages -> warn_alloc_failed -> dump_stack. */
noinline void warn_alloc_failed(struct memory *m, gfp_t gfp, unsigned int order)
{
	char text[GFP_TEXT_LEN];
	unsigned long flags;

	if (!ratelimit(&m->failure_ratelimit, __func__))
		return;
	flags = output_lock();
	pr_warn("%s: page allocation failure: order:%u, mode:0x%x(%s)", current->comm, order, gfp,
		gfp_text(gfp, text, sizeof(text)));
	dump_stack();
	show_mem(m);
	report_verdict(m, "alloc-failure", gfp, order);
	output_unlock(flags);
	memory_notice(m, "failure");
}
