/*
 * Symbol look-up and call traces. The table is made from the linked image and linked into it
 * by a second pass (tests/run/toolchain/ksyms.py), behind everything it describes.
 */
#include "kernel/core/cpu/cpu.h"
#include "kernel/core/log/ksyms.h"
#include "kernel/core/machine.h"
#include "kernel/core/log/printk.h"
#include "kernel/core/sched/task.h"
#include "kernel/core/cpu/trap.h"

#define MAX_FRAMES 48

extern const uint32_t ksyms_count __attribute__((weak));
extern const uint32_t ksyms_addr[] __attribute__((weak)); /* offsets from KERNEL_BASE, sorted */
extern const uint32_t ksyms_name[] __attribute__((weak));
extern const char ksyms_text[] __attribute__((weak));
extern char _text[], _etext[];

const char *ksym_lookup(uint64_t addr, uint64_t *offset, uint64_t *size)
{
	uint32_t lo = 0, hi, want = (uint32_t)(addr - KERNEL_BASE);

	if (!&ksyms_count || addr < (uint64_t)_text || addr >= (uint64_t)_etext)
		return NULL;
	hi = ksyms_count - 1; /* the last entry only ends the one before it */
	while (hi - lo > 1) {
		uint32_t mid = (lo + hi) / 2;

		if (ksyms_addr[mid] <= want)
			lo = mid;
		else
			hi = mid;
	}
	*offset = want - ksyms_addr[lo];
	*size = ksyms_addr[lo + 1] - ksyms_addr[lo];
	return ksyms_text + ksyms_name[lo];
}

static void print_frame(uint64_t addr)
{
	uint64_t offset, size;
	const char *name = ksym_lookup(addr, &offset, &size);

	if (name)
		pr_warn(" [<%016lx>] %s+0x%lx/0x%lx", addr, name, offset, size);
}

static void print_frames(uint64_t fp)
{
	uint64_t lo, hi;

	for (int i = 0; i < MAX_FRAMES && task_stack_span(fp, &lo, &hi); i++) {
		const uint64_t *frame = (const uint64_t *)fp;

		if ((fp & 7) || fp + 16 > hi)
			break;
		if (frame[1])
			print_frame(frame[1]);
		/* Frames climb within one stack. */
		if (frame[0] <= fp || frame[0] >= hi)
			break;
		fp = frame[0];
	}
}

void print_trace_regs(const struct pt_regs *regs)
{
	uint64_t lo, hi, unused;

	pr_warn("Call Trace:");
	if (!ksym_lookup(regs->rip, &unused, &unused) && task_stack_span(regs->rsp, &lo, &hi))
		print_frame(*(const uint64_t *)regs->rsp);
	print_frames(regs->rbp);
}

void print_trace_from(uint64_t rip, uint64_t fp)
{
	pr_warn("Call Trace:");
	print_frame(rip);
	print_frames(fp);
}

noinline void print_trace_here(void)
{
	pr_warn("Call Trace:");
	print_frames((uint64_t)__builtin_frame_address(0));
}

void dump_stack_header(void)
{
	const struct task *t = current;

	pr_warn("CPU: %u PID: %d Comm: %.20s Not tainted %s %s", this_cpu_id(), t ? t->pid : 0,
		t ? t->comm : "boot", UTS_RELEASE, UTS_VERSION);
	if (hardware_name[0])
		pr_warn("Hardware name: %s", hardware_name);
}

/* Three rows of four words from the stack pointer up, as 4.8 prints them. */
static void print_raw_stack(const uint64_t *sp)
{
	uint64_t lo, hi;

	if (!task_stack_span((uint64_t)sp, &lo, &hi))
		return;
	for (int row = 0; row < 3 && (uint64_t)(sp + 4) <= hi; row++, sp += 4)
		pr_warn(" %016lx %016lx %016lx %016lx", sp[0], sp[1], sp[2], sp[3]);
}

/* Its own frame's return address makes dump_stack() the first line, as in Linux. */
static noinline void print_stack_from_here(void)
{
	const uint64_t *fp = __builtin_frame_address(0);

	print_raw_stack(fp + 2);
	pr_warn("Call Trace:");
	print_frames((uint64_t)fp);
}

noinline void dump_stack(void)
{
	dump_stack_header();
	print_stack_from_here();
	barrier(); /* a call, not a jump: the frame must be there to be seen */
}
