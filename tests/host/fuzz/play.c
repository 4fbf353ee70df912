/*
 * The operations of a machine's life (see play.h).
 */
#include "play_files.h"
#include "play_parts.h"

#include "mm/alloc/highatomic.h"
#include "mm/alloc/pcp.h"
#include "mm/page/vmstat.h"

struct play_stats play_stats;
bool play_trace;
struct play_world world;

static void op_alloc(struct play_bytes *b)
{
	uint8_t kind = next_byte(b);

	request_one(kind, next_byte(b));
}

/* Many of one kind: what brings a zone to its watermarks. */
static void op_alloc_many(struct play_bytes *b)
{
	uint8_t kind = next_byte(b), how = next_byte(b);

	for (unsigned int n = 1u << how % 8; n && request_quick(kind, how / 16); n--)
		;
}

static void op_free(struct play_bytes *b)
{
	unsigned int i = next_byte(b) * nr_held / 256;

	if (nr_held)
		free_held(i);
}

/* Every nth, so that what stays is spread. */
static void op_free_many(struct play_bytes *b)
{
	uint8_t how = next_byte(b);
	unsigned int step = 1 + how / 32, most = 1u << how % 8;

	for (unsigned int i = nr_held; i >= step && most--; i -= step)
		free_held(i - step);
}

void play_on_cpu(unsigned int cpu)
{
	become_cpu(cpu);
	become(world.self);
}

static void op_cpu(struct play_bytes *b)
{
	play_on_cpu(next_byte(b) % nr_cpus);
	trace("CPU %u\n", this_cpu_id());
}

static void op_drain(struct play_bytes *b)
{
	static void (*const drains[])(struct memory *) = {
		pcp_drain_local, pcp_drain_all, vmstat_fold_local, vmstat_fold_all};
	unsigned int which = next_byte(b) % ARRAY_SIZE(drains);

	trace("drain %u\n", which);
	drains[which](world.m);
}

static void op_reserve(struct play_bytes *b)
{
	unsigned int i = next_byte(b) * nr_held / 256;

	if (nr_held == 0)
		return;
	trace("reserve the pageblock of pfn %lu\n", page_to_pfn(world.m, held[i].page));
	reserve_highatomic_pageblock(page_zone(world.m, held[i].page), held[i].page);
}

static void op_split(struct play_bytes *b)
{
	unsigned int i = next_byte(b) * nr_held / 256;

	if (nr_held)
		split_held(i);
}

static void op_unreserve(struct play_bytes *b)
{
	static const gfp_t masks[] = {GFP_KERNEL, GFP_HIGHUSER_MOVABLE, GFP_TEMPORARY, GFP_DMA};
	uint8_t how = next_byte(b);
	gfp_t gfp = masks[how % ARRAY_SIZE(masks)];
	struct alloc_context ac = {.memory = world.m,
		.gfp = gfp,
		.high_zoneidx = gfp_zone(gfp),
		.first = world.m->first_zone[gfp_zone(gfp)],
		.migratetype = gfp_migratetype(gfp)};

	trace("unreserve for gfp %#x%s\n", gfp, how & 4 ? " by force" : "");
	unreserve_highatomic_pageblock(&ac, how & 4);
}

/* What the asking task is from now on, and what the others do while it waits. */
static void op_world(struct play_bytes *b)
{
	static const unsigned int flags[] = {0, PF_MEMALLOC, PF_DUMPCORE, 0};
	uint8_t how = next_byte(b), more = next_byte(b);

	trace("world %#x %#x\n", how, more);
	world.shrinker_gives = how % 8;
	world.shrinker_allocates = how & 8;
	world.others_give = how / 16 % 4;
	world.others_take = how & 0x40;
	world.self->flags = flags[more % ARRAY_SIZE(flags)];
	world.self->prio = more & 8 ? PRIO_RT : PRIO_NORMAL;
	set_memdie((more & 0x70) == 0x10);
	world.m->tunables.oom_kill_allocating_task = more >> 7;
}

static void (*const operations[])(struct play_bytes *) = {op_alloc, op_alloc, op_alloc, op_alloc,
	op_alloc_many, op_alloc_many, op_alloc_many, op_free, op_free, op_free_many, op_cpu,
	op_drain, op_reserve, op_split, op_unreserve, op_world};

/* A quarter of all bytes are for slabs, and another one for an app, its swap, and files. */
static void operate(uint8_t which, struct play_bytes *b)
{
	if (which < 0x80)
		operations[which % ARRAY_SIZE(operations)](b);
	else if (which < 0xc0)
		space_operation(which, b);
	else
		slab_operation(which, b);
}

static void run(struct play_bytes *b)
{
	unsigned long next_check = play_stats.operations + PLAY_CHECK_EVERY;

	while (bytes_left(b)) {
		operate(next_byte(b), b);
		if (play_stats.operations < next_check)
			continue;
		next_check = play_stats.operations + PLAY_CHECK_EVERY;
		check_now();
	}
}

static void count(const struct memory *m)
{
	play_stats.machines++;
	play_stats.out += m->event[PSWPOUT];
	play_stats.in += m->event[PSWPIN];
	play_stats.stolen += m->event[PGSTEAL_DIRECT];
	play_stats.evicted += node_stat_exact(m, WORKINGSET_REFAULT);
}

static void finish(void)
{
	check_now();
	play_on_cpu(0);
	set_memdie(false);
	space_end();
	files_end();
	caches_end();
	free_some(nr_held);
	pcp_drain_all(world.m);
	vmstat_fold_all(world.m);
	check_end();
}

void play(const uint8_t *data, size_t size)
{
	struct play_bytes bytes = {data, data + size};

	twin_setup(NULL);
	machine_start(&bytes);
	held_start();
	objects_start();
	caches_start();
	space_start();
	others_start();
	run(&bytes);
	finish();
	count(world.m);
	twin_teardown(NULL);
}
