/*
 * The end of a run (see machine.h).
 */
#include <stdarg.h>

#include "kernel/core/cpu/acpi.h"
#include "kernel/core/cpu/cpu.h"
#include "kernel/core/log/event.h"
#include "kernel/core/log/ksyms.h"
#include "kernel/core/machine.h"
#include "kernel/core/log/printk.h"
#include "kernel/core/sched/smp.h"
#include "kernel/core/sched/task.h"
#include "kernel/core/time/time.h"
#include "kernel/core/cpu/trap.h"

#define DEBUG_EXIT_PORT 0xf4
#define ACPI_SLEEP_S5   0x2000 /* SLP_EN with type 0: PIIX4's S5 */
#define MAX_REPORTS     4

static void (*reports[MAX_REPORTS])(void);
static unsigned int nr_reports;
static unsigned int panics;

void panic_add_report(void (*fn)(void))
{
	if (nr_reports < MAX_REPORTS)
		reports[nr_reports++] = fn;
}

void machine_exit(enum exit_code code)
{
	char insns[24];

	irq_disable();
	event("{\"event\":\"end\",\"code\":%d,\"insns\":%s,\"ns\":%lu}", (int)code,
		event_count(instructions_since_boot(), insns, sizeof(insns)),
		(unsigned long)clock_ns());
	outl(DEBUG_EXIT_PORT, 0x10 + code);
	if (acpi_info.pm1a_control)
		outw(acpi_info.pm1a_control, ACPI_SLEEP_S5);
	for (;;)
		asm volatile("cli; hlt");
}

void machine_refuse(const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	kvsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	pr_emerg("lowwater: %s", text);
	machine_exit(EXIT_REFUSED);
}

static void print_regs(const struct pt_regs *r)
{
	uint64_t offset, size;
	const char *name = ksym_lookup(r->rip, &offset, &size);

	pr_emerg("RIP: %04lx:[<%016lx>] %s+0x%lx/0x%lx", r->cs, r->rip, name ? name : "?",
		name ? offset : 0, name ? size : 0);
	pr_emerg("RSP: %04lx:%016lx EFLAGS: %08lx", r->ss, r->rsp, r->rflags);
	pr_emerg("RAX: %016lx RBX: %016lx RCX: %016lx", r->rax, r->rbx, r->rcx);
	pr_emerg("RDX: %016lx RSI: %016lx RDI: %016lx", r->rdx, r->rsi, r->rdi);
	pr_emerg("RBP: %016lx R08: %016lx R09: %016lx", r->rbp, r->r8, r->r9);
	pr_emerg("R10: %016lx R11: %016lx R12: %016lx", r->r10, r->r11, r->r12);
	pr_emerg("R13: %016lx R14: %016lx R15: %016lx", r->r13, r->r14, r->r15);
	pr_emerg("CR2: %016lx CR3: %016lx error: %04lx", read_cr2(), read_cr3(), r->error);
}

static void print_other_cpus(void)
{
	const struct cpu *cpu;

	for_each_cpu(cpu) {
		if (!cpu->stopped)
			continue;
		pr_warn("CPU: %u PID: %d Comm: %s was stopped at", cpu->id, cpu->task->pid,
			cpu->task->comm);
		print_trace_from(cpu->stop_regs.rip, cpu->stop_regs.rbp);
	}
}

/* The newest first: the counters must not be lost with memory that is too damaged to print. */
void machine_reports(void)
{
	for (unsigned int i = nr_reports; i-- > 0;)
		reports[i]();
}

/* A fault inside a report must not hide the first one, nor run for ever. */
static void report_once(struct pt_regs *regs)
{
	print_regs(regs);
	dump_stack_header();
	print_trace_regs(regs);
	print_other_cpus();
	print_held_locks();
	print_tasks();
	machine_reports();
}

static void vpanic(struct pt_regs *regs, const char *fmt, va_list ap) __attribute__((noreturn));

static void vpanic(struct pt_regs *regs, const char *fmt, va_list ap)
{
	static char text[512];

	irq_disable();
	if (panics == 0) {
		smp_stop_others();
		output_break_lock();
	}
	kvsnprintf(text, sizeof(text), fmt, ap);
	pr_emerg("Kernel panic - not syncing: %s", text);
	if (panics++ == 0)
		report_once(regs);
	else
		print_regs(regs);
	pr_emerg("---[ end Kernel panic - not syncing: %s", text);
	machine_exit(EXIT_PANIC);
}

/* The registers as they are, and the caller's place: what a fault there would have saved. */
noinline void panic(const char *fmt, ...)
{
	const uint64_t *frame = __builtin_frame_address(0);
	struct pt_regs regs;
	va_list ap;

	save_registers(&regs);
	regs.rbp = frame[0];
	regs.rip = frame[1];
	regs.rsp = (uint64_t)(frame + 2);
	va_start(ap, fmt);
	vpanic(&regs, fmt, ap);
}

void panic_regs(struct pt_regs *regs, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vpanic(regs, fmt, ap);
}
