/*
 * The processor, for the explorer: shadows kernel/core/cpu/arch.h. What the running actor's CPU is
 * doing lies in `here`, which the instrumentation does not see: it is the CPU's own.
 */
#ifndef CORE_ARCH_H
#define CORE_ARCH_H

#include <string.h>

#include "kernel/core/types.h"

#define X86_EFLAGS_IF 0x200ul

struct cpu;
struct task;

struct here {
	struct cpu *cpu;
	struct task *task;
	unsigned int cpu_id;
	unsigned int preempt_off;
	bool irqs;   /* interrupts are on */
	bool notify; /* the explorer wants to know when that changes */
};
extern struct here here;

/* By assembly, which -fsanitize=thread leaves alone. */
#define HERE(field)                                                                                \
	({                                                                                         \
		__typeof__(here.field) v_;                                                         \
		asm("mov %1, %0" : "=r"(v_) : "m"(here.field));                                    \
		v_;                                                                                \
	})
#define HERE_SET(field, v)                                                                         \
	asm volatile("mov %1, %0"                                                                  \
		     : "=m"(here.field)                                                            \
		     : "r"((__typeof__(here.field))(v))                                            \
		     : "memor"                                                                     \
		       "y")

/* actors.c, hooks.c */
void explore_irqs_on(void);
void explore_irqs_off(void);
void explore_spin(void);
void explore_add(long *counter, long delta);
void explore_clear(void *at, size_t bytes);
void explore_copy(void *to, const void *from, size_t bytes);

static inline uint64_t rdtsc(void)
{
	return 0;
}

static inline void atomic_add(long *counter, long delta)
{
	explore_add(counter, delta);
}

static inline void atomic_sub(long *counter, long delta)
{
	explore_add(counter, -delta);
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

static inline void preempt_count_inc(void)
{
	asm volatile("incl %0" : "+m"(here.preempt_off) : : "memory");
}

static inline void preempt_count_dec(void)
{
	asm volatile("decl %0" : "+m"(here.preempt_off) : : "memory");
}

static inline unsigned int preempt_count(void)
{
	return HERE(preempt_off);
}

/* Of struct cpu, which is declared later. */
#define irq_depth() (this_cpu()->irq_depth)

static inline void cpu_relax(void)
{
	explore_spin();
}

static inline bool irqs_enabled(void)
{
	return HERE(irqs);
}

static inline unsigned long irq_flags(void)
{
	return HERE(irqs) ? X86_EFLAGS_IF : 0;
}

static inline void irq_disable(void)
{
	if (unlikely(HERE(notify)) && HERE(irqs))
		explore_irqs_off();
	HERE_SET(irqs, false);
}

static inline void irq_enable(void)
{
	if (unlikely(HERE(notify)))
		explore_irqs_on();
	else
		HERE_SET(irqs, true);
}

static inline unsigned long irq_save(void)
{
	unsigned long flags = irq_flags();

	irq_disable();
	return flags;
}

static inline void irq_restore(unsigned long flags)
{
	if (flags & X86_EFLAGS_IF)
		irq_enable();
	else
		irq_disable();
}

static inline void clear_page(void *page)
{
	explore_clear(page, PAGE_SIZE);
}

static inline void copy_page(void *to, const void *from)
{
	explore_copy(to, from, PAGE_SIZE);
}

static inline struct cpu *this_cpu(void)
{
	return HERE(cpu);
}

static inline struct task *current_task(void)
{
	return HERE(task);
}

static inline unsigned int this_cpu_id(void)
{
	return HERE(cpu_id);
}

#define CPU_SLOT 128

static inline unsigned long this_cpu_slot(void)
{
	return HERE(cpu_id) * (unsigned long)CPU_SLOT;
}

#define current (current_task())

#endif
