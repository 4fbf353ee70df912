/*
 * In-guest tests: functions registered through a section, run by the selftest scenario as a
 * kernel task, reported as KTAP. A test returns at its first failed expectation.
 */
#ifndef GUEST_KTEST_H
#define GUEST_KTEST_H

#include "kernel/core/cpu/arch.h"
#include "kernel/core/types.h"

struct ktest {
	const char *name;
	/* NULL: passed, else what failed. */
	const char *(*fn)(void);
};

#define KTEST(ident)                                                                               \
	static const char *ident(void);                                                            \
	static const struct ktest ident##_test = {#ident, ident};                                  \
	static const struct ktest *const ident##_entry __attribute__((section(".ktests"), used)) = \
		&ident##_test;                                                                     \
	static const char *ident(void)

#define KT_TEXT_(x) #x
#define KT_TEXT(x)  KT_TEXT_(x)
#define EXPECT(cond)                                                                               \
	do {                                                                                       \
		if (!(cond))                                                                       \
			return __FILE__ ":" KT_TEXT(__LINE__) ": expected " #cond;                 \
	} while (0)

/*
 * Of a loop that waits. Every cpu_relax() is a turn of the emulator, and in the time of one tick the host
 * could do the work of a whole test in the place of them.
 */
static inline void spin_briefly(void)
{
	for (int i = 0; i < 50; i++)
		barrier();
	cpu_relax();
}

#endif
