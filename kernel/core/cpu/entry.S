/*
 * Exception and interrupt entry: 256 stubs, one common path and one for page faults. Both save every
 * general register as struct pt_regs (trap.h) and keep the frame-pointer chain whole for call traces. FP
 * registers are not saved here: kernel code does not use them, and a task switch keeps them.
 */
	.text
	.balign 16
	.globl trap_stubs
trap_stubs:
	.set vec, 0
	.rept 256
	.balign 16
	.if !(vec == 8 || (vec >= 10 && vec <= 14) || vec == 17 || vec == 21 || vec == 29 || vec == 30)
	pushq $0
	.endif
	pushq $vec
	jmp trap_common
	.set vec, vec + 1
	.endr

/*
 * All general registers as struct pt_regs, a frame whose return address is the interrupted
 * instruction, and C. The processor aligns the stack to 16 bytes, and 16 words were pushed by then.
 */
	.macro save_and_call function
	cld
	pushq %rbp
	pushq %rax
	pushq %rbx
	pushq %rcx
	pushq %rdx
	pushq %rsi
	pushq %rdi
	pushq %r8
	pushq %r9
	pushq %r10
	pushq %r11
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	movq %rsp, %rdi
	pushq 136(%rdi)
	pushq %rbp
	movq %rsp, %rbp
	call \function
	.endm

/* Back to what was interrupted; the frame, or what else lies below r11, has been dropped. */
	.macro restore_and_return
	popq %r11
	popq %r10
	popq %r9
	popq %r8
	popq %rdi
	popq %rsi
	popq %rdx
	popq %rcx
	popq %rbx
	popq %rax
	popq %rbp
	addq $16, %rsp
	iretq
	.endm

	.globl trap_common
	.type trap_common, @function
trap_common:
	save_and_call trap_entry_common
	addq $16, %rsp
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	restore_and_return
	.size trap_common, . - trap_common

/* The most frequent exception goes its own way. C has kept r12 to r15, so they are as they were. */
	.globl page_fault
	.type page_fault, @function
page_fault:
	pushq $14
	save_and_call do_page_fault
	addq $48, %rsp
	restore_and_return
	.size page_fault, . - page_fault

	.globl save_registers
	.type save_registers, @function
save_registers:
	movq %r15, 0(%rdi)
	movq %r14, 8(%rdi)
	movq %r13, 16(%rdi)
	movq %r12, 24(%rdi)
	movq %r11, 32(%rdi)
	movq %r10, 40(%rdi)
	movq %r9, 48(%rdi)
	movq %r8, 56(%rdi)
	movq %rdi, 64(%rdi)
	movq %rsi, 72(%rdi)
	movq %rdx, 80(%rdi)
	movq %rcx, 88(%rdi)
	movq %rbx, 96(%rdi)
	movq %rax, 104(%rdi)
	movq %rbp, 112(%rdi)
	movq $0, 120(%rdi)
	movq $0, 128(%rdi)
	movq (%rsp), %rax
	movq %rax, 136(%rdi)
	movq %cs, %rax
	movq %rax, 144(%rdi)
	pushfq
	popq 152(%rdi)
	leaq 8(%rsp), %rax
	movq %rax, 160(%rdi)
	movq %ss, %rax
	movq %rax, 168(%rdi)
	ret
	.size save_registers, . - save_registers

/*
 * switch_stack(from_sp: *u64, to_sp: u64, from_fp, to_fp): the other half of schedule().
 * Callee-saved registers go on the stack; the FP state goes to the task's 512 bytes.
 */
	.globl switch_stack
	.type switch_stack, @function
switch_stack:
	pushq %rbp
	movq %rsp, %rbp
	pushq %rbx
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	fxsave64 (%rdx)
	movq %rsp, (%rdi)
	movq %rsi, %rsp
	fxrstor64 (%rcx)
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbx
	popq %rbp
	ret
	.size switch_stack, . - switch_stack

/*
 * What is called from the middle of a fast path, which shall not save registers for it: it gets all of
 * them back. A point (sched_point.h) calls when there is a schedule seed.
 */
	.macro call_keeping_registers function
	pushq %rbp
	movq %rsp, %rbp
	pushq %rax
	pushq %rcx
	pushq %rdx
	pushq %rsi
	pushq %rdi
	pushq %r8
	pushq %r9
	pushq %r10
	pushq %r11
	call \function
	popq %r11
	popq %r10
	popq %r9
	popq %r8
	popq %rdi
	popq %rsi
	popq %rdx
	popq %rcx
	popq %rax
	popq %rbp
	.endm

	.macro point
	call_keeping_registers sched_point_reached
	.endm

	.globl spin_wait_thunk
	.type spin_wait_thunk, @function
spin_wait_thunk:
	call_keeping_registers spin_wait
	ret
	.size spin_wait_thunk, . - spin_wait_thunk

	.globl sched_point_thunk
	.type sched_point_thunk, @function
sched_point_thunk:
	point
	ret
	.size sched_point_thunk, . - sched_point_thunk

	.globl preempt_disable_thunk
	.type preempt_disable_thunk, @function
preempt_disable_thunk:
	point
	incl %gs:20
	ret
	.size preempt_disable_thunk, . - preempt_disable_thunk

	.globl preempt_enable_thunk
	.type preempt_enable_thunk, @function
preempt_enable_thunk:
	decl %gs:20
	point
	ret
	.size preempt_enable_thunk, . - preempt_enable_thunk

/* First return of a new task: r12 = function, r13 = argument. */
	.globl task_trampoline
	.type task_trampoline, @function
task_trampoline:
	xorl %ebp, %ebp
	call task_first_run
	movq %r13, %rdi
	call *%r12
	call task_returned
	ud2
	.size task_trampoline, . - task_trampoline

/* copy_app(to, from, n): bytes left. A fault that cannot be served lands at the fixup. */
	.globl copy_app
	.type copy_app, @function
copy_app:
	pushq %rbp
	movq %rsp, %rbp
	movq %rdx, %rax
1:	testq %rax, %rax
	jz 3f
2:	movb (%rsi), %cl
4:	movb %cl, (%rdi)
	incq %rsi
	incq %rdi
	decq %rax
	jmp 1b
3:	popq %rbp
	ret
	.size copy_app, . - copy_app
	.section .ex_table, "a"
	.quad 2b, 3b
	.quad 4b, 3b
	.section .note.GNU-stack, "", @progbits
