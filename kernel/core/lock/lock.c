/*
 * Sleeping locks, wait queues and the list of all locks (see lock.h). Waiting and waking are done
 * under sched_lock(), and whoever releases a lock chooses the waiter that gets it; a lock that nobody
 * waits for is taken and given without it.
 */
#include "kernel/core/lock/lock.h"
#include "kernel/core/machine.h"
#include "kernel/core/log/printk.h"
#include "kernel/core/time/time.h"

#define SPIN_LOOKS 1000
#define SPIN_DELAY 1000 /* rounds of an empty loop */

/* There from the start, and in the list: whoever comes first may be any CPU. */
static struct spinlock task_list;
static struct list_head all_locks = {&task_list.info.all, &task_list.info.all};
static struct spinlock task_list = {.info = {.name = "task list",
					    .all = {&all_locks, &all_locks},
					    .waiters = LIST_HEAD_INIT(task_list.info.waiters)}};

unsigned long tasks_lock(void)
{
	return spin_lock_irqsave(&task_list);
}

void tasks_unlock(unsigned long flags)
{
	spin_unlock_irqrestore(&task_list, flags);
}

bool tasks_trylock(unsigned long *flags)
{
	*flags = irq_save();
	if (spin_trylock(&task_list))
		return true;
	irq_restore(*flags);
	return false;
}

static void delay(unsigned int rounds)
{
	while (rounds--)
		barrier();
}

/* An interrupt may come here on top of another wait: that one is seen again afterwards. */
void spin_wait(struct spinlock *lock)
{
	struct cpu *cpu = this_cpu();
	struct spinlock *outer = cpu->spins_on;
	uint64_t outer_since = cpu->spin_since;
	unsigned long looks = 0;

	if (lock->info.owner && lock->info.owner == current)
		panic("BUG: spinlock %s is taken by %s (pid %d), which holds it", lock->info.name,
			current->comm, current->pid);
	lock_debug_contended(&lock->info);
	cpu->spin_since = clock_ns();
	cpu->spins_on = lock;
	do {
		/* A turn given away costs QEMU far more than an instruction: not for ever. */
		if (looks++ > SPIN_LOOKS)
			delay(SPIN_DELAY);
		cpu_relax();
	} while (__atomic_exchange_n(&lock->locked, 1, __ATOMIC_ACQUIRE));
	lock_debug_waited(&lock->info);
	cpu->spins_on = outer;
	if (outer) /* else the watchdog, which reads both as they come, would take 0 for a long time */
		cpu->spin_since = outer_since;
}

void lock_register(struct lock_info *info, const char *name)
{
	unsigned long flags;

	info->name = name;
	info->owner = NULL;
	list_init(&info->waiters);
	flags = sched_lock();
	list_add_tail(&info->all, &all_locks);
	sched_unlock(flags);
}

void lock_forget(struct lock_info *info)
{
	unsigned long flags = sched_lock();

	BUG_ON(info->owner);
	list_del(&info->all);
	sched_unlock(flags);
}

long lock_waiters(const struct lock_info *info)
{
	unsigned long flags = sched_lock();
	const struct waiter *w;
	long n = 0;

	list_for_each_entry(w, &info->waiters, node)
		n++;
	sched_unlock(flags);
	return n;
}

/* Its owner may let go of it meanwhile. */
static void print_lock(const struct lock_info *l)
{
	const struct task *owner = READ_ONCE(l->owner);
	const struct waiter *w;

	if (owner)
		pr_warn("  %s: held by pid %d (%s)", l->name, owner->pid, owner->comm);
	list_for_each_entry(w, &l->waiters, node)
		pr_warn("  %s: pid %d (%s) waits", l->name, w->task->pid, w->task->comm);
}

void print_held_locks(void)
{
	const struct lock_info *l;
	const struct cpu *cpu;

	pr_warn("Locks held:");
	for_each_cpu(cpu) {
		const struct spinlock *spins_on = READ_ONCE(cpu->spins_on);

		if (spins_on)
			pr_warn("  %s: CPU %u spins", spins_on->info.name, cpu->id);
	}
	list_for_each_entry(l, &all_locks, all)
		print_lock(l);
}

void show_held_locks(void)
{
	unsigned long flags = sched_lock(), output = output_lock();

	print_held_locks();
	output_unlock(output);
	sched_unlock(flags);
}

void spin_lock_init(struct spinlock *lock, const char *name)
{
	lock->locked = 0;
	lock_register(&lock->info, name);
}

void wait_queue_init(struct wait_queue *wq, const char *name)
{
	wq->name = name;
	list_init(&wq->waiters);
}

void wait_prepare(struct wait_queue *wq, struct waiter *w, enum task_state state)
{
	unsigned long flags;

	might_sleep();
	flags = sched_lock();
	w->task = current;
	list_add_tail(&w->node, &wq->waiters);
	current->waiting_for = wq->name;
	current->state = state;
	sched_unlock(flags);
}

void wait_finish(struct wait_queue *wq, struct waiter *w)
{
	unsigned long flags = sched_lock();

	(void)wq;
	list_del_init(&w->node);
	current->waiting_for = NULL;
	current->state = TASK_RUNNING;
	sched_unlock(flags);
}

void wake_up_all_locked(struct wait_queue *wq)
{
	struct waiter *w;

	list_for_each_entry(w, &wq->waiters, node)
		wake_task_locked(w->task);
}

void wake_up_all(struct wait_queue *wq)
{
	unsigned long flags = sched_lock();

	wake_up_all_locked(wq);
	sched_unlock(flags);
}

void completion_init(struct completion *c, const char *name)
{
	wait_queue_init(&c->wq, name);
	c->done = false;
}

void complete(struct completion *c)
{
	unsigned long flags = sched_lock();

	c->done = true;
	wake_up_all_locked(&c->wq);
	sched_unlock(flags);
}

void wait_for_completion(struct completion *c)
{
	wait_event(&c->wq, READ_ONCE(c->done));
}

int wait_for_completion_killable(struct completion *c)
{
	return wait_event_killable(&c->wq, READ_ONCE(c->done));
}

/* Sleep until granted. sched_lock() held. False: killed, and no longer queued. */
static bool wait_for_grant(struct lock_info *info, struct waiter *w, bool killable)
{
	w->task = current;
	w->granted = false;
	list_add_tail(&w->node, &info->waiters);
	current->waiting_for = info->name;
	current->waits_since = jiffies;
	current->waits_lock = info;
	while (!w->granted) {
		replay_point();
		if (killable && fatal_signal_pending(current)) {
			list_del(&w->node);
			break;
		}
		current->state = killable ? TASK_KILLABLE : TASK_UNINTERRUPTIBLE;
		schedule_locked();
	}
	current->waits_lock = NULL;
	current->waiting_for = NULL;
	return w->granted;
}

static void grant(struct waiter *w)
{
	list_del(&w->node);
	w->granted = true;
	wake_task_locked(w->task);
}

void rwsem_init(struct rwsem *s, const char *name)
{
	lock_register(&s->info, name);
	s->count = 0;
}

long rwsem_readers(const struct rwsem *s)
{
	return READ_ONCE(s->count) & RWSEM_READERS;
}

static inline bool take_at_once(struct rwsem *s, bool write)
{
	long c = READ_ONCE(s->count);

	if (!write)
		return !(c & (RWSEM_WRITER | RWSEM_WAITERS)) && rwsem_change(s, c, c + 1);
	replay_point();
	if (c != 0 || !rwsem_change(s, 0, RWSEM_WRITER))
		return false;
	s->info.owner = current;
	return true;
}

static bool free_for(long count, bool write)
{
	return write ? (count & ~RWSEM_WAITERS) == 0 : !(count & RWSEM_WRITER);
}

/* Let in the first waiter, and the readers right behind it if it is one. sched_lock() held. */
static void rwsem_pass_on(struct rwsem *s)
{
	while (!list_empty(&s->info.waiters)) {
		struct waiter *w = list_first_entry(&s->info.waiters, struct waiter, node);

		if (!free_for(s->count, w->write))
			return;
		replay_point();
		__atomic_fetch_add(&s->count, w->write ? RWSEM_WRITER : 1, __ATOMIC_ACQ_REL);
		if (w->write)
			s->info.owner = w->task;
		grant(w);
	}
	__atomic_fetch_and(&s->count, ~RWSEM_WAITERS, __ATOMIC_ACQ_REL);
}

/*
 * Wait behind those who wait already (a reader behind a waiting writer as well, so that writers
 * are not starved), unless it has become free meanwhile. sched_lock() held.
 */
static bool rwsem_wait(struct rwsem *s, bool write, bool killable)
{
	struct waiter w = {.write = write};

	/* It would wait for ever; a wait that a kill may end is allowed. */
	if (s->info.owner == current && !killable)
		panic("BUG: %s (pid %d) waits for %s, which it holds", current->comm, current->pid,
			s->info.name);
	while (list_empty(&s->info.waiters)) {
		long c = READ_ONCE(s->count);

		if (take_at_once(s, write))
			return true;
		replay_point();
		if (!free_for(c, write) && rwsem_change(s, c, c | RWSEM_WAITERS))
			break;
	}
	if (wait_for_grant(&s->info, &w, killable))
		return true;
	rwsem_pass_on(s); /* a killed writer no longer blocks readers behind it */
	return false;
}

/* Until it is ours. False: killed. */
static noinline bool rwsem_sleep(struct rwsem *s, bool write, bool killable)
{
	unsigned long flags;
	bool ok;

	sched_submit_work();
	flags = sched_lock();
	ok = rwsem_wait(s, write, killable);
	sched_unlock(flags);
	return ok;
}

void rwsem_wait_to_read(struct rwsem *s)
{
	rwsem_sleep(s, false, false);
}

static bool rwsem_acquire(struct rwsem *s, bool write, bool killable)
{
	bool ok = true;

	might_sleep();
	sched_point();
	lock_debug_acquire(&s->info, write ? 0 : LOCKDEP_READ);
	if (unlikely(!take_at_once(s, write)))
		ok = rwsem_sleep(s, write, killable);
	lock_debug_waited(&s->info);
	if (!ok)
		lock_debug_release(&s->info);
	return ok;
}

void rwsem_check_reader(const struct rwsem *s)
{
	BUG_ON(rwsem_readers(s) <= 0);
}

/* Let go of it, and let in who comes next. */
void rwsem_pass(struct rwsem *s, long part)
{
	unsigned long flags = sched_lock();

	replay_point();
	__atomic_fetch_sub(&s->count, part, __ATOMIC_ACQ_REL);
	rwsem_pass_on(s);
	sched_unlock(flags);
}

int down_read_killable(struct rwsem *s)
{
	return rwsem_acquire(s, false, true) ? 0 : -1;
}

bool down_read_trylock(struct rwsem *s)
{
	long c;

	do {
		c = READ_ONCE(s->count);
		if (c & (RWSEM_WRITER | RWSEM_WAITERS))
			return false;
		replay_point();
	} while (!rwsem_change(s, c, c + 1));
	lock_debug_acquire(&s->info, LOCKDEP_READ | LOCKDEP_TRY);
	return true;
}

void down_write(struct rwsem *s)
{
	rwsem_acquire(s, true, false);
}

int down_write_killable(struct rwsem *s)
{
	return rwsem_acquire(s, true, true) ? 0 : -1;
}

void up_write(struct rwsem *s)
{
	BUG_ON(s->info.owner != current);
	s->info.owner = NULL;
	lock_debug_release(&s->info);
	replay_point();
	if (unlikely(!rwsem_change(s, RWSEM_WRITER, 0)))
		rwsem_pass(s, RWSEM_WRITER);
	sched_point();
}

void mutex_init(struct mutex *m, const char *name)
{
	rwsem_init(&m->sem, name);
}

void mutex_lock(struct mutex *m)
{
	down_write(&m->sem);
}

int mutex_lock_killable(struct mutex *m)
{
	return down_write_killable(&m->sem);
}

bool mutex_trylock(struct mutex *m)
{
	if (!take_at_once(&m->sem, true))
		return false;
	lock_debug_acquire(&m->info, LOCKDEP_TRY);
	return true;
}

void mutex_unlock(struct mutex *m)
{
	up_write(&m->sem);
}
