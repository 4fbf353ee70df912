/*
 * The oracle's file (see oracle_file.h).
 */
#include <stdio.h>
#include <stdlib.h>

#include "kernel/task/calls.h"
#include "tests/scenarios/oracle.h"
#include "tests/scenarios/oracle_file.h"
#include "tests/workloads/filework.h"

#define NAME "data/fill"

const uint64_t *oracle_file(long pages)
{
	int fd = lw_open(NAME), error = fd;
	const uint64_t *file = fd < 0 ? NULL : lw_map_open(fd, 0, pages * PAGE, 0, &error);

	if (!file) {
		printf("%s: error %d\n", NAME, error);
		exit(1);
	}
	return file;
}

long oracle_look(const uint64_t *file, long first, long pages)
{
	uint64_t key = filework_key(NAME);
	long wrong = 0;

	for (uint64_t page = first; page < (uint64_t)(first + pages); page++)
		wrong += file[page * (PAGE / 8)] != (page << 32 ^ key);
	return wrong;
}
