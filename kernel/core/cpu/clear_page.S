/*
 * Zero or copy one page by 16-byte stores: 4 instructions a cache line and no `rep`, which QEMU
 * counts (and runs) one iteration at a time. What xmm0 holds belongs to the interrupted or faulting
 * app and is put back.
 */
	.macro zero_page_every step
	subq $24, %rsp
	movups %xmm0, (%rsp)
	pxor %xmm0, %xmm0
	.set off, 0
	.rept 4096 / \step
	movaps %xmm0, off(%rdi)
	.set off, off + \step
	.endr
	movups (%rsp), %xmm0
	addq $24, %rsp
	ret
	.endm

	.text
	.globl clear_page_thunk
	.type clear_page_thunk, @function
	.balign 16
clear_page_thunk:
	zero_page_every 16
	.size clear_page_thunk, . - clear_page_thunk

	.globl clear_line_heads
	.type clear_line_heads, @function
	.balign 16
clear_line_heads:
	zero_page_every 64
	.size clear_line_heads, . - clear_line_heads

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
