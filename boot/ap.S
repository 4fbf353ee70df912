/*
 * Entry of an application processor. The boot CPU copies ap_trampoline to AP_TRAMPOLINE, a page
 * below 1 MiB, and starts the CPU there in real mode. From then on it goes the boot CPU's way:
 * the tables of boot, long mode, then the kernel's own tables and the stack that ap_boot names.
 */
#include "boot/layout.h"
#include "boot/long_mode.inc"

	.section .rodata
	.code16
	.balign 16
	.globl ap_trampoline, ap_trampoline_end
ap_trampoline:
	cli
	cld
	movw %cs, %ax
	movw %ax, %ds
	lgdtl 2f - ap_trampoline
	movl %cr0, %eax
	orl $1, %eax
	movl %eax, %cr0
	ljmpl $BOOT_CS32, $PHYS(ap_entry32)
	.balign 4
2:	.short BOOT_GDT_LIMIT
	.long PHYS(boot_gdt)
ap_trampoline_end:

	.section .boot, "ax"
	.code32
ap_entry32:
	movw $BOOT_DS, %ax
	movw %ax, %ds
	movw %ax, %ss
	ENTER_LONG_MODE
	ljmp $BOOT_CS, $PHYS(ap_entry64)

	.code64
ap_entry64:
	LOAD_SEGMENTS64
	movabsq $1f, %rax
	jmp *%rax
1:	movq ap_boot(%rip), %rax	/* now at our own addresses */
	movq ap_boot + 8(%rip), %rsp
	movq ap_boot + 16(%rip), %rdi
	movq %rax, %cr3
	xorl %ebp, %ebp
	pushq $0			/* ends every call trace */
	movabsq $ap_main, %rax
	jmp *%rax

	.section .note.GNU-stack, "", @progbits
