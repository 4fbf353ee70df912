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

	.section .boot, "ax"
	.code32
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

	/* Long mode and NX are what everything below stands on. */
	movl $0x80000000, %eax
	cpuid
	cmpl $0x80000001, %eax
	jb no_long_mode
	movl $0x80000001, %eax
	cpuid
	andl $(1 << 29 | 1 << 20), %edx
	cmpl $(1 << 29 | 1 << 20), %edx
	jne no_long_mode

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
	lgdt PHYS(boot_gdt_ptr32)
	ljmp $BOOT_CS, $PHYS(boot_entry64)

no_long_mode:
	movl $PHYS(no_long_mode_text), %esi
1:	lodsb
	testb %al, %al
	jz 2f
	movw $0x3f8, %dx
	outb %al, %dx
	jmp 1b
2:	movl $0x12, %eax			/* exit code 2: DESIGN 6 */
	outl %eax, $0xf4
3:	hlt
	jmp 3b
no_long_mode_text:
	.asciz "lowwater: machine: the CPU has no long mode or no NX; expected x86_64\r\n"

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
