/*
 * The processor: the few instructions that C cannot say. The host twin has its own version of
 * this header (tests/host/shim), and of no other.
 */
#ifndef CORE_ARCH_H
#define CORE_ARCH_H

#include "kernel/core/types.h"

#define X86_EFLAGS_IF 0x200ul
#define X86_CR0_WP    0x10000ul

static inline void outb(uint16_t port, uint8_t v)
{
	asm volatile("outb %0, %1" : : "a"(v), "Nd"(port));
}

static inline void outsb(uint16_t port, const void *data, size_t n)
{
	asm volatile("rep outsb" : "+S"(data), "+c"(n) : "d"(port) : "memory");
}

static inline uint8_t inb(uint16_t port)
{
	uint8_t v;

	asm volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline uint16_t inw(uint16_t port)
{
	uint16_t v;

	asm volatile("inw %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline void outw(uint16_t port, uint16_t v)
{
	asm volatile("outw %0, %1" : : "a"(v), "Nd"(port));
}

static inline uint32_t inl(uint16_t port)
{
	uint32_t v;

	asm volatile("inl %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline void outl(uint16_t port, uint32_t v)
{
	asm volatile("outl %0, %1" : : "a"(v), "Nd"(port));
}

/* Registers in memory: one access of just this size. */
static inline uint8_t mmio_read8(const volatile void *at)
{
	return *(const volatile uint8_t *)at;
}

static inline uint16_t mmio_read16(const volatile void *at)
{
	return *(const volatile uint16_t *)at;
}

static inline uint32_t mmio_read32(const volatile void *at)
{
	return *(const volatile uint32_t *)at;
}

static inline void mmio_write8(volatile void *at, uint8_t v)
{
	*(volatile uint8_t *)at = v;
}

static inline void mmio_write16(volatile void *at, uint16_t v)
{
	*(volatile uint16_t *)at = v;
}

static inline void mmio_write32(volatile void *at, uint32_t v)
{
	*(volatile uint32_t *)at = v;
}

static inline uint64_t rdtsc(void)
{
	uint32_t lo, hi;

	asm volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return (uint64_t)hi << 32 | lo;
}

static inline uint32_t cpuid_eax(uint32_t leaf)
{
	uint32_t eax = leaf, ebx, ecx = 0, edx;

	asm volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
	return eax;
}

/* Bits of a physical address. */
static inline unsigned int cpu_phys_bits(void)
{
	return cpuid_eax(0x80000000) >= 0x80000008 ? cpuid_eax(0x80000008) & 0xff : 36;
}

static inline uint64_t rdmsr(uint32_t msr)
{
	uint32_t lo, hi;

	asm volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
	return (uint64_t)hi << 32 | lo;
}

static inline void wrmsr(uint32_t msr, uint64_t v)
{
	asm volatile("wrmsr" : : "c"(msr), "a"((uint32_t)v), "d"((uint32_t)(v >> 32)) : "memory");
}

static inline uint64_t read_cr0(void)
{
	uint64_t v;

	asm volatile("mov %%cr0, %0" : "=r"(v));
	return v;
}

static inline void write_cr0(uint64_t v)
{
	asm volatile("mov %0, %%cr0" : : "r"(v) : "memory");
}

static inline uint64_t read_cr2(void)
{
	uint64_t v;

	asm volatile("mov %%cr2, %0" : "=r"(v));
	return v;
}

static inline uint64_t read_cr3(void)
{
	uint64_t v;

	asm volatile("mov %%cr3, %0" : "=r"(v));
	return v;
}

static inline void write_cr3(uint64_t v)
{
	asm volatile("mov %0, %%cr3" : : "r"(v) : "memory");
}

/* One instruction, whole for interrupts and for other CPUs. */
static inline void atomic_add(long *counter, long delta)
{
	asm volatile("lock addq %1, %0" : "+m"(*counter) : "er"(delta) : "cc");
}

static inline void atomic_sub(long *counter, long delta)
{
	asm volatile("lock subq %1, %0" : "+m"(*counter) : "er"(delta) : "cc");
}

/* This CPU's own counter, in the one instruction that a compiler makes three of. */
static inline void add_in_place(short *counter, short n)
{
	asm("addw %1, %0" : "+m"(*counter) : "ri"(n) : "cc");
}

static inline void increment_in_place(unsigned long *counter)
{
	asm("incq %0" : "+m"(*counter) : : "cc");
}

static inline void sub_in_place(short *counter, short n)
{
	asm("subw %1, %0" : "+m"(*counter) : "ri"(n) : "cc");
}

static inline void cpu_relax(void)
{
	asm volatile("pause" : : : "memory");
}

static inline unsigned long irq_flags(void)
{
	unsigned long flags;

	asm volatile("pushfq; popq %0" : "=r"(flags) : : "memory");
	return flags;
}

static inline bool irqs_enabled(void)
{
	return irq_flags() & X86_EFLAGS_IF;
}

static inline void irq_disable(void)
{
	asm volatile("cli" : : : "memory");
}

static inline void irq_enable(void)
{
	asm volatile("sti" : : : "memory");
}

static inline unsigned long irq_save(void)
{
	unsigned long flags = irq_flags();

	irq_disable();
	return flags;
}

static inline void irq_restore(unsigned long flags)
{
	asm volatile("pushq %0; popfq" : : "r"(flags) : "memory", "cc");
}

static inline void tlb_flush_all(void)
{
	write_cr3(read_cr3());
}

static inline void tlb_flush_address(uint64_t addr)
{
	asm volatile("invlpg (%0)" : : "r"(addr) : "memory");
}

/*
 * Whole pages, with 16-byte stores; the FP registers used are saved and restored, so that any
 * context may call them. `page` is page-aligned. See clear_page.S. Clearing keeps all registers:
 * said to the compiler by this call, it saves none around it.
 */
static inline void clear_page(void *page)
{
	asm volatile("call clear_page_thunk" : : "D"(page) : "memory", "cc");
}
void copy_page(void *to, const void *from);
/* Every word of a page becomes `pattern`; is every word of it? */
void pattern_page(void *page, unsigned long pattern);
bool page_has_pattern(const void *page, unsigned long pattern);
/* The first 16 bytes of each cache line of a page. */
void clear_line_heads(void *page);

struct task;

/*
 * Per-CPU data sits at %gs:0. Volatile: a task that was preempted or slept may be on another CPU
 * now, so the compiler must not reuse what it read before. Only with preemption or interrupts off
 * does the answer stay true.
 */
struct cpu;
static inline struct cpu *this_cpu(void)
{
	struct cpu *cpu;

	asm volatile("movq %%gs:0, %0" : "=r"(cpu));
	return cpu;
}

static inline struct task *current_task(void)
{
	struct task *task;

	asm volatile("movq %%gs:8, %0" : "=r"(task));
	return task;
}

static inline unsigned int this_cpu_id(void)
{
	unsigned int id;

	asm volatile("movl %%gs:16, %0" : "=r"(id));
	return id;
}

/*
 * What an object keeps for each CPU lies CPU_SLOT bytes apart, in an array: how far on this CPU's
 * part is, ready made.
 */
#define CPU_SLOT 128

static inline unsigned long this_cpu_slot(void)
{
	unsigned long slot;

	asm volatile("movq %%gs:24, %0" : "=r"(slot));
	return slot;
}

/* This CPU's preemption count, at %gs:20: one instruction, so that no interrupt comes between. */
static inline void preempt_count_inc(void)
{
	asm volatile("incl %%gs:20" : : : "memory", "cc");
}

static inline void preempt_count_dec(void)
{
	asm volatile("decl %%gs:20" : : : "memory", "cc");
}

static inline unsigned int preempt_count(void)
{
	unsigned int n;

	asm volatile("movl %%gs:20, %0" : "=r"(n) : : "memory");
	return n;
}

/*
 * How deep this CPU is in interrupt handlers, at %gs:32: one instruction, since between two a task may
 * be moved to another CPU.
 */
static inline unsigned int irq_depth(void)
{
	unsigned int n;

	asm volatile("movl %%gs:32, %0" : "=r"(n) : : "memory");
	return n;
}

#define current (current_task())

#endif
