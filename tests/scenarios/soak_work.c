/*
 * The lives of soak's apps (see soak_work.h): anonymous and shared memory that is written, looked at
 * and unmapped at random, by one thread or by several; a program's text, in order and at random; memory
 * that is locked.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/task/calls.h"
#include "tests/scenarios/soak_work.h"
#include "tests/workloads/filework.h"

#define CHUNK      16 /* pages that are mapped and unmapped together */
#define SHARED     4  /* of so many chunks one is shared memory */
#define THREADS    3
#define TEXT       "bin/imklog"
#define TEXT_PAGES 1536l
#define WORDS      (PAGE / 8)

const char *const soak_names[] = {"anon", "threads", "reader", "locker"};

/* One thread's memory: a stamp for each page, 0 where nothing has been written since it was mapped. */
struct part {
	unsigned char **chunk;
	unsigned long *stamp;
	unsigned long rand;
	long pages, rounds;
	volatile int done;
};

static struct part parts[THREADS];

unsigned long soak_draw(unsigned long *rand, unsigned long below)
{
	*rand = *rand * 6364136223846793005ul + 1442695040888963407ul;
	return (*rand >> 33) % below;
}

static void wrong(const char *what, long page)
{
	printf("%s: page %ld is not what was written to it\n", what, page);
	exit(SOAK_WRONG);
}

static void *must(void *p)
{
	if (!p)
		exit(LW_NO_MEMORY);
	return p;
}

static unsigned long *at(const struct part *p, long i)
{
	return (unsigned long *)(p->chunk[i / CHUNK] + i % CHUNK * PAGE);
}

static void write_page(struct part *p, long i)
{
	unsigned long stamp = soak_draw(&p->rand, 1ul << 30) << 20 | i | 1ul << 62;

	at(p, i)[0] = at(p, i)[WORDS - 1] = stamp;
	p->stamp[i] = stamp;
}

static void look(const struct part *p, long i)
{
	if (at(p, i)[0] != p->stamp[i] || at(p, i)[WORDS - 1] != p->stamp[i])
		wrong("memory", i);
}

static void map_chunk(struct part *p, long c)
{
	p->chunk[c] = must(c % SHARED ? lw_map(CHUNK * PAGE) : lw_map_shared(CHUNK * PAGE));
	memset(p->stamp + c * CHUNK, 0, CHUNK * sizeof(*p->stamp));
}

static void map_anew(struct part *p, long c)
{
	if (lw_unmap(p->chunk[c], CHUNK * PAGE))
		wrong("a chunk that could not be unmapped", c);
	map_chunk(p, c);
}

static void use(struct part *p)
{
	for (long n = 0; n < p->pages; n++) {
		long i = soak_draw(&p->rand, p->pages);
		unsigned long what = soak_draw(&p->rand, 128);

		if (!what)
			map_anew(p, i / CHUNK);
		else if (what < 48)
			write_page(p, i);
		else
			look(p, i);
		if (what == 127)
			lw_sleep_ms(soak_draw(&p->rand, 8));
	}
}

static void set_up(struct part *p, const struct soak_plan *plan, long share)
{
	p->pages = (plan->pages / share + CHUNK) / CHUNK * CHUNK;
	p->rounds = plan->rounds;
	p->rand = plan->rand + (p - parts);
	p->chunk = must(calloc(p->pages / CHUNK, sizeof(*p->chunk)));
	p->stamp = must(calloc(p->pages, sizeof(*p->stamp)));
	for (long c = 0; c < p->pages / CHUNK; c++)
		map_chunk(p, c);
}

static void live_in(long which)
{
	struct part *p = &parts[which];

	for (long i = 0; i < p->pages; i++)
		write_page(p, i);
	for (long r = 0; r < p->rounds; r++)
		use(p);
	for (long i = 0; i < p->pages; i++)
		look(p, i);
	p->done = 1;
	lw_wake();
}

static void anon(const struct soak_plan *plan)
{
	set_up(&parts[0], plan, 1);
	live_in(0);
}

static void threads(const struct soak_plan *plan)
{
	for (long i = 0; i < THREADS; i++)
		set_up(&parts[i], plan, THREADS);
	for (long i = 1; i < THREADS; i++)
		if (lw_clone("thread", LW_THREAD, live_in, i) < 0)
			exit(LW_NO_MEMORY);
	live_in(0);
	for (long i = 1; i < THREADS; i++)
		for (long seen = lw_event_count(); !parts[i].done; seen = lw_event_count())
			lw_wait_event(seen);
}

static void look_at_text(const uint64_t *text, uint64_t page)
{
	const uint64_t *word = text + page * WORDS;
	uint64_t first = page << 32 ^ filework_key(TEXT);

	for (unsigned long i = 0; i < WORDS; i += WORDS / 8)
		if (word[i] != (first ^ i))
			wrong(TEXT, page);
}

/* Runs through parts of it, and single pages. */
static void read_text(const struct soak_plan *plan)
{
	unsigned long rand = plan->rand;
	int error = 0;
	const uint64_t *text =
		must(lw_map_file(TEXT, 0, TEXT_PAGES * PAGE, plan->rand & 1, &error));

	for (long left = plan->pages * plan->rounds; left > 0;) {
		long run = soak_draw(&rand, 4) ? 1 : soak_draw(&rand, 128) + 1;
		long first = soak_draw(&rand, TEXT_PAGES - run);

		for (long i = 0; i < run; i++)
			look_at_text(text, first + i);
		left -= run;
		if (!soak_draw(&rand, 32))
			lw_sleep_ms(soak_draw(&rand, 8));
	}
}

static void locked(const struct soak_plan *plan)
{
	unsigned long rand = plan->rand;
	size_t bytes = plan->pages * PAGE;

	for (long r = 0; r < plan->rounds; r++) {
		unsigned char *p = must(lw_map(bytes));

		if (lw_mlock(p, bytes))
			exit(LW_NO_MEMORY);
		for (long i = 0; i < plan->pages; i++)
			p[i * PAGE] = i;
		lw_sleep_ms(soak_draw(&rand, 100));
		for (long i = 0; i < plan->pages; i++)
			if (p[i * PAGE] != (unsigned char)i)
				wrong("locked memory", i);
		if (soak_draw(&rand, 2))
			lw_munlock(p, bytes);
		lw_unmap(p, bytes);
	}
}

void soak_live(const struct soak_plan *plan)
{
	static void (*const lives[])(const struct soak_plan *) = {anon, threads, read_text, locked};

	lives[plan->kind](plan);
}
