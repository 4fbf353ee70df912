/*
 * Plugs, as mm/ sees them: from start to finish the current task's requests to disks are held back, so that
 * neighbours become one (§34.3). The floor above registers how (memory.io_plug); without disks there is
 * nothing to hold back.
 */
#ifndef MM_IO_PLUG_H
#define MM_IO_PLUG_H

#include "mm/page/memory.h"

/* On the stack of who starts it; the floor above's. */
struct io_plug {
	void *room[2];
};

/* Task context. Whoever has one already goes on with that: the one that it started ends it (§34.3). */
struct io_plug_ops {
	void (*start)(struct io_plug *plug);
	void (*finish)(struct io_plug *plug);
};

static inline void io_plug_start(struct memory *m, struct io_plug *plug)
{
	if (m->io_plug)
		m->io_plug->start(plug);
}

static inline void io_plug_finish(struct memory *m, struct io_plug *plug)
{
	if (m->io_plug)
		m->io_plug->finish(plug);
}

#endif
