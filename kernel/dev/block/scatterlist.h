/*
 * A physically contiguous piece of memory, as devices know it.
 */
#ifndef DEV_BLOCK_SCATTERLIST_H
#define DEV_BLOCK_SCATTERLIST_H

#include "kernel/core/types.h"

struct scatterlist {
	uint64_t phys;
	uint32_t len; /* bytes */
};

#endif
