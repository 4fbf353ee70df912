/*
 * What /proc would tell an app (see calls.h).
 */
#include <string.h>

#include "kernel/core/log/event.h"
#include "kernel/core/sched/sched.h"
#include "kernel/core/time/time.h"
#include "kernel/task/app.h"
#include "kernel/task/calls.h"
#include "mm/show/vmstat_show.h"
#include "mm/alloc/highatomic.h"
#include "mm/page/node_stat.h"
#include "mm/show/show_mem.h"
#include "mm/space/mapped.h"

static void fill_zone(struct lw_zone *to, struct zone *z, unsigned int classzone)
{
	strncpy(to->name, z->name, sizeof(to->name) - 1);
	to->managed = z->managed;
	to->free = zone_stat(z, NR_FREE_PAGES);
	to->free_pcp = zone_free_pcp(z);
	to->min = z->watermark[WMARK_MIN];
	to->low = z->watermark[WMARK_LOW];
	to->high = z->watermark[WMARK_HIGH];
	to->protection = z->lowmem_reserve[classzone];
	to->reserved_highatomic = z->nr_reserved_highatomic;
	to->reserve_max = highatomic_max(z);
	to->free_highatomic = zone_free_of_type(z, MIGRATE_HIGHATOMIC);
	to->highatomic_blocks = highatomic_tagged(z);
}

void lw_meminfo(struct lw_meminfo *info)
{
	struct memory *m = &system_memory;
	struct lw_meminfo snapshot = {0};

	kernel_enter();
	for (int i = 0; m->zonelist[i]; i++)
		fill_zone(
			&snapshot.zone[snapshot.nr_zones++], m->zonelist[i], m->zonelist[0]->type);
	snapshot.free = memory_stat(m, NR_FREE_PAGES);
	snapshot.pageblock_pages = m->pageblock_nr_pages;
	snapshot.swap_free = READ_ONCE(m->swap.nr_swap_pages);
	snapshot.swap_total = m->total_swap_pages;
	snapshot.swap_cached = m->swap.cached;
	snapshot.mib = memory_mib(m);
	kernel_leave();
	*info = snapshot; /* the app's memory is touched at depth 0 */
}

int lw_nr_cpus(void)
{
	return nr_cpus;
}

/* Each line of /proc/vmstat, in its order, and then the events that are Lowwater's own. */
static void for_each_line(vmstat_say say, void *arg)
{
	const struct memory *m = &system_memory;

	vmstat_tell(m, say, arg);
	for (int i = NR_VM_EVENTS; i < NR_MM_EVENTS; i++)
		say(mm_event_name[i], mm_event(m, i), arg);
}

static void tell(const char *name, unsigned long value, void *point)
{
	event("{\"event\":\"point\",\"point\":\"%s\",\"ns\":%lu,\"name\":\"%s\",\"value\":%lu}",
		(const char *)point, (unsigned long)clock_ns(), name, value);
}

void lw_point(const char *name)
{
	char kname[32] = "", safe[64];

	strncpy(kname, name, sizeof(kname) - 1);
	kernel_enter();
	event_string(kname, safe, sizeof(safe));
	for_each_line(tell, safe);
	kernel_leave();
}

struct wanted {
	const char *name;
	long value;
};

static void look(const char *name, unsigned long value, void *arg)
{
	struct wanted *w = arg;

	if (!strcmp(w->name, name))
		w->value = value;
}

long lw_vmstat(const char *name)
{
	char kname[64] = "";
	struct wanted w = {kname, -1};

	strncpy(kname, name, sizeof(kname) - 1);
	kernel_enter();
	for_each_line(look, &w);
	kernel_leave();
	return w.value;
}

long lw_swap_slot(void *addr)
{
	long slot;

	kernel_enter();
	slot = mm_swap_slot(current->mm, (uint64_t)addr);
	kernel_leave();
	return slot;
}
