/*
 * Sleeping locks, wait queues and the list of all locks (see lock.h). Their state changes under
 * sched_lock(); the waiter that gets a lock is chosen by whoever releases it.
 */
#include "kernel/core/lock.h"
#include "kernel/core/machine.h"
#include "kernel/core/printk.h"
#include "kernel/core/time.h"

#define SPIN_LOOKS 1000
#define SPIN_DELAY 1000 /* rounds of an empty loop */

static struct list_head all_locks = LIST_HEAD_INIT(all_locks);
static struct spinlock task_list;

unsigned long tasks_lock(void)
{
	if (unlikely(!task_list.info.name))
		spin_lock_init(&task_list, "task list");
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

void print_held_locks(void)
{
	const struct lock_info *l;
	const struct waiter *w;

	pr_warn("Locks held:");
	list_for_each_entry(l, &all_locks, all) {
		if (l->owner)
			pr_warn("  %s: held by pid %d (%s)", l->name, l->owner->pid,
				l->owner->comm);
		list_for_each_entry(w, &l->waiters, node)
			pr_warn("  %s: pid %d (%s) waits", l->name, w->task->pid, w->task->comm);
	}
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

void mutex_init(struct mutex *m, const char *name)
{
	lock_register(&m->info, name);
}

bool mutex_trylock(struct mutex *m)
{
	unsigned long flags = sched_lock();
	bool ok = m->info.owner == NULL;

	if (ok)
		m->info.owner = current;
	sched_unlock(flags);
	if (ok)
		lock_debug_acquire(&m->info, LOCKDEP_TRY);
	return ok;
}

static bool mutex_acquire(struct mutex *m, bool killable)
{
	struct waiter w;
	unsigned long flags;
	bool ok = true;

	might_sleep();
	lock_debug_acquire(&m->info, 0);
	flags = sched_lock();
	BUG_ON(m->info.owner == current);
	if (!m->info.owner)
		m->info.owner = current;
	else
		ok = wait_for_grant(&m->info, &w, killable);
	sched_unlock(flags);
	lock_debug_waited(&m->info);
	if (!ok)
		lock_debug_release(&m->info);
	return ok;
}

void mutex_lock(struct mutex *m)
{
	mutex_acquire(m, false);
}

int mutex_lock_killable(struct mutex *m)
{
	return mutex_acquire(m, true) ? 0 : -1;
}

void mutex_unlock(struct mutex *m)
{
	unsigned long flags;

	lock_debug_release(&m->info);
	flags = sched_lock();
	BUG_ON(m->info.owner != current);
	m->info.owner = NULL;
	if (!list_empty(&m->info.waiters)) {
		struct waiter *w = list_first_entry(&m->info.waiters, struct waiter, node);

		m->info.owner = w->task;
		grant(w);
	}
	sched_unlock(flags);
}

void rwsem_init(struct rwsem *s, const char *name)
{
	lock_register(&s->info, name);
	s->readers = 0;
}

static bool rwsem_free_for(const struct rwsem *s, bool write)
{
	return !s->info.owner && (!write || s->readers == 0);
}

static void rwsem_take(struct rwsem *s, struct task *t, bool write)
{
	if (write)
		s->info.owner = t;
	else
		s->readers++;
}

/* Let in the first waiter, and the readers right behind it if it is one. */
static void rwsem_pass_on(struct rwsem *s)
{
	while (!list_empty(&s->info.waiters)) {
		struct waiter *w = list_first_entry(&s->info.waiters, struct waiter, node);

		if (!rwsem_free_for(s, w->write))
			break;
		rwsem_take(s, w->task, w->write);
		grant(w);
	}
}

/* A reader queues behind a waiting writer, so that writers are not starved. */
static bool rwsem_acquire(struct rwsem *s, bool write, bool killable)
{
	struct waiter w = {.write = write};
	unsigned long flags;
	bool ok = true;

	might_sleep();
	lock_debug_acquire(&s->info, write ? 0 : LOCKDEP_READ);
	flags = sched_lock();
	if (rwsem_free_for(s, write) && list_empty(&s->info.waiters))
		rwsem_take(s, current, write);
	else
		ok = wait_for_grant(&s->info, &w, killable);
	if (!ok)
		rwsem_pass_on(s); /* a killed writer no longer blocks readers behind it */
	sched_unlock(flags);
	lock_debug_waited(&s->info);
	if (!ok)
		lock_debug_release(&s->info);
	return ok;
}

void down_read(struct rwsem *s)
{
	rwsem_acquire(s, false, false);
}

int down_read_killable(struct rwsem *s)
{
	return rwsem_acquire(s, false, true) ? 0 : -1;
}

bool down_read_trylock(struct rwsem *s)
{
	unsigned long flags = sched_lock();
	bool ok = rwsem_free_for(s, false) && list_empty(&s->info.waiters);

	if (ok)
		s->readers++;
	sched_unlock(flags);
	if (ok)
		lock_debug_acquire(&s->info, LOCKDEP_READ | LOCKDEP_TRY);
	return ok;
}

void up_read(struct rwsem *s)
{
	unsigned long flags;

	lock_debug_release(&s->info);
	flags = sched_lock();
	BUG_ON(s->readers <= 0);
	s->readers--;
	rwsem_pass_on(s);
	sched_unlock(flags);
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
	unsigned long flags;

	lock_debug_release(&s->info);
	flags = sched_lock();
	BUG_ON(s->info.owner != current);
	s->info.owner = NULL;
	rwsem_pass_on(s);
	sched_unlock(flags);
}
