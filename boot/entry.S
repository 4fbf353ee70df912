/*
 * Entry from a Multiboot 1 or 2 loader: 32-bit protected mode, paging off, at the physical load
 * address. Builds just enough page tables to run C in the higher half (first GiB, identity and
 * at KERNEL_BASE) and jumps there. The final tables, with W^X, are made by boot/paging.c.
 */
#include "boot/layout.h"
#include "boot/long_mode.inc"
#include "boot/multiboot.h"

#define PTE_P   0x001
#define PTE_W   0x002
#define PTE_PS  0x080

	.section .multiboot, "ax"
	.balign 8
mb1_header:
	.long MB1_HEADER_MAGIC
	.long MB1_HEADER_FLAGS
	.long -(MB1_HEADER_MAGIC + MB1_HEADER_FLAGS)
	.long PHYS(mb1_header)
	.long _load_phys
	.long _load_end_phys
	.long _bss_end_phys
	.long PHYS(boot_entry32)

	.balign 8
mb2_header:
	.long MB2_HEADER_MAGIC
	.long 0
	.long mb2_header_end - mb2_header
	.long -(MB2_HEADER_MAGIC + 0 + (mb2_header_end - mb2_header))
	.short MB2_HEADER_TAG_ENTRY, 0
	.long 12
	.long PHYS(boot_entry32)
	.balign 8
	.short MB2_HEADER_TAG_END, 0
	.long 8
mb2_header_end:

/*
 * Until trap.c's table is loaded there is one vector, the NMI, at the place of either mode; the same
 * machine code runs in both. It lies in this section, the image's first, for its address to be known.
 */
	.balign 8
early_idt:
	.skip 2 * 8
	.word early_nmi - mb1_header, BOOT_CS32, 0x8e00, KERNEL_PHYS >> 16
	.skip 8
	.word early_nmi - mb1_header, BOOT_CS, 0x8e00, KERNEL_PHYS >> 16
	.long 0, 0
early_idt_ptr:
	.word . - early_idt - 1
	.long PHYS(early_idt)

	.code32
early_nmi:
	movl $PHYS(nmi_text), %esi
die:	lodsb				/* %esi: what is wrong, in a line */
	testb %al, %al
	jz 1f
	movw $0x3f8, %dx
	outb %al, %dx
	jmp die
1:	movl $0x12, %eax		/* exit code 2: DESIGN 6 */
	outl %eax, $0xf4
2:	hlt
	jmp 2b

	.section .boot, "ax"
	.globl boot_entry32
boot_entry32:
	cli
	cld
	movl %eax, %ebp			/* loader's magic */
	movl %ebx, %esi			/* and its information; cpuid takes %ebx */
	rdtsc				/* instruction count at entry: DESIGN 5 */
	movl %eax, PHYS(boot_tsc)
	movl %edx, PHYS(boot_tsc) + 4
	movl $PHYS(boot_stack_top), %esp
	lgdt PHYS(boot_gdt_ptr32)
	ljmp $BOOT_CS32, $PHYS(1f)
1:	lidt PHYS(early_idt_ptr)

	/* It would be overwritten before it is read, and what is built there would not begin as zero. */
boot_checks:
	cmpl $_load_phys, %esi
	jb 1f
	cmpl $_bss_end_phys, %esi
	jae 1f
	movl $PHYS(info_text), %esi
	jmp die

	/* What everything below stands on; the first says whether there is a leaf for the others. */
1:	movl $0x80000000, %eax
	cpuid
	cmpl $0x80000001, %eax
	movl $PHYS(cpu_needs), %edi
	jb 2f
1:	movl (%edi), %eax
	cpuid
	testl %edx, 4(%edi)
	jz 2f
	addl $12, %edi
	cmpl $PHYS(cpu_needs_end), %edi
	jb 1b
	jmp 1f
2:	movl 8(%edi), %esi
	jmp die

1:
	movl $PHYS(boot_pdpt) + PTE_P + PTE_W, %eax
	movl %eax, PHYS(boot_pml4)
	movl %eax, PHYS(boot_pml4) + 511 * 8
	movl $PHYS(boot_pd) + PTE_P + PTE_W, %eax
	movl %eax, PHYS(boot_pdpt)
	movl %eax, PHYS(boot_pdpt) + 510 * 8
	movl $PHYS(boot_pd), %edi
	movl $(PTE_P + PTE_W + PTE_PS), %eax
	movl $512, %ecx
1:	movl %eax, (%edi)
	addl $0x200000, %eax
	addl $8, %edi
	decl %ecx
	jnz 1b

	ENTER_LONG_MODE
	ljmp $BOOT_CS, $PHYS(boot_entry64)

	/* Leaf, bit of %edx, what is said when it is not set. */
	.balign 4
cpu_needs:
	.long 0x80000001, 1 << 29, PHYS(long_mode_text)
	.long 0x80000001, 1 << 20, PHYS(nx_text)
	.long 1, 1 << 9, PHYS(apic_text)
	.long 1, 1 << 24, PHYS(fxsr_text)
	.long 1, 1 << 26, PHYS(sse2_text)
cpu_needs_end:
	.macro CPU_TEXT name, what
\name:	.asciz "lowwater: machine: the CPU has no \what; expected an x86_64 CPU with it\r\n"
	.endm
	CPU_TEXT long_mode_text, "long mode"
	CPU_TEXT nx_text, "NX"
	CPU_TEXT apic_text, "local APIC"
	CPU_TEXT fxsr_text, "FXSR"
	CPU_TEXT sse2_text, "SSE2"
nmi_text:
	.asciz "lowwater: machine: an NMI before there was a handler; expected none so early\r\n"
info_text:
	.ascii "lowwater: machine: boot information: lies in the image; "
	.asciz "expected it in memory of its own\r\n"

	.code64
boot_entry64:
	LOAD_SEGMENTS64
	movq $boot_stack_top, %rsp
	movl %ebp, %edi
	xorl %ebp, %ebp
	movabsq $boot_main, %rax
	pushq $0				/* ends every call trace */
	jmp *%rax

	.balign 8
	.globl boot_gdt
boot_gdt:
	.quad 0
	.quad 0x00af9a000000ffff		/* 64-bit code */
	.quad 0x00cf92000000ffff		/* data */
	.quad 0x00cf9a000000ffff		/* 32-bit code, for a CPU that comes from real mode */
boot_gdt_ptr32:
	.short BOOT_GDT_LIMIT
	.long PHYS(boot_gdt)

	.data
	.balign 8
	.globl boot_tsc
boot_tsc:
	.quad 0

	.bss
	.balign 4096
	.globl boot_pml4
boot_pml4:
	.skip 4096
boot_pdpt:
	.skip 4096
boot_pd:
	.skip 4096
	.globl boot_stack, boot_stack_top
boot_stack:
	.skip 16384
boot_stack_top:
	.section .note.GNU-stack, "", @progbits
