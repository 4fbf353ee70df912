/*
 * From 32-bit protected mode to long mode, for every CPU (assembly). Uses eax, ecx, edx; a far
 * jump to 64-bit code must follow.
 */
#ifndef BOOT_LONG_MODE_H
#define BOOT_LONG_MODE_H

#define PHYS(x)        ((x) - KERNEL_BASE)
#define BOOT_CS32      0x18
#define BOOT_GDT_LIMIT 31

	.macro ENTER_LONG_MODE
	movl $PHYS(boot_pml4), %eax
	movl %eax, %cr3
	movl %cr4, %eax
	orl $(1 << 5 | 1 << 9 | 1 << 10), %eax	/* PAE, FXSR, XMM exceptions */
	movl %eax, %cr4
	movl $0xc0000080, %ecx			/* EFER: LME, NXE */
	rdmsr
	orl $(1 << 8 | 1 << 11), %eax
	wrmsr
	movl %cr0, %eax
	andl $~(1 << 2 | 1 << 29 | 1 << 30), %eax /* no x87 emulation, caches on */
	orl $(1 << 31 | 1 << 16 | 1 << 1), %eax	/* PG, WP, MP */
	movl %eax, %cr0
	.endm

#endif
