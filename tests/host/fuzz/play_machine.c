/*
 * From bytes to a machine (see play_parts.h).
 */
#include "play_parts.h"

#include "mm/page/patch.h"

#define COVER      1024 /* page frames of a block of the highest order */
#define FIRST      256  /* pfn: a PC has nothing usable between 0xa0 and here */
#define LEAST_PART 64   /* page frames; a machine has room for its own tables */

bool bytes_left(const struct play_bytes *b)
{
	return b->at < b->end;
}

uint8_t next_byte(struct play_bytes *b)
{
	return b->at < b->end ? *b->at++ : 0;
}

unsigned int next_word(struct play_bytes *b)
{
	unsigned int low = next_byte(b);

	return low | next_byte(b) << 8;
}

static void add_part(
	struct machine_spec *spec, unsigned int *n, unsigned long start, unsigned long end)
{
	if (end < start + LEAST_PART)
		return;
	trace("memory from pfn %lu to %lu\n", start, end);
	spec->range[(*n)++] = (struct boot_range){start * PAGE_SIZE, end * PAGE_SIZE, 1};
}

/* Up to two holes anywhere, of any length; what is left in between may be too small to count. */
static void cut_holes(
	struct machine_spec *spec, struct play_bytes *b, unsigned long start, unsigned long end)
{
	unsigned int n = 0, cuts = next_byte(b) % 3;

	for (unsigned int i = 0; i < cuts; i++) {
		unsigned long hole = MIN(start + LEAST_PART + next_word(b) % 4096, end);
		unsigned long after = MIN(hole + 1 + next_word(b) % 2048, end);

		add_part(spec, &n, start, hole);
		start = after;
	}
	add_part(spec, &n, start, end);
}

/*
 * Three zones of 0 to 3 times COVER page frames, or somewhat more; the map begins and ends anywhere.
 */
static void lay_out(struct machine_spec *spec, struct play_bytes *b)
{
	uint8_t sizes = next_byte(b), odd = next_byte(b);
	unsigned long start = FIRST + next_byte(b), end;

	spec->dma_end = COVER * (1 + sizes % 4) + (odd & 1 ? odd : 0);
	spec->dma32_end = spec->dma_end + COVER * (sizes / 4 % 4) + (odd & 2 ? odd : 0);
	end = spec->dma32_end + COVER * (sizes / 16 % 4) - next_word(b) % COVER;
	end = MAX(end, start + 4 * LEAST_PART);
	trace("zones end at pfn %lu and %lu\n", spec->dma_end, spec->dma32_end);
	cut_holes(spec, b, start, end);
}

/* Lists as large as on machines of many sizes. */
static void size_lists(struct memory *m, uint8_t choice)
{
	static const int batches[] = {0, 1, 7, 31};
	int batch = batches[choice % 4];
	struct zone *z;

	if (batch == 0)
		return;
	for_each_populated_zone(m, z) {
		for (int cpu = 0; cpu < MAX_CPUS; cpu++) {
			z->pcp[cpu].batch = batch;
			z->pcp[cpu].high = 6 * batch;
		}
	}
}

/* Reports take far longer than everything else: most machines have had theirs already. */
static void limit_reports(struct memory *m, bool some)
{
	struct ratelimit full = {.begin = jiffies, .printed = some ? 9 : 10, .started = true};

	m->oom_ratelimit = m->failure_ratelimit = m->slab.ratelimit = full;
}

void machine_start(struct play_bytes *b)
{
	static const long min_free[] = {0, 256, 1024, 4096};
	uint8_t kind = next_byte(b), more = next_byte(b);
	struct machine_spec spec = {.pageblock_order = kind & 1 ? 9 : 10,
		.patches = more & (PATCH_SERIES | PATCH_HIGHATOMIC_EARLY),
		.min_free_kbytes = min_free[kind >> 6]};

	nr_cpus = 1 + (kind >> 1) % MAX_CPUS;
	trace("%u CPUs, pageblock_order %d, patches %#x, min_free_kbytes %ld\n", nr_cpus,
		spec.pageblock_order, spec.patches, spec.min_free_kbytes);
	lay_out(&spec, b);
	world.m = machine_new(&spec);
	size_lists(world.m, kind >> 4);
	limit_reports(world.m, more >> 5 == 7);
}
