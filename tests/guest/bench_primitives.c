/*
 * What everything else is made of: the cost of a call, of interrupts off and on, of a lock.
 */
#include "kernel/core/lock/lock.h"
#include "tests/guest/bench.h"
#include "tests/guest/bench_callee.h"

static struct spinlock lock;
static struct mutex mutex;
static struct rwsem sem;
static void *page;

static void calls(long n)
{
	while (n--)
		bench_callee(n);
}

static void irqs(long n)
{
	while (n--)
		irq_restore(irq_save());
}

static void spinlocks(long n)
{
	while (n--) {
		spin_lock(&lock);
		spin_unlock(&lock);
	}
}

static void spinlocks_irqsave(long n)
{
	while (n--)
		spin_unlock_irqrestore(&lock, spin_lock_irqsave(&lock));
}

static void mutexes(long n)
{
	while (n--) {
		mutex_lock(&mutex);
		mutex_unlock(&mutex);
	}
}

static void readers(long n)
{
	while (n--) {
		down_read(&sem);
		up_read(&sem);
	}
}

static void zeroings(long n)
{
	while (n--)
		clear_page(page);
}

static void copies(long n)
{
	while (n--)
		copy_page(page, (char *)page + PAGE_SIZE);
}

void bench_primitives(void)
{
	struct page *two = alloc_pages(&system_memory, GFP_KERNEL, 1);

	spin_lock_init(&lock, "bench spinlock");
	mutex_init(&mutex, "bench mutex");
	rwsem_init(&sem, "bench rwsem");
	page = page_address(&system_memory, two);
	bench_run("primitive", "call", calls, 1000);
	bench_run("primitive", "irq save and restore", irqs, 1000);
	bench_run("primitive", "spin lock and unlock", spinlocks, 1000);
	bench_run("primitive", "spin lock and unlock, irqs off", spinlocks_irqsave, 1000);
	bench_run("primitive", "mutex lock and unlock", mutexes, 1000);
	bench_run("primitive", "rwsem down_read and up_read", readers, 1000);
	bench_run("primitive", "zero a page", zeroings, 100);
	bench_run("primitive", "copy a page", copies, 100);
	lock_forget(&lock.info);
	lock_forget(&mutex.info);
	lock_forget(&sem.info);
	free_pages(&system_memory, two, 1);
}
