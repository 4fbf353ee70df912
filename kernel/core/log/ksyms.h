/*
 * The kernel's own symbol table, inside the image, and call traces.
 *
 * Context: any, fault handlers included.
 */
#ifndef CORE_KSYMS_H
#define CORE_KSYMS_H

#include "kernel/core/types.h"

struct pt_regs;

/* Name, offset and size of the function that holds `addr`; NULL if none does. */
const char *ksym_lookup(uint64_t addr, uint64_t *offset, uint64_t *size);

/*
 * "Call Trace:" and " [<ffffffff81000000>] symbol+0xoffset/0xsize", one line a frame, for a fault;
 * one that jumped to nowhere is traced from its return address.
 */
void print_trace_regs(const struct pt_regs *regs);
/* From a saved place and frame pointer; from the caller. */
void print_trace_from(uint64_t rip, uint64_t fp);
void print_trace_here(void);
/* As dump_stack() of Linux 4.8: CPU line, hardware line, three rows of raw stack, trace. */
void dump_stack(void);
/* "CPU: ..." and "Hardware name: ..." alone. */
void dump_stack_header(void);

#endif
