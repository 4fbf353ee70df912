/*
 * Descriptor tables and per-CPU data. #DF, NMI and MCE have their own stacks, so that a stack
 * overflow is reported as what it is; every other exception runs on the task's stack.
 */
#include "kernel/core/cpu/cpu.h"
#include "kernel/core/cpu/trap.h"

#include <string.h>

#define MSR_GS_BASE 0xc0000101
#define TSS_SEL     0x18

struct tss {
	uint32_t reserved0;
	uint64_t rsp[3];
	uint64_t reserved1;
	uint64_t ist[7];
	uint64_t reserved2;
	uint16_t reserved3, iomap;
} __attribute__((packed));

struct table_ptr {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

struct cpu_tables {
	uint64_t gdt[5];
	struct tss tss;
};

struct cpu cpus[MAX_CPUS];
unsigned int nr_cpus = 1;

static struct cpu_tables tables[MAX_CPUS];
static uint8_t boot_fault_stacks[CPU_FAULT_BYTES] __attribute__((aligned(16)));

_Static_assert(offsetof(struct cpu, preempt_off) == 20, "arch.h counts on it");
_Static_assert(offsetof(struct cpu, slot) == 24, "so does it on this");
_Static_assert(offsetof(struct cpu, irq_depth) == 32, "and on this");
_Static_assert(NR_FAULT_STACKS == NR_IST, "one for each");

static void load_gdt(struct cpu_tables *t)
{
	uint64_t base = (uint64_t)&t->tss;
	struct table_ptr ptr = {sizeof(t->gdt) - 1, (uint64_t)t->gdt};

	t->gdt[1] = 0x00af9a000000ffff;
	t->gdt[2] = 0x00cf92000000ffff;
	t->gdt[3] = (sizeof(struct tss) - 1) | (base & 0xffffff) << 16 | 0x89ull << 40 |
		(base >> 24 & 0xff) << 56;
	t->gdt[4] = base >> 32;
	asm volatile("lgdt %0" : : "m"(ptr));
	asm volatile("ltr %w0" : : "r"(TSS_SEL));
}

void cpu_init(struct cpu *cpu, unsigned int id, void *fault_stacks)
{
	uint8_t *stacks = fault_stacks ? fault_stacks : boot_fault_stacks;
	struct cpu_tables *t = &tables[id];

	cpu->self = cpu;
	cpu->id = id;
	cpu->slot = id * CPU_SLOT;
	cpu->preempt_off = 1; /* until the scheduler runs */
	for (int i = 0; i < NR_PRIO; i++)
		list_init(&cpu->run[i]);
	list_init(&cpu->timers);
	cpu->cr3 = read_cr3();
	for (int i = 0; i < NR_IST; i++)
		t->tss.ist[i] = (uint64_t)stacks + (i + 1) * FAULT_STACK_SIZE;
	t->tss.iomap = sizeof(t->tss);
	load_gdt(t);
	wrmsr(MSR_GS_BASE, (uint64_t)cpu);
	trap_load_idt();
}
