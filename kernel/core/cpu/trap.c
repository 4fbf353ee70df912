/*
 * Exceptions and interrupts (see trap.h).
 */
#include <string.h>

#include "kernel/core/cpu/cpu.h"
#include "kernel/core/machine.h"
#include "kernel/core/sched/sched.h"
#include "kernel/core/sched/task.h"
#include "kernel/core/time/time.h"
#include "kernel/core/cpu/trap.h"

#define NR_VECTORS 256
#define STUB_SIZE  16
#define GATE       0x8e00ull

struct gate {
	uint64_t lo, hi;
};

struct ex_entry {
	uint64_t insn, fixup;
};

extern char trap_stubs[], page_fault[];
extern const struct ex_entry _ex_table[], _ex_table_end[];

static struct gate idt[NR_VECTORS];
static irq_handler_fn irq_handler[NR_VECTORS];
static void (*nmi[2])(const struct pt_regs *regs);
static unsigned int nr_nmi;
static trap_exit_fn trap_exit;

static const char *const trap_name[32] = {
	[0] = "divide error",
	[1] = "debug",
	[2] = "NMI",
	[3] = "breakpoint",
	[4] = "overflow",
	[5] = "bounds",
	[6] = "invalid opcode",
	[7] = "device not available",
	[8] = "double fault",
	[10] = "invalid TSS",
	[11] = "segment not present",
	[12] = "stack segment",
	[13] = "general protection fault",
	[14] = "page fault",
	[16] = "x87 floating point error",
	[17] = "alignment check",
	[18] = "machine check",
	[19] = "SIMD floating point error",
};

static void set_gate(unsigned int vector, uint64_t addr, unsigned int ist)
{
	idt[vector].lo = (addr & 0xffff) | (uint64_t)BOOT_CS << 16 | (uint64_t)ist << 32 |
		GATE << 32 | (addr >> 16 & 0xffff) << 48;
	idt[vector].hi = addr >> 32;
}

static uint64_t stub(unsigned int vector)
{
	return (uint64_t)trap_stubs + vector * STUB_SIZE;
}

void trap_load_idt(void)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) ptr = {sizeof(idt) - 1, (uint64_t)idt};

	for (unsigned int v = 0; v < NR_VECTORS; v++)
		set_gate(v, stub(v), 0);
	set_gate(TRAP_PF, (uint64_t)page_fault, 0);
	set_gate(TRAP_DF, stub(TRAP_DF), IST_DF);
	set_gate(TRAP_NMI, stub(TRAP_NMI), IST_NMI);
	set_gate(TRAP_MCE, stub(TRAP_MCE), IST_MCE);
	asm volatile("lidt %0" : : "m"(ptr));
}

void trap_set_irq(unsigned int vector, irq_handler_fn fn)
{
	irq_handler[vector] = fn;
}

static bool serve_nothing(struct pt_regs *regs, uint64_t addr)
{
	(void)regs;
	(void)addr;
	return false;
}

static page_fault_fn serve_fault = serve_nothing;

void trap_set_page_fault(page_fault_fn fn)
{
	serve_fault = fn;
}

void trap_set_exit_hook(trap_exit_fn fn)
{
	trap_exit = fn;
}

void trap_add_nmi(void (*fn)(const struct pt_regs *regs))
{
	BUG_ON(nr_nmi == ARRAY_SIZE(nmi));
	nmi[nr_nmi++] = fn;
}

static bool fix_up(struct pt_regs *regs)
{
	for (const struct ex_entry *e = _ex_table; e < _ex_table_end; e++) {
		if (e->insn == regs->rip) {
			regs->rip = e->fixup;
			return true;
		}
	}
	return false;
}

static void report_stack_overflow(struct pt_regs *regs, uint64_t addr)
{
	const struct task *t = task_of_guard_page(addr);

	if (t)
		panic_regs(regs, "kernel stack overflow of %s (pid %d): guard page hit at %016lx",
			t->comm, t->pid, addr);
}

static void bad_page_fault(struct pt_regs *regs, uint64_t addr)
{
	const struct task *t = current;
	const char *why = "read of unmapped page";

	if (fix_up(regs))
		return;
	if (regs->error & PF_WRITE)
		why = "write to unmapped page";
	if (regs->error & PF_PROT)
		why = "protection";
	if (t && t->mm && t->kdepth == 0)
		panic_regs(regs, "app %s (pid %d) used the bad address %016lx (%s)", t->comm,
			t->pid, addr, why);
	if (addr < PAGE_SIZE)
		panic_regs(
			regs, "unable to handle kernel NULL pointer dereference at %016lx", addr);
	if (regs->error & PF_INSTR)
		panic_regs(
			regs, "attempt to execute NX-protected or unmapped page at %016lx", addr);
	panic_regs(regs, "unable to handle kernel paging request at %016lx (%s)", addr, why);
}

/* Serving may sleep, so it takes a context that may. It leaves interrupts on: iretq knows better. */
void do_page_fault(struct pt_regs *regs)
{
	uint64_t addr = read_cr2();

	if (likely((regs->rflags & X86_EFLAGS_IF) && !in_interrupt())) {
		irq_enable();
		if (likely(serve_fault(regs, addr)))
			return;
		irq_disable();
	}
	bad_page_fault(regs, addr);
}

static void do_exception(struct pt_regs *regs)
{
	const char *name = trap_name[regs->vector];

	switch (regs->vector) {
	case TRAP_GP:
	case TRAP_SS: /* a pointer that is not even an address */
		if (fix_up(regs))
			return;
		break;
	case TRAP_NMI:
		for (unsigned int i = 0; i < nr_nmi; i++)
			nmi[i](regs);
		break;
	case TRAP_DF:
		report_stack_overflow(regs, read_cr2());
		break;
	default:
		break;
	}
	panic_regs(regs, "%s (vector %lu), error code %04lx", name ? name : "exception",
		regs->vector, regs->error);
}

static void do_irq(struct pt_regs *regs)
{
	struct cpu *cpu = this_cpu();
	irq_handler_fn fn = irq_handler[regs->vector];

	if (cpu->halted)
		halt_is_over(cpu);
	if (!fn)
		panic_regs(regs, "unexpected interrupt, vector 0x%02lx", regs->vector);
	cpu->irq_depth++;
	fn(regs);
	cpu->irq_depth--;
	if (cpu->irq_depth == 0 && preempt_count() == 0 && current->resched)
		preempt_schedule();
}

void trap_entry_common(struct pt_regs *regs)
{
	if (regs->vector < 32)
		do_exception(regs);
	else
		do_irq(regs);
	if (trap_exit && this_cpu()->irq_depth == 0)
		trap_exit(regs);
}
