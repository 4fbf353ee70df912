/*
 * The VGA text screen (see screen.h). The text window holds eight screens: scrolling moves the row that
 * is shown first, and only at the window's end are the last rows copied to its start.
 */
#include "boot/paging.h"
#include "kernel/core/cpu/arch.h"
#include "kernel/core/log/screen.h"
#include "kernel/core/time/time.h"

#define WINDOW       0xb8000
#define WINDOW_BYTES 0x8000
#define COLUMNS      80
#define ROWS         25
#define WINDOW_ROWS  (WINDOW_BYTES / 2 / COLUMNS)
#define BLANK        0x0720 /* a blank, light grey on black */

#define MISC_OUTPUT   0x3cc
#define MISC_COLOUR   0x01 /* the CRTC is at 0x3d4 */
#define GRAPHICS      0x3ce
#define GRAPHICS_MODE 6
#define MODE_BITS     0x0d
#define MODE_TEXT     0x0c /* no graphics, memory at WINDOW */
#define CRTC          0x3d4
#define LAST_COLUMN   0x01
#define START         0x0c
#define CURSOR        0x0e

#define NO_DEVICE 0xff

struct screen screen;

static uint8_t get(uint16_t port, uint8_t index)
{
	outb(port, index);
	return inb(port + 1);
}

/* A place in the window, in characters, into two registers of the CRTC. */
static void put_place(uint8_t index, unsigned int place)
{
	outb(CRTC, index);
	outb(CRTC + 1, place >> 8);
	outb(CRTC, index + 1);
	outb(CRTC + 1, place & 0xff);
}

static bool is_there(void)
{
	uint8_t misc = inb(MISC_OUTPUT), mode = get(GRAPHICS, GRAPHICS_MODE) & MODE_BITS;
	uint8_t last = get(CRTC, LAST_COLUMN);

	return (misc != NO_DEVICE) & ((misc & MISC_COLOUR) == MISC_COLOUR) & (mode == MODE_TEXT) &
		(last == COLUMNS - 1);
}

/* Without a branch. */
static void show_in(uint64_t window, bool there)
{
	screen.cells = (volatile uint16_t *)(window & -(uint64_t)there);
}

static void clear_row(unsigned int row)
{
	for (unsigned int i = 0; i < COLUMNS; i++)
		screen.cells[row * COLUMNS + i] = BLANK;
}

void screen_init(void)
{
	show_in(KERNEL_BASE + WINDOW, is_there());
}

void screen_map(void)
{
	show_in((uint64_t)kmap_io(WINDOW, WINDOW_BYTES, false), screen.cells != NULL);
}

void screen_settle(void)
{
	if (clock_shift() >= 0)
		screen.cells = NULL;
}

/* What the firmware and the loader left there. */
static void clear(void)
{
	for (unsigned int row = 0; row < ROWS; row++)
		clear_row(row);
	screen.cleared = true;
}

/* What is shown, less the row that scrolls out, goes to the window's start. */
static void start_over(void)
{
	for (unsigned int i = 0; i < (ROWS - 1) * COLUMNS; i++)
		screen.cells[i] = screen.cells[(WINDOW_ROWS - ROWS + 1) * COLUMNS + i];
	screen.row = ROWS - 1;
	screen.top = 0;
}

static void next_row(void)
{
	screen.column = 0;
	if (++screen.row == WINDOW_ROWS)
		start_over();
	else if (screen.row == screen.top + ROWS)
		screen.top++;
	clear_row(screen.row);
}

static void put_char(char c)
{
	if (c == '\n') {
		next_row();
		return;
	}
	if (screen.column == COLUMNS)
		next_row();
	screen.cells[screen.row * COLUMNS + screen.column++] = (BLANK & 0xff00) | (uint8_t)c;
}

void screen_write(const char *s, size_t len)
{
	if (!screen.cleared)
		clear();
	for (size_t i = 0; i < len; i++)
		put_char(s[i]);
	put_place(START, screen.top * COLUMNS);
	put_place(CURSOR, screen.row * COLUMNS + screen.column);
}
