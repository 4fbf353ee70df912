/*
 * The processor, for the host twin: shadows kernel/core/cpu/arch.h and no other header. Interrupt
 * state, the current CPU and the current task are variables; what only hardware can do is
 * counted or recorded, so that a test can ask.
 */
#ifndef CORE_ARCH_H
#define CORE_ARCH_H

#include <string.h>

#include "kernel/core/types.h"

#define X86_EFLAGS_IF 0x200ul

struct cpu;
struct task;

struct host_arch {
	bool irqs;   /* interrupts are on */
	bool fibers; /* or threads play the CPUs at the moment (fibers.h, tsan/threads.h) */
	struct cpu *cpu;
	struct task *task;
	unsigned int cpu_id;
	uint64_t cr3;
	uint64_t tsc;
	unsigned long full_flushes, page_flushes;
};

/* What answers at I/O ports and where device memory is mapped; a test's own, or none. */
struct host_device {
	uint32_t (*read)(uint64_t at, unsigned int bytes, bool port);
	void (*write)(uint64_t at, unsigned int bytes, bool port, uint32_t v);
};
extern const struct host_device *host_device;

#define HOST_REGISTERS(bits, suffix)                                                               \
	static inline uint##bits##_t in##suffix(uint16_t port)                                     \
	{                                                                                          \
		return host_device->read(port, bits / 8, true);                                    \
	}                                                                                          \
	static inline void out##suffix(uint16_t port, uint##bits##_t v)                            \
	{                                                                                          \
		host_device->write(port, bits / 8, true, v);                                       \
	}                                                                                          \
	static inline uint##bits##_t mmio_read##bits(const volatile void *at)                      \
	{                                                                                          \
		return host_device->read((uint64_t)at, bits / 8, false);                           \
	}                                                                                          \
	static inline void mmio_write##bits(volatile void *at, uint##bits##_t v)                   \
	{                                                                                          \
		host_device->write((uint64_t)at, bits / 8, false, v);                              \
	}
HOST_REGISTERS(8, b)
HOST_REGISTERS(16, w)
HOST_REGISTERS(32, l)

static inline unsigned int cpu_phys_bits(void)
{
	return 40;
}

/* Where each CPU is a thread (tests/host/tsan), it has all this for itself. */
#ifdef HOST_THREADS
#define HOST_PER_THREAD __thread
#else
#define HOST_PER_THREAD
#endif
extern HOST_PER_THREAD struct host_arch host_arch;

/* With fibers another CPU's turn; without, nobody is left to release the lock. */
void host_spin(void);
/* fibers.c or threads.c: interrupts have come on; a point of the schedule. */
void host_safe_point(void);
void host_point(void);

static inline uint64_t rdtsc(void)
{
	return ++host_arch.tsc;
}

static inline uint64_t read_cr3(void)
{
	return host_arch.cr3;
}

static inline void write_cr3(uint64_t v)
{
	host_arch.cr3 = v;
}

static inline void atomic_add(long *counter, long delta)
{
	__atomic_fetch_add(counter, delta, __ATOMIC_RELAXED);
}

static inline void atomic_sub(long *counter, long delta)
{
	__atomic_fetch_sub(counter, delta, __ATOMIC_RELAXED);
}

static inline void add_in_place(short *counter, short n)
{
	*counter += n;
}

static inline void increment_in_place(unsigned long *counter)
{
	++*counter;
}

static inline void sub_in_place(short *counter, short n)
{
	*counter -= n;
}

/* cpu.h's struct cpu is not known here yet. */
void preempt_count_inc(void);
void preempt_count_dec(void);
unsigned int preempt_count(void);
unsigned int irq_depth(void);

static inline void cpu_relax(void)
{
	host_spin();
}

static inline unsigned long irq_flags(void)
{
	return host_arch.irqs ? X86_EFLAGS_IF : 0;
}

static inline bool irqs_enabled(void)
{
	return host_arch.irqs;
}

static inline void irq_disable(void)
{
	host_arch.irqs = false;
}

static inline void irq_enable(void)
{
	host_arch.irqs = true;
	if (unlikely(host_arch.fibers))
		host_safe_point();
}

static inline unsigned long irq_save(void)
{
	unsigned long flags = irq_flags();

	irq_disable();
	return flags;
}

static inline void irq_restore(unsigned long flags)
{
	host_arch.irqs = flags & X86_EFLAGS_IF;
	if (unlikely(host_arch.fibers) && host_arch.irqs)
		host_safe_point();
}

static inline void tlb_flush_all(void)
{
	host_arch.full_flushes++;
}

static inline void clear_page(void *page)
{
	memset(page, 0, PAGE_SIZE);
}

static inline void pattern_page(void *page, unsigned long pattern)
{
	memcpy(page, &pattern, sizeof(pattern));
	for (unsigned int n = sizeof(pattern); n < PAGE_SIZE; n *= 2)
		memcpy((char *)page + n, page, n);
}

static inline bool page_has_pattern(const void *page, unsigned long pattern)
{
	return !memcmp(page, &pattern, sizeof(pattern)) &&
		!memcmp(page, (const char *)page + sizeof(pattern), PAGE_SIZE - sizeof(pattern));
}

static inline void copy_page(void *to, const void *from)
{
	memcpy(to, from, PAGE_SIZE);
}

static inline struct cpu *this_cpu(void)
{
	return host_arch.cpu;
}

static inline struct task *current_task(void)
{
	return host_arch.task;
}

static inline unsigned int this_cpu_id(void)
{
	return host_arch.cpu_id;
}

#define CPU_SLOT 128

static inline unsigned long this_cpu_slot(void)
{
	return host_arch.cpu_id * CPU_SLOT;
}

#define current (current_task())

#endif
