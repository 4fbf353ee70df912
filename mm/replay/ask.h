/*
 * The request of a state, made again on the machine that has been shaped to it, and what became of it.
 * Task context that may sleep, as whoever makes the request. A kill may not come back: what is known until
 * then is known all the same.
 */
#ifndef MM_REPLAY_ASK_H
#define MM_REPLAY_ASK_H

#include "kernel/core/log/printk.h"
#include "mm/replay/state.h"

/* What is given up before the request is made, one thing at a time. */
enum remedy_kind {
	REMEDY_NONE,
	REMEDY_RESERVE_RELEASED, /* all pageblocks of the reserve, by force (§4.5) */
	REMEDY_LISTS_DRAINED,    /* every CPU's lists of single pages (§3.9) */
	REMEDY_LOWMEM_WAIVED,    /* every zone's lowmem_reserve (§2.4) */
	NR_REMEDIES
};
extern const char *const remedy_name[NR_REMEDIES];

enum ask_end {
	END_SERVED,
	END_KILLED, /* the kill is the end: nobody dies, and the request is not served */
	END_FAILED, /* NULL */
	END_STUCK,  /* it goes on for ever: nothing that it waits for, or tries again, can change */
	END_PANIC,
	NR_ASK_ENDS
};
extern const char *const ask_end_name[NR_ASK_ENDS];

/* Where it was served. */
enum ask_step {
	STEP_FAST,    /* by the fast path */
	STEP_SLOW,    /* by the slow path's first attempts */
	STEP_RECLAIM, /* after direct reclaim in vain */
	STEP_RELEASE, /* after pageblocks of the reserve were released */
	STEP_OOM,     /* in the OOM step, or after it */
	NR_ASK_STEPS
};
extern const char *const ask_step_name[NR_ASK_STEPS];

struct asked {
	struct memory *memory;
	int pid;                                                /* who asks */
	unsigned long released, stalls, oom_steps, invocations; /* events before it */
	uint64_t traced;
};

struct answer {
	enum ask_step step;
	unsigned long released;    /* pages of the reserve, by the remedy as well */
	unsigned long rounds;      /* of direct reclaim, all in vain */
	unsigned long oom_steps;   /* §5.8 */
	unsigned long invocations; /* of the OOM killer */
};

struct outcome {
	enum ask_end end;
	struct answer answer;
	const char *zone; /* that served it, or NULL */
	char victim[STATE_COMM_LEN];
	int victim_pid; /* 0: nobody was killed */
	char why[128];  /* stuck, or in a panic; "": neither */
};

/* Before the remedy. `pid`: of the task that will ask. */
void ask_begin(struct asked *a, struct memory *m, int pid);
void ask_remedy(struct memory *m, const struct state *s, enum remedy_kind remedy);
/* By alloc_pages(), as the current task, who is what the state says from here on. */
struct page *ask(struct memory *m, const struct state *s);
/* Any time after ask_begin(). */
struct answer ask_answer(const struct asked *a);
/* Of which zone a page is, also where the zone is made up. */
const struct zone *ask_zone(const struct memory *m, const struct page *page);

/* {"arm":...,"outcome":...}, on one line. */
const char *ask_json(struct line *l, const char *arm, const struct outcome *o);

#endif
