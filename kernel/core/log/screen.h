/*
 * The VGA text screen, 80 x 25: for whoever boots the ISO and looks at it. It shows what COM1 shows.
 *
 * Where the machine has no VGA in its text mode nothing is touched. Nor is it in a run that counts
 * instructions (icount=), whose log must not depend on whether there is a screen.
 */
#ifndef CORE_SCREEN_H
#define CORE_SCREEN_H

#include "kernel/core/types.h"

struct screen {
	volatile uint16_t *cells; /* the text window; NULL: nothing is shown */
	bool cleared;
	unsigned int top;         /* the row of the window that is shown first ... */
	unsigned int row, column; /* ... and where the next character goes */
};
extern struct screen screen;

/*
 * Boot, one CPU. Look for it, while boot's first page tables still map it; go on in the final ones, right
 * after paging_init(); and leave it alone when the command line, which is known by then, has icount=. All
 * three cost the same number of instructions whether there is a screen or not.
 */
void screen_init(void);
void screen_map(void);
void screen_settle(void);

static inline bool screen_shows(void)
{
	return screen.cells != NULL;
}

/* Any context, output_lock() held; lines wrap. Only if screen_shows(). */
void screen_write(const char *s, size_t len);

#endif
