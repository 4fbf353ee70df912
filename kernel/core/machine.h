/*
 * The end of a run: exit codes (DESIGN 6), refusal of bad parameters and machines, panic.
 */
#ifndef CORE_MACHINE_H
#define CORE_MACHINE_H

#include "kernel/core/types.h"

enum exit_code { EXIT_FINISHED = 0, EXIT_REFUSED = 2, EXIT_PANIC = 3, EXIT_WATCHDOG = 4 };

/* Leave by isa-debug-exit, else ACPI power-off, else halt for good. Any context. */
void machine_exit(enum exit_code code) __attribute__((noreturn));

/* A bad parameter or machine: one line "lowwater: ..." that says what was expected, code 2. */
void machine_refuse(const char *fmt, ...) __printf(1, 2) __attribute__((noreturn));

struct pt_regs;

/* An impossible state: report registers, trace, locks, tasks and memory, then exit code 3. */
void panic(const char *fmt, ...) __printf(1, 2) __attribute__((noreturn));
void panic_regs(struct pt_regs *regs, const char *fmt, ...) __printf(2, 3)
	__attribute__((noreturn));

#define BUG_ON(cond)                                                                               \
	do {                                                                                       \
		if (unlikely(cond))                                                                \
			panic("BUG: %s at %s:%d", #cond, __FILE__, __LINE__);                      \
	} while (0)

/* The floor above adds its state (memory, say) to the reports of a panic and a lock-up. Called once, any context. */
void panic_add_report(void (*fn)(void));
/* Call what was added. */
void machine_reports(void);

/* "Hardware name" from the firmware's DMI tables, or "" if it gives none. */
extern char hardware_name[128];

#define UTS_RELEASE "4.8.0-lowwater"
#define UTS_VERSION "#1"

#endif
