/*
 * The room kernel/core/lock: lock.h (this), sched_point.h (where a schedule seed may step in),
 * notifier.h (callback chains), lockdep.h and lock_debug.h (the debug build's checker).
 *
 * Waiters of sleeping locks are guarded by sched_lock(), as sleeping and waking is.
 */

/*
 * Spinlock, mutex, rw-semaphore and wait queue.
 *
 * Every lock has a name and its holder, and is in one list, so that a panic can print who holds
 * and who waits for what. Sleeping locks pass to the longest waiter when released: no barging,
 * so the order is the same on every run.
 *
 * Spinlocks: any context; the _irqsave forms where a handler takes the same lock. Mutex and
 * rwsem: task context that may sleep, the trylock forms anywhere that does not hold them.
 */
#ifndef CORE_LOCK_H
#define CORE_LOCK_H

#include "kernel/core/cpu/cpu.h"
#include "kernel/core/list.h"
#include "kernel/core/lock/lock_debug.h"
#include "kernel/core/lock/lockdep.h"
#include "kernel/core/machine.h"
#include "kernel/core/replay_point.h"
#include "kernel/core/sched/sched.h"
#include "kernel/core/lock/sched_point.h"

struct lock_info {
	const char *name;
	struct task *owner; /* NULL: free, or held for reading */
	bool unchecked;     /* lock_debug.c leaves it out */
	struct list_head all;
	struct list_head waiters; /* sleeping locks only */
};

/* Undo with lock_forget() before the lock's memory is given back. */
void lock_register(struct lock_info *info, const char *name);
void lock_forget(struct lock_info *info);
/* Tasks that sleep until they have it. */
long lock_waiters(const struct lock_info *info);

struct spinlock {
	int locked;
	struct lock_info info;
};

void spin_lock_init(struct spinlock *lock, const char *name);

/* Out of line: spin until it is ours. By way of sched_point.h, which keeps the caller's registers. */
void spin_wait(struct spinlock *lock);

static point_inline void spin_lock(struct spinlock *lock)
{
	lock_debug_acquire(&lock->info, LOCKDEP_SPIN);
	preempt_disable_point();
	if (unlikely(__atomic_exchange_n(&lock->locked, 1, __ATOMIC_ACQUIRE)))
		call_spin_wait(lock);
	lock->info.owner = current;
}

static inline bool spin_trylock(struct spinlock *lock)
{
	preempt_disable();
	if (__atomic_exchange_n(&lock->locked, 1, __ATOMIC_ACQUIRE)) {
		preempt_enable();
		return false;
	}
	lock_debug_acquire(&lock->info, LOCKDEP_SPIN | LOCKDEP_TRY);
	lock->info.owner = current;
	return true;
}

static point_inline void spin_unlock(struct spinlock *lock)
{
	lock_debug_release(&lock->info);
	lock->info.owner = NULL;
	__atomic_store_n(&lock->locked, 0, __ATOMIC_RELEASE);
	preempt_enable_point();
}

static point_inline unsigned long spin_lock_irqsave(struct spinlock *lock)
{
	unsigned long flags = irq_save();

	spin_lock(lock);
	return flags;
}

static point_inline void spin_unlock_irqrestore(struct spinlock *lock, unsigned long flags)
{
	spin_unlock(lock);
	irq_restore(flags);
}

/* Where interrupts are on, as in any context that may sleep. */
static point_inline void spin_lock_irq(struct spinlock *lock)
{
	irq_disable();
	spin_lock(lock);
}

static point_inline void spin_unlock_irq(struct spinlock *lock)
{
	spin_unlock(lock);
	irq_enable();
}

struct wait_queue {
	const char *name;
	struct list_head waiters;
};

struct waiter {
	struct task *task;
	struct list_head node;
	bool write;   /* rwsem */
	bool granted; /* sleeping locks: the lock is ours */
};

void wait_queue_init(struct wait_queue *wq, const char *name);
void wake_up_all(struct wait_queue *wq);        /* any context */
void wake_up_all_locked(struct wait_queue *wq); /* the same with sched_lock() held */

/* One turn of waiting, for the macros below. */
void wait_prepare(struct wait_queue *wq, struct waiter *w, enum task_state state);
void wait_finish(struct wait_queue *wq, struct waiter *w);

/* Sleep until `cond`; 0, or -1 if a kill came first (killable form only). */
#define wait_event_state(wq, cond, state)                                                          \
	({                                                                                         \
		struct waiter w_;                                                                  \
		int ret_ = 0;                                                                      \
		for (;;) {                                                                         \
			wait_prepare(wq, &w_, state);                                              \
			if (cond)                                                                  \
				break;                                                             \
			if ((state) == TASK_KILLABLE && fatal_signal_pending(current)) {           \
				ret_ = -1;                                                         \
				break;                                                             \
			}                                                                          \
			schedule();                                                                \
			wait_finish(wq, &w_);                                                      \
		}                                                                                  \
		wait_finish(wq, &w_);                                                              \
		ret_;                                                                              \
	})
#define wait_event(wq, cond)          ((void)wait_event_state(wq, cond, TASK_UNINTERRUPTIBLE))
#define wait_event_killable(wq, cond) wait_event_state(wq, cond, TASK_KILLABLE)

/* Something that happens once, and whoever waits for it. */
struct completion {
	struct wait_queue wq;
	bool done;
};

void completion_init(struct completion *c, const char *name);
void complete(struct completion *c); /* any context */
void wait_for_completion(struct completion *c);
int wait_for_completion_killable(struct completion *c); /* 0, or -1 when killed */

struct rwsem {
	struct lock_info info;
	long count;
};

/*
 * `count` is the readers, a bit for a writer, and a bit that says that somebody waits. Without that
 * bit it is taken and given by one compare-exchange; with it, all changes are made under
 * sched_lock(), so that whoever releases it chooses who comes next.
 */
#define RWSEM_WRITER  (1l << 30)
#define RWSEM_WAITERS (1l << 31)
#define RWSEM_READERS (RWSEM_WRITER - 1)

static inline bool rwsem_change(struct rwsem *s, long from, long to)
{
	return __atomic_compare_exchange_n(
		&s->count, &from, to, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

/* Out of line: what is not done by one compare-exchange. */
void rwsem_wait_to_read(struct rwsem *s);
void rwsem_check_reader(const struct rwsem *s);
void rwsem_pass(struct rwsem *s, long part);

static point_inline void down_read(struct rwsem *s)
{
	long c;

	might_sleep();
	sched_point();
	lock_debug_acquire(&s->info, LOCKDEP_READ);
	c = READ_ONCE(s->count);
	if (unlikely(c >= RWSEM_READERS || !rwsem_change(s, c, c + 1)))
		rwsem_wait_to_read(s);
	lock_debug_waited(&s->info);
}

static point_inline void up_read(struct rwsem *s)
{
	long c = READ_ONCE(s->count);
	bool readers_only = (unsigned long)c - 1 < RWSEM_READERS;

	if (unlikely(!readers_only))
		rwsem_check_reader(s);
	lock_debug_release(&s->info);
	if (unlikely(!readers_only || !rwsem_change(s, c, c - 1)))
		rwsem_pass(s, 1);
	sched_point();
}

void rwsem_init(struct rwsem *s, const char *name);
long rwsem_readers(const struct rwsem *s);
int down_read_killable(struct rwsem *s); /* 0, or -1 when killed */
bool down_read_trylock(struct rwsem *s);
void down_write(struct rwsem *s);
int down_write_killable(struct rwsem *s); /* 0, or -1 when killed */
void up_write(struct rwsem *s);

/* An rwsem that is only ever taken for writing. */
struct mutex {
	union {
		struct lock_info info;
		struct rwsem sem;
	};
};

void mutex_init(struct mutex *m, const char *name);
void mutex_lock(struct mutex *m);
int mutex_lock_killable(struct mutex *m); /* 0, or -1 when killed */
bool mutex_trylock(struct mutex *m);
void mutex_unlock(struct mutex *m);

#endif
