/*
 * info: what memory this machine has, as Linux's /proc would tell it, and exit.
 */
#include "kernel/core/log/event.h"
#include "kernel/dev/devices.h"
#include "kernel/task/scenario.h"
#include "mm/show/proc.h"
#include "mm/show/vmstat_show.h"

static unsigned long count_zones(const struct memory *m)
{
	const struct zone *z;
	unsigned long n = 0;

	for_each_populated_zone(m, z)
		n++;
	return n;
}

static void info(void)
{
	print_buddyinfo(&system_memory);
	print_pagetypeinfo(&system_memory);
	print_zoneinfo(&system_memory);
	print_slabinfo(&system_memory);
	print_vmstat(&system_memory);
	devices_show();
	event_counter(COUNTER("managed_pages"), system_memory.totalram_pages);
	event_counter(COUNTER("zones"), count_zones(&system_memory));
}

static const struct scenario_arm arms[] = {
	{.patch = "none",
		.outcome = "completed",
		.checks = {"managed_pages > 0"},
		.showed = "{managed_pages} pages managed in {zones} zones"},
};

SCENARIO(info_scenario) = {
	.name = "info",
	.help = "zoneinfo, buddyinfo, pagetypeinfo, slabinfo, vmstat, the PCI bus and the memory "
		"map",
	.group = "study",
	.kernel = info,
	.arms = arms,
	.nr_arms = ARRAY_SIZE(arms),
};
