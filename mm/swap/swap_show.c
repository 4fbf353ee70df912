/*
 * /proc/swaps.
 */
#include "kernel/core/log/printk.h"
#include "mm/swap/swap_area.h"

#define NAME_COLUMN 40

void print_swaps(const struct memory *m)
{
	char name[NAME_COLUMN];

	pr_info("Filename\t\t\t\tType\t\tSize\tUsed\tPriority");
	for (int type = 0; type < MAX_SWAP_AREAS; type++) {
		const struct swap_area *a = m->swap.area[type];

		if (!a)
			continue;
		ksnprintf(name, sizeof(name), "/dev/%s", a->dev.name);
		pr_info("%-40spartition\t%u\t%u\t%d", name, a->pages * 4, a->inuse * 4, a->prio);
	}
}
