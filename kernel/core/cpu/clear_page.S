/*
 * Zero or copy one page by unrolled 16-byte stores: 4 instructions a cache line and no `rep`,
 * which QEMU counts (and runs) one iteration at a time. xmm0..3 belong to the interrupted or
 * faulting app and are put back.
 */
	.text
	.globl clear_page
	.type clear_page, @function
	.balign 16
clear_page:
	subq $24, %rsp
	movups %xmm0, (%rsp)
	pxor %xmm0, %xmm0
	leaq 4096(%rdi), %rax
1:
	.set off, 0
	.rept 64
	movaps %xmm0, off(%rdi)
	.set off, off + 16
	.endr
	addq $1024, %rdi
	cmpq %rax, %rdi
	jne 1b
	movups (%rsp), %xmm0
	addq $24, %rsp
	ret
	.size clear_page, . - clear_page

	.globl copy_page
	.type copy_page, @function
	.balign 16
copy_page:
	subq $24, %rsp
	movups %xmm0, (%rsp)
	leaq 4096(%rdi), %rax
1:
	.set off, 0
	.rept 16
	movaps off(%rsi), %xmm0
	movaps %xmm0, off(%rdi)
	.set off, off + 16
	.endr
	addq $256, %rsi
	addq $256, %rdi
	cmpq %rax, %rdi
	jne 1b
	movups (%rsp), %xmm0
	addq $24, %rsp
	ret
	.size copy_page, . - copy_page
	.section .note.GNU-stack, "", @progbits
