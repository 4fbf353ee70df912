/*
 * Exceptions and interrupts: the saved registers, and who handles what.
 *
 * Handlers run on the interrupted task's stack with interrupts off (exceptions: as they were),
 * except #DF, NMI and MCE, which have stacks of their own.
 */
#ifndef CORE_TRAP_H
#define CORE_TRAP_H

#include "kernel/core/types.h"

enum { IST_DF = 1, IST_NMI, IST_MCE, NR_IST = 3 };

#define TRAP_NMI 2
#define TRAP_SS  12
#define TRAP_GP  13
#define TRAP_DF  8
#define TRAP_PF  14
#define TRAP_MCE 18

#define IRQ_SERIAL   0x34 /* below the timer, which comes first of two that wait */
#define IRQ_ACPI     0x35
#define IRQ_PCI      0x60 /* and an ISA interrupt's number: below the timer as well */
#define IRQ_MSIX     0x70 /* and on, for messages of devices (pci_msix.h) */
#define IRQ_TIMER    0xef
#define IRQ_RESCHED  0xf0
#define IRQ_CALL     0xf1
#define IRQ_ALARM    0xf2
#define IRQ_STILL    0xf3
#define IRQ_SPURIOUS 0xff

#define PF_PROT  0x1ul
#define PF_WRITE 0x2ul
#define PF_INSTR 0x10ul

/* What entry.S pushes, lowest address first. */
struct pt_regs {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
	uint64_t rdi, rsi, rdx, rcx, rbx, rax, rbp;
	uint64_t vector, error;
	uint64_t rip, cs, rflags, rsp, ss;
};

typedef void (*irq_handler_fn)(struct pt_regs *regs);

void trap_load_idt(void);
void trap_set_irq(unsigned int vector, irq_handler_fn fn);

/*
 * The floor above decides what a page fault at `addr` means. Returns true when the faulting
 * instruction can be retried. Called with interrupts on; a fault with interrupts off, or in a
 * handler, is not served.
 */
typedef bool (*page_fault_fn)(struct pt_regs *regs, uint64_t addr);
void trap_set_page_fault(page_fault_fn fn);

/*
 * Runs before a return from an interrupt or exception: where a pending kill can end a task. A page
 * fault's own function does that by itself.
 */
typedef void (*trap_exit_fn)(struct pt_regs *regs);
void trap_set_exit_hook(trap_exit_fn fn);

/*
 * Who is asked at an NMI, last added, last asked: fn() does not return when it was for it. An NMI that
 * is nobody's is a panic. Boot.
 */
void trap_add_nmi(void (*fn)(const struct pt_regs *regs));

/* All registers as they are now, as a fault would save them (entry.S). */
void save_registers(struct pt_regs *regs);

/* Where entry.S goes: for a page fault, and for every other vector. */
void do_page_fault(struct pt_regs *regs);
void trap_entry_common(struct pt_regs *regs);

/* Copy to or from an app's memory; returns the bytes that could not be copied. May sleep. */
size_t copy_app(void *to, const void *from, size_t n);

#endif
