/*
 * A string of bytes as the life of a small machine: the first PLAY_HEADER bytes say what it is made
 * of, the rest is a list of operations on its page allocator, its slabs, an app with its swap, and
 * files. Any string is a valid one;
 * where an operation needs a byte that is not there, it gets 0.
 *
 * What must hold of every request is checked at every request; that the allocator agrees with
 * itself (mm_validate()) and has lost nothing, now and then and at the end. A broken promise is a
 * panic. An object is filled by its owner, and looked at when it is given back. For one life in
 * words, set play_trace.
 */
#ifndef HOST_PLAY_H
#define HOST_PLAY_H

#include "twin.h"

#define PLAY_HEADER      16
#define PLAY_CHECK_EVERY 512 /* requests and frees */

struct play_stats {
	unsigned long operations; /* requests and frees */
	unsigned long refused;    /* requests that got nothing */
	unsigned long machines;
	unsigned long out, in,
		stolen; /* pages written to swap, read from it, and freed by reclaim */
	unsigned long dropped, evicted, sigbus; /* pages of files: by name, by reclaim; faults */
};
extern struct play_stats play_stats;
extern bool play_trace;

/* twin_setup(), the machine, its operations, the last checks, twin_teardown(). */
void play(const uint8_t *data, size_t size);

#endif
