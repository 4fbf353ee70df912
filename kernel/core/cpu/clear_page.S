/*
 * Zero, fill or copy one page by 16-byte stores: 4 instructions a cache line and no `rep`, which QEMU
 * counts (and runs) one iteration at a time. What the xmm registers hold belongs to the interrupted
 * or faulting app and is put back.
 */
	.macro keep_xmm0
	subq $24, %rsp
	movups %xmm0, (%rsp)
	.endm

	.macro put_xmm0_back_and_return
	movups (%rsp), %xmm0
	addq $24, %rsp
	ret
	.endm

	.macro store_every step
	.set off, 0
	.rept 4096 / \step
	movaps %xmm0, off(%rdi)
	.set off, off + \step
	.endr
	.endm

	.macro zero_page_every step
	keep_xmm0
	pxor %xmm0, %xmm0
	store_every \step
	put_xmm0_back_and_return
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
	keep_xmm0
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
	put_xmm0_back_and_return
	.size copy_page, . - copy_page

	.globl pattern_page
	.type pattern_page, @function
	.balign 16
pattern_page:
	keep_xmm0
	movq %rsi, %xmm0
	punpcklqdq %xmm0, %xmm0
	store_every 16
	put_xmm0_back_and_return
	.size pattern_page, . - pattern_page

/* A page is all pattern where what is set in each of its words is also what is set in any. */
	.globl page_has_pattern
	.type page_has_pattern, @function
	.balign 16
page_has_pattern:
	subq $40, %rsp
	movups %xmm0, (%rsp)
	movups %xmm1, 16(%rsp)
	movq %rsi, %xmm0
	punpcklqdq %xmm0, %xmm0
	movaps %xmm0, %xmm1
	.set off, 0
	.rept 4096 / 16
	pand off(%rdi), %xmm0
	por off(%rdi), %xmm1
	.set off, off + 16
	.endr
	pcmpeqd %xmm1, %xmm0
	pmovmskb %xmm0, %eax
	cmpl $0xffff, %eax
	sete %al
	movups (%rsp), %xmm0
	movups 16(%rsp), %xmm1
	addq $40, %rsp
	ret
	.size page_has_pattern, . - page_has_pattern
	.section .note.GNU-stack, "", @progbits
