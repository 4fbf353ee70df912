/*
 * The schedule seed (see turn.h).
 */
#include <string.h>

#include "kernel/core/cpu/cpu.h"
#include "kernel/core/machine.h"
#include "kernel/core/param.h"
#include "kernel/core/sched/replay.h"
#include "kernel/core/sched/sched.h"
#include "kernel/core/sched/turn.h"

#define POINT_ODDS 16 /* one point in so many ends a turn */
#define INSN_CALL  0xe8
#define INSN_NOP   0x90

extern const struct sched_point_site _sched_points[], _sched_points_end[];

long sched_seed;

static const char *set_sched(const char *text)
{
	long seed;

	if (*text == '@')
		return replay_set(text + 1);
	if (!param_long(text, &seed) || seed < 0 || seed > 0x7fffffff)
		return "0 to 2147483647: seed of the CPUs' turns; 0: the plain round; or @TOKEN";
	sched_seed = seed;
	return NULL;
}
PARAM_FN("sched", set_sched, "seed of the CPUs' turns; 0: the plain round; or @TOKEN, a schedule");

/* A number that depends on every bit of its arguments (the finisher of splitmix64). */
static uint64_t mix(uint64_t a, uint64_t b)
{
	uint64_t x = a * 0x9e3779b97f4a7c15ull + b;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

bool cpu_is_busy(const struct cpu *cpu)
{
	return cpu->task != cpu->idle || cpu->nr_running;
}

/* The busy ones share: what an idle CPU does not need would always go to the same neighbour. */
unsigned int turn_owner(uint64_t slice)
{
	uint64_t number = sched_seed ? mix(sched_seed, slice) : slice;
	const struct cpu *cpu;
	unsigned int busy = 0;

	for_each_cpu(cpu)
		busy += cpu_is_busy(cpu);
	if (!busy)
		return 0;
	number %= busy;
	for_each_cpu(cpu)
		if (cpu_is_busy(cpu) && number-- == 0)
			break;
	return cpu->id;
}

static uint64_t draw(struct cpu *cpu)
{
	return mix(sched_seed + ((uint64_t)(cpu->id + 1) << 32), cpu->turn_draws++);
}

/* May another task take this CPU here? */
static bool may_switch(const struct cpu *cpu)
{
	return irqs_enabled() && preempt_count() == 0 && cpu->irq_depth == 0 &&
		cpu->task != cpu->idle;
}

void sched_point_arm(const struct sched_point_site *s, uint64_t thunk)
{
	uint8_t *insn = (uint8_t *)s->insn;
	uint32_t to = (uint32_t)(thunk - s->insn - SCHED_POINT_CALL);

	BUG_ON(s->len < SCHED_POINT_CALL);
	insn[0] = INSN_CALL;
	memcpy(insn + 1, &to, sizeof(to));
	memset(insn + SCHED_POINT_CALL, INSN_NOP, s->len - SCHED_POINT_CALL);
}

static void arm_all(void)
{
	for (const struct sched_point_site *s = _sched_points; s < _sched_points_end; s++)
		sched_point_arm(s, s->thunk);
}

void sched_points_init(void)
{
	if (!sched_seed && !replay_is_on())
		return;
	write_cr0(read_cr0() & ~X86_CR0_WP); /* code is mapped read-only, everywhere */
	if (replay_is_on())
		replay_arm();
	else
		arm_all();
	write_cr0(read_cr0() | X86_CR0_WP);
}

static void draw_here(void)
{
	unsigned long flags = irq_save();
	struct cpu *cpu = this_cpu();
	uint64_t dice = draw(cpu);
	bool hit = dice % POINT_ODDS == 0;

	if (hit)
		cpu->forced_switches++;
	irq_restore(flags);
	if (!hit)
		return;
	if ((dice & 0x100) && may_switch(this_cpu()))
		preempt_schedule(); /* whatever its state: it may be on its way to sleep */
	else
		cpu_relax(); /* under -icount the next CPU's turn begins */
}

/* The frame above is the thunk's, in entry.S. */
void sched_point_reached(void)
{
	const uint64_t *const *frame = __builtin_frame_address(0);

	if (replay_is_on())
		replay_reached(frame[0][1]);
	else
		draw_here();
}

unsigned long forced_switches(void)
{
	const struct cpu *cpu;
	unsigned long sum = 0;

	for_each_cpu(cpu)
		sum += cpu->forced_switches;
	return sum;
}
