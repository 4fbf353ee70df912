/*
 * Tasks, time, the console and the end of the machine, for CPUs that are threads (see threads.h).
 * A task never leaves its CPU; who sleeps lets other threads run.
 */
#include <sched.h>
#include <unistd.h>

#include "threads.h"

#include "kernel/core/log/event.h"
#include "kernel/core/log/ksyms.h"
#include "kernel/core/lock/lock.h"
#include "kernel/core/log/printk.h"
#include "kernel/core/sched/process.h"
#include "kernel/core/sched/smp.h"
#include "mm/space/mm.h"
#include "mm/oom/oom.h"

struct list_head all_tasks = LIST_HEAD_INIT(all_tasks);
volatile unsigned long jiffies = 1000;
long hz = 250;
long sched_answers_owed;
void (*sched_flush_plug)(struct task *t);

static struct task tasks[MAX_CPUS];
static struct mm spaces[MAX_CPUS];

void tasks_start(unsigned int n, long rss)
{
	list_init(&all_tasks);
	for (unsigned int id = 0; id < n; id++) {
		struct task *t = &tasks[id];

		memset(t, 0, sizeof(*t));
		snprintf(t->comm, sizeof(t->comm), "cpu%u", id);
		t->pid = 100 + id;
		t->prio = PRIO_NORMAL;
		t->flags = rss ? 0 : PF_KTHREAD;
		t->mm = rss ? &spaces[id] : NULL;
		spaces[id].anon_rss = rss + id;
		refcount_init(&spaces[id].users);
		refcount_init(&spaces[id].count);
		process_init(t);
		list_add_tail(&t->all, &all_tasks);
		cpus[id].task = t;
	}
	host_arch.task = &tasks[0];
}

void task_dies(struct memory *m)
{
	unsigned long flags;

	exit_oom_victim(m);
	flags = tasks_lock();
	current->kill_pending = current->process->group_exit = false;
	tasks_unlock(flags);
}

void task_leaves(struct memory *m)
{
	unsigned long flags = tasks_lock();

	list_del(&current->all);
	current->mm = NULL;
	tasks_unlock(flags);
	exit_oom_victim(m);
}

/* Called with tasks_lock() held, as everything that looks at other tasks. */
void kill_thread(struct task *t)
{
	t->kill_pending = true;
}

uint64_t clock_ns(void)
{
	return jiffies * (1000000000ul / hz);
}

static void may_sleep(void)
{
	if (this_cpu()->preempt_off || this_cpu()->irq_depth || !host_arch.irqs)
		panic("sleeps while atomic");
}

void cond_resched(void)
{
	may_sleep();
	let_others_run();
}

void schedule_timeout(enum task_state state, unsigned long ticks)
{
	(void)state;
	may_sleep();
	jiffies += ticks;
	let_others_run();
}

/* Nobody sleeps on a lock here: the only mutex is taken by those who find it free. */
void schedule_locked(void)
{
	panic("waits for a sleeping lock");
}

/* Whoever waits for an event looks again; waits are short and rare here, as for a locked page. */
void schedule(void)
{
	may_sleep();
	let_others_run();
}

void schedule_within(unsigned long ticks)
{
	(void)ticks;
	schedule();
}

void wake_task_locked(struct task *t)
{
	(void)t;
}

static int sched_spin;

unsigned long sched_lock(void)
{
	unsigned long flags = irq_save();

	while (__atomic_exchange_n(&sched_spin, 1, __ATOMIC_ACQUIRE))
		sched_yield();
	return flags;
}

void sched_unlock(unsigned long flags)
{
	__atomic_store_n(&sched_spin, 0, __ATOMIC_RELEASE);
	irq_restore(flags);
}

void wake_task(struct task *t)
{
	wake_task_locked(t);
}

/* There are no TLBs; that all of these CPUs have answered is what matters. */
unsigned int tlb_cpus;

static void forget(void *unused)
{
	(void)unused;
}

void tlb_flush_cpus(unsigned int mask)
{
	if (mask)
		smp_call(mask, forget, NULL);
}

unsigned int tlb_users(uint64_t cr3)
{
	(void)cr3;
	return tlb_cpus;
}

void tlb_flush_mm(uint64_t cr3)
{
	tlb_flush_cpus(tlb_users(cr3));
}

void tlb_flush_page(uint64_t cr3, uint64_t addr)
{
	(void)addr;
	tlb_flush_cpus(tlb_users(cr3));
}

void task_leave_address_space(void)
{
}

unsigned long output_lock(void)
{
	return irq_save();
}

void output_unlock(unsigned long flags)
{
	irq_restore(flags);
}

int kvsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
	return vsnprintf(buf, size, fmt, ap);
}

void vprintk(enum loglevel level, const char *fmt, va_list ap)
{
	char text[PRINTK_LINE];

	(void)level;
	vsnprintf(text, sizeof(text), fmt, ap);
}

void printk(enum loglevel level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintk(level, fmt, ap);
	va_end(ap);
}

void event(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintk(LOG_INFO, fmt, ap);
	va_end(ap);
}

void event_line(const char *text, size_t len)
{
	event("%.*s", (int)len, text);
}

void dump_stack(void)
{
}

static void stop(const char *fmt, va_list ap) __attribute__((noreturn));

static void stop(const char *fmt, va_list ap)
{
	printf("not ok 0 - panic: ");
	vprintf(fmt, ap);
	printf("\n");
	fflush(stdout);
	_exit(1);
}

void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	stop(fmt, ap);
}

void machine_refuse(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	stop(fmt, ap);
}
