/*
 * info: what memory this machine has, as Linux's /proc would tell it, and exit.
 */
#include "kernel/task/scenario.h"
#include "mm/proc.h"

static void info(void)
{
	print_buddyinfo(&system_memory);
	print_pagetypeinfo(&system_memory);
	print_zoneinfo(&system_memory);
}

static const struct scenario_arm arms[] = {
	{.patch = "none", .outcome = "completed"},
};

SCENARIO(info_scenario) = {
	.name = "info",
	.help = "zoneinfo, buddyinfo, pagetypeinfo and the memory map",
	.group = "study",
	.kernel = info,
	.arms = arms,
	.nr_arms = ARRAY_SIZE(arms),
};
