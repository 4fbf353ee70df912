/*
 * What the oracle's workloads share (see oracle.h).
 */
#include <stdlib.h>

#include "tests/scenarios/app_test.h"
#include "tests/scenarios/oracle.h"

#define SETTLE_MS 200
#define BOOT_MS   300 /* kswapd has gone to sleep for good, as the oracle's had */

#define LOOKS     11 /* major faults of the oracle's others */
#define FAR_APART 17 /* pages: no window reaches the next */

long oracle_others KERNEL_DATA = 191;

static volatile int wanted KERNEL_DATA;
static unsigned char *own; /* the others' */

unsigned char *oracle_touch(long pages)
{
	unsigned char *p = lw_map(pages * PAGE);

	if (!p)
		exit(LW_NO_MEMORY);
	for (long i = 0; i < pages; i++)
		p[i * PAGE] = (unsigned char)(i * 7 + 1);
	return p;
}

void oracle_before(void)
{
	if (oracle_others)
		own = oracle_touch(oracle_others);
	lw_sleep_ms(BOOT_MS);
	lw_point("before");
}

static void look_at_own(void)
{
	for (long i = 0; i < LOOKS && i * FAR_APART < oracle_others; i++)
		(void)*(volatile unsigned char *)(own + i * FAR_APART * PAGE);
}

void oracle_wake_others(void)
{
	wanted = 1;
	lw_wake();
	wait_until(!wanted);
}

/* Until it has ended. */
static int others(int pid)
{
	int code = 0;

	for (;;) {
		wait_until(wanted || !lw_alive(pid));
		if (!wanted)
			break;
		look_at_own();
		wanted = 0;
		lw_wake();
	}
	lw_wait(&code);
	return code;
}

int oracle_run(const char *name, void (*fn)(long))
{
	int code, pid = lw_spawn(name, fn, 0);

	if (pid < 0)
		exit(LW_NO_MEMORY);
	code = others(pid);
	lw_sleep_ms(SETTLE_MS);
	lw_point("final");
	return code;
}
