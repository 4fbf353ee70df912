/*
 * What the apps of soak do, one life each (see soak.c). All that a page holds is known to whoever looks
 * at it.
 */
#ifndef SCENARIOS_SOAK_WORK_H
#define SCENARIOS_SOAK_WORK_H

#define PAGE 4096l

enum soak_kind { SOAK_ANON, SOAK_THREADS, SOAK_FILE, SOAK_LOCKED, SOAK_KINDS };

struct soak_plan {
	enum soak_kind kind;
	long pages;  /* that it has, or looks at */
	long rounds; /* it uses about each of them so often */
	unsigned long rand;
};

extern const char *const soak_names[SOAK_KINDS];
/* What an app ends with that has found a page that is not what was written to it. */
#define SOAK_WRONG 3

/* Live by the plan, a KERNEL_DATA object of the parent's; does not return before. */
void soak_live(const struct soak_plan *plan);

unsigned long soak_draw(unsigned long *rand, unsigned long below);

#endif
