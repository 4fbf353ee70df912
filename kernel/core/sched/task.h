/*
 * Tasks and processes: the objects, the list of all, sleeping and waking. Who creates and frees
 * them (and their address spaces) is kernel/task; core only runs them.
 *
 * Lists of tasks are read and changed under tasks_lock(), (T) below; the fields marked (L) change
 * with interrupts off.
 */
#ifndef CORE_TASK_H
#define CORE_TASK_H

#include "kernel/core/cpu/arch.h"
#include "kernel/core/list.h"
#include "kernel/core/lock/lockdep.h"
#include "kernel/core/refcount.h"
#include "kernel/core/time/timer.h"

#define TASK_COMM_LEN 16
#define FP_STATE_SIZE 512

/* Bits of task.flags; values as in Linux where it has them. */
#define PF_EXITING       0x00000004u
#define PF_WQ_WORKER     0x00000020u
#define PF_DUMPCORE      0x00000200u
#define PF_MEMALLOC      0x00000800u
#define PF_KSWAPD        0x00040000u
#define PF_MEMALLOC_NOIO 0x00080000u
#define PF_KTHREAD       0x00200000u
#define PF_SWAPWRITE     0x00800000u

enum task_state {
	TASK_RUNNING,
	TASK_KILLABLE,        /* asleep; a pending kill wakes it */
	TASK_UNINTERRUPTIBLE, /* asleep; only its event wakes it */
	TASK_ZOMBIE,          /* finished; its parent collects it */
};

struct mm;
struct lock_info;
struct task;
struct blk_plug;
struct bio_list;

/*
 * What the threads of a process have in common. It lies in the leader's task, which is collected
 * when the last thread has ended.
 */
struct process {
	struct task *leader;
	struct list_head threads;  /* (T) task.thread, the leader first */
	struct list_head children; /* (T) leaders of its child processes */
	int live;                  /* (T) threads that have not ended */
	bool group_exit;           /* (T) all of them shall end: killed, or exit() */
	int exit_code;             /* (T) */
	short oom_score_adj;       /* -1000 to 1000 */
	bool cap_sys_admin;        /* root: a little less bad in the OOM killer's eyes (§7.5) */
	bool oom_origin;     /* the first to be killed: it brings pages back from swap (§7.4) */
	int oom_victims;     /* (T) threads with memdie (§7.1) */
	struct files *files; /* that it has open (kernel/task/files.c); NULL: none */
	struct mm *oom_mm;   /* (T) pinned when it became a victim (4.9, §8.2); or NULL */
};

struct task {
	/* First: an aligned FXSAVE area. */
	uint8_t fp[FP_STATE_SIZE] __attribute__((aligned(16)));
	uint64_t sp;         /* when not running */
	uint64_t stack;      /* lowest address; the page below is unmapped */
	uint64_t stack_size; /* bytes */
	uint64_t stack_gap;  /* bytes below it that nothing is mapped in */
	uint64_t cr3;        /* physical, of its address space; the kernel's for kernel tasks */
	int pid;
	char comm[TASK_COMM_LEN];
	enum task_state state; /* (L) */
	unsigned int prio;     /* PRIO_* of cpu.h */
	unsigned int flags;    /* PF_* */
	unsigned int kdepth;   /* kernel calls under way; 0: in the app's own code */
	unsigned int cpu;      /* (L) where it runs, waits for its turn, or last ran */
	bool bound;            /* (L) runs on CPU `home` only */
	unsigned int home;     /* (L) */
	bool on_rq;            /* (L) */
	uint64_t since_ns;     /* (L) when it began to run, or to sleep */
	uint64_t credit_ns;    /* (L) what it is owed since it slept (fair.h) */
	union {
		struct {
			bool kill_pending; /* SIGKILL */
			bool resched; /* (L) to be set: its turn is over at the next safe point */
		};
		uint16_t work_at_leave; /* any of them: before it goes on in the app's own code */
	};
	bool memdie;           /* TIF_MEMDIE: may use memory reserves */
	struct mm *mm;         /* (T) NULL: a kernel task, or one that has left it */
	struct blk_plug *plug; /* requests that it holds back, and ... */
	struct bio_list *bios; /* ... bios that wait while one is submitted (kernel/dev/block) */
	long reclaimed_slab;   /* pages that slabs gave back meanwhile; reclaim takes it (§17.4) */
	/* Of a fault that is to be tried again: what it waits for, with a reference, or NULL (mm/space). */
	struct page *fault_page;
	void *tls; /* for the app: its libc's state of this thread */
	struct process *process;
	struct process own;  /* of the leader */
	struct task *parent; /* (T) leader of the parent process */
	struct refcount ref;
	void (*release)(struct task *t); /* by the last reference; NULL: nobody frees it */
	struct task *oom_reaper_next;    /* the reaper's queue */
	const char *waiting_for;         /* what it sleeps on, for reports */
	/* For the watchdog, in jiffies; 0: not so. */
	struct lock_info *waits_lock;
	unsigned long waits_since, ready_since, alloc_since;
	struct timer sleep_timer;
#ifdef LW_DEBUG
	struct lockdep_held held;
#endif
	struct list_head run; /* (L) a CPU's run queue */
	struct list_head all; /* every task, in order of creation */
	struct list_head thread, sibling;
};

extern struct list_head all_tasks;

static inline bool is_leader(const struct task *t)
{
	return t == t->process->leader;
}

/* While held, no task enters or leaves the lists, and none loses its mm. Interrupts off. */
unsigned long tasks_lock(void);
bool tasks_trylock(unsigned long *flags);
void tasks_unlock(unsigned long flags);
#define for_each_task(t) list_for_each_entry(t, &all_tasks, all)
/* Processes by their leaders, in order of creation. */
#define for_each_process(t)                                                                        \
	for_each_task(t)                                                                           \
		if (is_leader(t))
#define for_each_thread(t, p) list_for_each_entry(t, &(p)->threads, thread)

/* A runnable-to-be task on the given stack; `fn` may not return. The caller owns all memory. */
void task_init(struct task *t, const char *comm, int pid, unsigned int prio, uint64_t stack,
	uint64_t stack_size, void (*fn)(void *arg), void *arg);
/*
 * A task that has not been started is one more thread of a process, not a process of its own. It has a
 * reference to the leader, in which the process lies; who releases the task puts it.
 */
void task_join_process(struct task *t, struct process *p);
/*
 * Enter the task list, its process's or its parent's children, and the run queue. Who is born to a
 * process that is being killed shares its fate.
 */
void task_start(struct task *t, struct process *parent);
/* Leave the lists for good; the caller frees the memory. Not the current task. */
void task_unlink(struct task *t);
struct wait_queue;
/* The current task becomes a zombie and never returns; who waits on `wq` is woken. */
void task_finish(struct wait_queue *wq) __attribute__((noreturn));

/*
 * References: the lists hold one together until task_unlink(); a thread's keeps its leader as well,
 * and so the process. Put: not under tasks_lock().
 */
static point_inline void task_get(struct task *t)
{
	refcount_get(&t->ref);
}
void task_put(struct task *t);

/*
 * SIGKILL to the whole process: takes effect when a thread next is at depth 0 or in a killable wait.
 * tasks_lock() held.
 */
void task_kill(struct task *t);
/* The same for all threads but the current one, which ends by itself, with its process's code. */
void process_exit_others(int code);
/* What task_kill() does to one thread. tasks_lock() held. */
void kill_thread(struct task *t);
/* A thread of `p` that still has an address space, or NULL. tasks_lock() held. */
struct task *thread_with_mm(const struct process *p);
static inline bool fatal_signal_pending(const struct task *t)
{
	return READ_ONCE(t->kill_pending);
}

static inline bool has_work_at_leave(const struct task *t)
{
	return READ_ONCE(t->work_at_leave);
}

/* True (with the bounds) when `addr` lies on a stack that may be read. */
bool task_stack_span(uint64_t addr, uint64_t *lo, uint64_t *hi);
/* The task whose guard page holds `addr`, or NULL. */
const struct task *task_of_guard_page(uint64_t addr);

const char *task_state_name(enum task_state state);
/* tasks_lock() held, unless the other CPUs have been stopped. */
void print_tasks(void);
/* Each with its call trace; other CPUs have been stopped. */
void print_tasks_with_traces(void);
/* sched_lock() held, unless the other CPUs have been stopped. */
void print_held_locks(void);
/* The same of a machine that goes on: whole, and nobody else's lines in it. Any context. */
void show_held_locks(void);

#endif
