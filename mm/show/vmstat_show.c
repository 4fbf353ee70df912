/*
 * /proc/vmstat (see vmstat_show.h).
 */
#include "kernel/core/log/printk.h"
#include "mm/page/node_stat.h"
#include "mm/reclaim/dirty.h"
#include "mm/show/vmstat_show.h"

/* Disks are counted in sectors, two to a KiB. */
static unsigned long as_shown(const struct memory *m, int item)
{
	unsigned long n = mm_event(m, item);

	return item == PGPGIN || item == PGPGOUT ? n / 2 : n;
}

void vmstat_tell(const struct memory *m, void (*say)(const char *name, unsigned long value))
{
	for (int i = 0; i < NR_ZONE_STATS; i++)
		say(zone_stat_name[i], memory_stat(m, i));
	for (int i = 0; i < NR_NODE_STATS; i++)
		say(node_stat_name[i], node_stat(m, i));
	say("nr_dirty_threshold", dirty_threshold(m));
	say("nr_dirty_background_threshold", dirty_background_threshold(m));
	for (int i = 0; i < NR_VM_EVENTS; i++)
		say(mm_event_name[i], as_shown(m, i));
}

static void print_one(const char *name, unsigned long value)
{
	pr_info("%s %lu", name, value);
}

void print_vmstat(const struct memory *m)
{
	vmstat_tell(m, print_one);
}
