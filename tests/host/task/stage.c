/*
 * What kernel/task asks of the scheduler, of the kernel's page tables, of interrupts and of the apps'
 * world (see stage.h).
 */
#include "twin.h"

#include "boot/paging.h"
#include "kernel/core/guard/sysrq.h"
#include "kernel/core/guard/watchdog.h"
#include "kernel/core/lock/lock.h"
#include "kernel/core/sched/process.h"
#include "kernel/core/sched/smp.h"
#include "kernel/task/app.h"
#include "kernel/task/task_mem.h"
#include "task/stage.h"

#define MAX_MAPPED (MAX_TASKS * STACK_PAGES)
#define SAVED_WORDS                                                                                \
	9 /* what a task that does not run has on its stack: switch_stack() and the end */
#define SAVED_R12_R13 3 /* of these words, from the lowest, the function and its argument */

struct memory *task_memory;
page_fault_fn host_page_fault;
trap_exit_fn host_trap_exit;
jmp_buf task_end;
bool task_may_end;

static struct {
	uint64_t va, entry;
} mapped[MAX_MAPPED];

/* The apps' initial data and what is zero behind it, as linker.ld lays them out. */
asm(".data\n"
    ".balign 4096\n"
    ".globl _app_template, _app_data, _app_data_end, _app_bss_end\n"
    "_app_template:\n_app_data:\n.skip 8192\n_app_data_end:\n.skip 4096\n_app_bss_end:\n"
    ".text\n");

void app_libc_start(void (*fn)(long), long arg);
void app_libc_join(void (*fn)(long), long arg);

void app_libc_start(void (*fn)(long), long arg)
{
	fn(arg);
}

void app_libc_join(void (*fn)(long), long arg)
{
	fn(arg);
}

void tasks_boot(struct memory *m)
{
	cpus[0].idle = current;
	static bool booted; /* its locks are registered once */

	memset(mapped, 0, sizeof(mapped));
	task_memory = m;
	if (booted)
		task_mem_boot(); /* each machine has a cache of its own */
	else
		task_boot();
	booted = true;
}

unsigned int stack_pages_mapped(void)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < MAX_MAPPED; i++)
		n += mapped[i].entry != 0;
	return n;
}

/* Entries without a flag only make tables. */
void kmap_range(uint64_t va, uint64_t pa, uint64_t len, uint64_t flags)
{
	for (; flags && len; va += PAGE_SIZE, pa += PAGE_SIZE, len -= PAGE_SIZE) {
		unsigned int i = 0;

		assert_int_equal(kmap_lookup(va), 0);
		while (mapped[i].entry)
			assert_true(++i < MAX_MAPPED);
		mapped[i].va = va;
		mapped[i].entry = pa | flags;
	}
}

void kunmap_range(uint64_t va, uint64_t len)
{
	for (unsigned int i = 0; i < MAX_MAPPED; i++)
		if (mapped[i].va >= va && mapped[i].va < va + len)
			mapped[i].entry = mapped[i].va = 0;
}

uint64_t kmap_lookup(uint64_t va)
{
	for (unsigned int i = 0; i < MAX_MAPPED; i++)
		if (mapped[i].entry && mapped[i].va == va)
			return mapped[i].entry;
	return 0;
}

void tlb_flush_kernel(void)
{
}

/* The stack's own address is the kernel's: its last page is written where the machine has it. */
void task_init(struct task *t, const char *comm, int pid, unsigned int prio, uint64_t stack,
	uint64_t stack_size, void (*fn)(void *arg), void *arg)
{
	uint64_t last = kmap_lookup(stack + stack_size - PAGE_SIZE) & PTE_ADDR;
	uint64_t *sp = (uint64_t *)(task_memory->virt_base + last + PAGE_SIZE) - SAVED_WORDS;

	memset(t, 0, sizeof(*t));
	snprintf(t->comm, sizeof(t->comm), "%s", comm);
	t->pid = pid;
	t->prio = prio;
	t->stack = stack;
	t->stack_size = stack_size;
	t->sp = (uint64_t)sp;
	sp[SAVED_R12_R13] = (uint64_t)fn;
	sp[SAVED_R12_R13 - 1] = (uint64_t)arg;
	process_init(t);
}

void task_start(struct task *t, struct process *parent)
{
	unsigned long flags = tasks_lock();

	process_enter(t, parent);
	list_add_tail(&t->all, &all_tasks);
	t->state = TASK_RUNNING;
	tasks_unlock(flags);
}

void task_unlink(struct task *t)
{
	unsigned long flags = tasks_lock();

	process_leave(t);
	list_del(&t->all);
	tasks_unlock(flags);
}

void task_finish(struct wait_queue *wq)
{
	if (!task_may_end)
		fail_msg("%s has ended", current->comm);
	task_may_end = false;
	current->state = TASK_ZOMBIE;
	wake_up_all(wq);
	longjmp(task_end, 1);
}

void sched_set_prio(unsigned int prio)
{
	current->prio = prio;
}

void sched_bind(unsigned int cpu)
{
	current->bound = true;
	current->home = cpu;
}

const char *smp_start_cpu(unsigned int id, struct task *idle, void *fault_stacks)
{
	(void)idle;
	(void)fault_stacks;
	cpus[id].online = true;
	return NULL;
}

void trap_set_page_fault(page_fault_fn fn)
{
	host_page_fault = fn;
}

void trap_set_exit_hook(trap_exit_fn fn)
{
	host_trap_exit = fn;
}

size_t copy_app(void *to, const void *from, size_t n)
{
	memcpy(to, from, n);
	return 0;
}

void timer_init(struct timer *t, void (*fn)(struct timer *timer))
{
	t->fn = fn;
	t->pending = t->running = false;
}

void timer_start(struct timer *t, unsigned long ticks)
{
	t->expires = jiffies + ticks;
	t->pending = true;
}

void sysrq_register(char key, const char *help, void (*fn)(void))
{
	(void)key;
	(void)help;
	(void)fn;
}

void sysrq_key(char key)
{
	(void)key;
}

/* Nothing watches over a stage. */
void watchdog_at_least(long ms)
{
	(void)ms;
}
