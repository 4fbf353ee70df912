/*
 * The room mm/replay: a machine in the state that a report describes, and its request made again.
 *
 * In reading order: state.h (this: the state as a text that a person edits), words.h (one line of it),
 * state.c (what the lines say), state_check.c (what they must say together), layout.h (where free blocks
 * lie), plan.h (which pageblocks a zone needs), shape.h (a machine becomes that one), ask.h (the request,
 * and what became of it).
 *
 * One user at a time; what changes a machine says in its header who may look on meanwhile.
 */

/*
 * A state file: one item a line, '#' begins a comment, names and values in any order:
 *
 *	lowwater-state 1
 *	source ... , choice ...		free text
 *	pageblock_order 10
 *	request order=0 gfp=0x24280ca comm=balloon pid=8473
 *	zone DMA present=3998 managed=3977 min=11 low=14 high=17 protection=0,1952,1952,1952 highatomic=2048 lag=1
 *	free DMA order=10 U=0 M=0 E=0 H=2
 *	pcp DMA32 cpu=0 U=28 M=0 E=0
 *	lru DMA32 inactive_anon=106724 active_anon=382032 inactive_file=105 active_file=15 unevictable=0
 *	swap total=63999 free=2
 *	task pid=8473 comm=balloon rss=400000 swapents=60000 adj=0
 *
 * Pages, of `free` blocks, of `swap` slots. What is not named is 0, but for pageblock_order (10), present
 * (as managed) and what STATE_MUST marks. A zone that is not named has no memory. A name with blanks stands
 * in quotes. The request is made on CPU 0; with memdie=1 by whom the OOM killer has chosen before (§7.8), with
 * memalloc=1 by whoever reclaims memory itself (PF_MEMALLOC), as kswapd.
 *
 * Pure: reads the text, writes the state, O(text). No context.
 */
#ifndef MM_REPLAY_STATE_H
#define MM_REPLAY_STATE_H

#include "mm/page/memory.h"

#define STATE_VERSION    1
#define STATE_TASKS      1024
#define STATE_PAGES_MAX  (1l << 28) /* 1 TiB: of any one number of pages or slots */
#define STATE_FREE_MAX   (1l << 24) /* 64 GiB: of what is free in all zones */
#define STATE_PID_MAX    (1l << 22)
#define STATE_LAG_MAX    32000 /* a CPU's delta holds no more */
#define STATE_BYTES_MAX  (1ul << 20)
#define STATE_COMM_LEN   16
#define STATE_ERROR_LEN  256
#define STATE_LISTS      MIGRATE_PCPTYPES
#define STATE_FREE_TYPES (MIGRATE_HIGHATOMIC + 1)

struct state_zone {
	unsigned int line;      /* that names it; 0: none does */
	unsigned int mentioned; /* the first other line that is about it */
	long present, managed, mark[NR_WMARK], protection[MAX_NR_ZONES], highatomic;
	long lag; /* pages by which the counter of free ones, which marks are tested with, is behind the lists */
	long free[MAX_ORDER][STATE_FREE_TYPES]; /* blocks */
	long pcp[MAX_CPUS][STATE_LISTS];
	long lru[NR_LRU_LISTS];
	uint16_t orders_said, cpus_said; /* a bit for each that a line has been about */
	bool lru_said;
};

struct state_task {
	long pid, rss, swapents, adj;
	char comm[STATE_COMM_LEN];
};

struct state_request {
	unsigned int line; /* 0: none was made */
	long order, gfp;
	long pid;      /* 0: not known */
	long memdie;   /* 1: by a task that the OOM killer has chosen (§7.8) */
	long memalloc; /* 1: by a task that reclaims, outside interrupts (PF_MEMALLOC) */
	char comm[STATE_COMM_LEN];
};

struct state {
	unsigned int lines;
	long pageblock_order;
	struct state_request request;
	struct state_zone zone[MAX_NR_ZONES];
	unsigned int swap_line, pageblock_line;
	long swap_total, swap_free;
	unsigned int nr_tasks;
	struct state_task task[STATE_TASKS];
};

/*
 * Read a text of `len` bytes, which need not end with a 0. False: `err` says in one line what is wrong,
 * where, and what was expected.
 */
bool state_read(struct state *s, const char *text, size_t len, char err[STATE_ERROR_LEN]);

extern const char *const state_zone_name[MAX_NR_ZONES];

/* What lines must hold together (state_check.c): as state_read(), which calls it. */
bool state_check(const struct state *s, char err[STATE_ERROR_LEN]);

/* Pages that are free in a zone, and those on its CPUs' lists. */
long state_free_pages(const struct state_zone *z);
long state_pcp_pages(const struct state_zone *z);
/* CPUs that the machine has at least: those that have lists. */
unsigned int state_cpus(const struct state *s);
/* The first zone that the request may use, or -1: there is none. */
int state_first_zone(const struct state *s);

#endif
