/*
 * Learning which words are raced for (see learn.h).
 */
#include "clocks.h"
#include "draw.h"
#include "learn.h"

#define ENOUGH 150 /* runs in a row without anything new */
#define MOST   3000

enum end run_watched(choose_fn choose)
{
	enum end end;

	clocks_reset();
	clocks_on = true;
	end = run_once(choose);
	clocks_on = false;
	return end;
}

unsigned int learn(void)
{
	static const unsigned int odds[] = {2, 5, 10, 30, 100, 300, 1000};
	unsigned int quiet = 0, runs = 0;

	everywhere = true;
	for (; quiet < ENOUGH && runs < MOST; runs++) {
		draw_at_random(runs, odds[runs % ARRAY_SIZE(odds)]);
		run_watched(choose_at_random);
		quiet = clocks_learn() ? 0 : quiet + 1;
	}
	everywhere = false;
	return runs;
}
