/*
 * /proc/vmstat (see vmstat_show.h).
 */
#include "kernel/core/log/printk.h"
#include "mm/page/node_stat.h"
#include "mm/reclaim/dirty.h"
#include "mm/show/vmstat_show.h"

void vmstat_tell(const struct memory *m, vmstat_say say, void *arg)
{
	for (int i = 0; i < NR_ZONE_STATS; i++)
		say(zone_stat_name[i], memory_stat(m, i), arg);
	for (int i = 0; i < NR_NODE_STATS; i++)
		say(node_stat_name[i], node_stat(m, i), arg);
	say("nr_dirty_threshold", dirty_threshold(m), arg);
	say("nr_dirty_background_threshold", dirty_background_threshold(m), arg);
	for (int i = 0; i < NR_VM_EVENTS; i++)
		say(mm_event_name[i], mm_event_told(m, i), arg);
}

static void print_one(const char *name, unsigned long value, void *unused)
{
	(void)unused;
	pr_info("%s %lu", name, value);
}

void print_vmstat(const struct memory *m)
{
	vmstat_tell(m, print_one, NULL);
}
