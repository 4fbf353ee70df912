/*
 * Locks, waits and work: what everything else stands on (kernel/core/lock, work.c).
 */
#include "case.h"

#include "kernel/core/sched/work.h"

/* The very first users of the task list's lock are on two CPUs. */
static int inside, sum;

static void first_setup(void)
{
	case_kthread(0, "first", 10);
	case_kthread(1, "second", 11);
}

static void add_one(void *unused)
{
	unsigned long flags = tasks_lock();
	int seen;

	(void)unused;
	if (WRITE_ONCE(inside, READ_ONCE(inside) + 1), READ_ONCE(inside) != 1)
		panic("two CPUs hold the task list's lock");
	seen = READ_ONCE(sum);
	WRITE_ONCE(sum, seen + 1);
	WRITE_ONCE(inside, READ_ONCE(inside) - 1);
	tasks_unlock(flags);
}

static const char *first_check(void)
{
	return sum == 2 ? NULL : wrong("the sum is %d, not 2", sum);
}

const struct scenario first_lock = {.name = "first-lock",
	.title = "two CPUs are the first to lock the task list",
	.arm = "none",
	.cpus = 2,
	.setup = first_setup,
	.cpu = {add_one, add_one},
	.check = first_check,
	.bound = 3,
	.quick = 3};

/* Three CPUs want one semaphore, two to write. */
static struct rwsem sem;
static long guarded;

static void sem_setup(void)
{
	rwsem_init(&sem, "sem");
	case_kthread(0, "writer", 10);
	case_kthread(1, "reader", 11);
	case_kthread(2, "writer", 12);
}

static void write_once(void *unused)
{
	long seen;

	(void)unused;
	down_write(&sem);
	seen = READ_ONCE(guarded);
	WRITE_ONCE(guarded, seen + 1);
	up_write(&sem);
}

static void read_twice(void *unused)
{
	long seen;

	(void)unused;
	down_read(&sem);
	seen = READ_ONCE(guarded);
	if (READ_ONCE(guarded) != seen)
		panic("somebody writes while others read");
	up_read(&sem);
}

static const char *sem_check(void)
{
	if (guarded != 2)
		return wrong("%ld writes, not 2", guarded);
	return sem.count ? wrong("the semaphore's count is %lx", sem.count) : NULL;
}

const struct scenario rwsem_three = {.name = "rwsem",
	.title = "rwsem: two writers and a reader",
	.arm = "none",
	.cpus = 3,
	.setup = sem_setup,
	.cpu = {write_once, read_twice, write_once},
	.check = sem_check,
	.bound = 3,
	.quick = 2};

/* A killable waiter behind a writer, a kill, and a reader behind both. */
static struct task *waiter;
static int got;

static void kill_setup(void)
{
	rwsem_init(&sem, "sem");
	case_kthread(0, "holder", 10);
	waiter = case_kthread(1, "waiter", 11);
	case_kthread(2, "killer", 12);
}

static void wait_killable(void *unused)
{
	(void)unused;
	got = down_write_killable(&sem) == 0;
	if (got)
		up_write(&sem);
}

static void kill_and_read(void *unused)
{
	unsigned long flags = tasks_lock();

	(void)unused;
	task_kill(waiter);
	tasks_unlock(flags);
	read_twice(NULL);
}

static const char *kill_check(void)
{
	return sem.count ? wrong("the semaphore's count is %lx", sem.count) : NULL;
}

const struct scenario rwsem_kill = {.name = "rwsem-kill",
	.title = "rwsem: a wait that a kill ends",
	.arm = "none",
	.cpus = 3,
	.setup = kill_setup,
	.cpu = {write_once, wait_killable, kill_and_read},
	.check = kill_check,
	.bound = 3,
	.quick = 2};

/* Somebody waits for a condition, killable; it comes true, and a kill comes. */
static struct wait_queue queue = {"queue", LIST_HEAD_INIT(queue.waiters)};
static bool condition;

static void wait_setup(void)
{
	waiter = case_kthread(0, "waiter", 10);
	case_kthread(1, "waker", 11);
	case_kthread(2, "sleeper", 12);
}

static void wait_for_it(void *unused)
{
	(void)unused;
	wait_event_killable(&queue, READ_ONCE(condition));
}

static void make_it_true(void *unused)
{
	unsigned long flags = tasks_lock();

	(void)unused;
	task_kill(waiter);
	tasks_unlock(flags);
	WRITE_ONCE(condition, true);
	wake_up_all(&queue);
}

static void wait_for_sure(void *unused)
{
	(void)unused;
	wait_event(&queue, READ_ONCE(condition));
}

static const char *wait_check(void)
{
	return list_empty(&queue.waiters) ? NULL : "somebody is left in the queue";
}

const struct scenario wait_kill = {.name = "wait-kill",
	.title = "wait queue: a condition and a kill",
	.arm = "none",
	.cpus = 3,
	.setup = wait_setup,
	.cpu = {wait_for_it, make_it_true, wait_for_sure},
	.check = wait_check,
	.bound = 3,
	.quick = 2};

/* Work that is queued while it runs runs again; who flushes has seen all of it. */
static struct work job;
static int asked, done;

static void do_job(struct work *work)
{
	(void)work;
	WRITE_ONCE(done, READ_ONCE(asked));
}

static void work_setup(void)
{
	work_init(&job, do_job);
	case_kthread(0, "worker", 10);
	case_kthread(1, "asker", 11);
	case_kthread(2, "flusher", 12);
}

static void ask_twice(void *unused)
{
	(void)unused;
	WRITE_ONCE(asked, 1);
	work_queue(&job);
	WRITE_ONCE(asked, 2);
	work_queue(&job);
}

static void flush(void *unused)
{
	(void)unused;
	work_queue(&job);
	work_flush();
}

static const char *work_check(void)
{
	return done == 2 ? NULL : wrong("the last of the work has seen %d, not 2", done);
}

const struct scenario work_queue_three = {.name = "work-queue",
	.title = "work queue: a worker, two who ask, one waits",
	.arm = "none",
	.cpus = 3,
	.daemons = 1,
	.setup = work_setup,
	.cpu = {worker, ask_twice, flush},
	.check = work_check,
	.bound = 3,
	.quick = 2};
