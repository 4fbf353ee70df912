/*
 * A schedule that is replayed (see replay.h).
 */
#include <string.h>

#include "kernel/core/cpu/cpu.h"
#include "kernel/core/lock/lock.h"
#include "kernel/core/log/printk.h"
#include "kernel/core/sched/replay.h"
#include "kernel/core/sched/token.h"
#include "kernel/core/sched/turn.h"
#include "kernel/core/time/time.h"

#ifdef LW_DEBUG

#define MOST_NS  500000000ul /* that a CPU stands still: less than others wait for its answer */
#define NO_PLACE (-1)

/* Of both kinds, one table behind the other (linker.ld). */
extern const struct sched_point_site _sched_points[], _replay_points_end[];
extern const char sched_point_thunk[];

/* The places of these sites, and their names, which the second link adds (toolchain/points.py). */
extern const uint16_t replay_place_of[] __attribute__((weak));
extern const uint32_t replay_nr_places __attribute__((weak));
extern const char *const replay_place_name[] __attribute__((weak));

enum part_state { WAITS, MADE, REFUSED };

struct replay_part {
	const struct token_part *t;
	int place;
	unsigned int passes; /* of its CPU, so far */
	enum part_state state;
};

static struct token token;

/* For GDB as well (lw-schedule). All but `on` and `started` with `claimed` set. */
struct replay {
	bool on, started;
	int claimed;
	unsigned int nr, next; /* parts; the first that may still be made */
	struct replay_part part[TOKEN_PARTS];
	uint32_t held;     /* CPUs that stand still */
	unsigned int turn; /* the CPU that was last given it ... */
	unsigned int from; /* ... by this one, or in its place ... */
	const char *why;   /* ... since it does this */
};
struct replay replay;

const char *replay_set(const char *text)
{
	const char *expected = token_read(&token, text, nr_cpus);

	replay.on = !expected;
	return expected;
}

bool replay_is_on(void)
{
	return replay.on;
}

static int place_named(const char *name)
{
	for (uint32_t i = 0; &replay_nr_places && i < replay_nr_places; i++)
		if (!strcmp(replay_place_name[i], name))
			return i;
	return NO_PLACE;
}

static bool is_named(int place)
{
	for (unsigned int i = 0; i < replay.nr; i++)
		if (replay.part[i].place == place)
			return true;
	return false;
}

void replay_arm(void)
{
	for (unsigned int i = 0; i < token.nr; i++) {
		const struct token_part *t = &token.part[i];

		replay.part[replay.nr++] = (struct replay_part){
			.t = t, .place = t->twins ? NO_PLACE : place_named(t->place)};
	}
	for (const struct sched_point_site *s = _sched_points; s < _replay_points_end; s++)
		if (&replay_nr_places && is_named(replay_place_of[s - _sched_points]))
			sched_point_arm(s, s->thunk ? s->thunk : (uint64_t)sched_point_thunk);
}

static size_t function_len(const char *place)
{
	const char *plus = strchr(place, '+');

	return plus ? (size_t)(plus - place) : strlen(place);
}

/* The nearest that there is: points of the same function. */
static void add_points_of(struct line *l, const char *place)
{
	size_t len = function_len(place);
	const char *before = "; of that function there are: ";

	for (uint32_t i = 0; &replay_nr_places && i < replay_nr_places; i++) {
		const char *name = replay_place_name[i];

		if (function_len(name) != len || strncmp(name, place, len))
			continue;
		line_add(l, "%s%s", before, name);
		before = ", ";
	}
}

void replay_start(void)
{
	static struct line l;

	for (unsigned int i = 0; i < replay.nr; i++) {
		const struct token_part *t = replay.part[i].t;

		if (replay.part[i].place != NO_PLACE)
			continue;
		replay.part[i].state = REFUSED;
		line_init(&l);
		if (t->place[0])
			add_points_of(&l, t->place);
		pr_info("schedule: %.*s: only the host's explorer has this point%s", t->len,
			t->text, l.text);
	}
	replay.started = true;
}

/* Not a struct spinlock: its points might be armed. */
static unsigned long claim(void)
{
	unsigned long flags = irq_save();

	while (__atomic_exchange_n(&replay.claimed, 1, __ATOMIC_ACQUIRE))
		cpu_relax();
	return flags;
}

static void release(unsigned long flags)
{
	__atomic_store_n(&replay.claimed, 0, __ATOMIC_RELEASE);
	irq_restore(flags);
}

static int place_at(uint64_t insn)
{
	for (const struct sched_point_site *s = _sched_points; s < _replay_points_end; s++)
		if (s->insn == insn)
			return replay_place_of[s - _sched_points];
	return NO_PLACE;
}

static bool is_held(unsigned int cpu)
{
	return replay.held & 1u << cpu;
}

static bool has_something_to_do(const struct cpu *self)
{
	const struct cpu *cpu;

	if (cpu_is_busy(self))
		return true;
	for_each_cpu(cpu)
		if (cpu->nr_running > 1)
			return true; /* it will take that over */
	return false;
}

/* Why a CPU that has the turn cannot use it, or NULL; then `*next` can, if anybody. */
static const char *cannot_go_on(unsigned int id, unsigned int *next)
{
	const struct cpu *cpu = &cpus[id];
	const struct spinlock *lock = READ_ONCE(cpu->spins_on);
	const struct task *owner = lock ? READ_ONCE(lock->info.owner) : NULL;

	if (is_held(id))
		return NULL; /* it is about to see that it has the turn */
	if (owner && is_held(owner->cpu) && cpus[owner->cpu].task == owner) {
		*next = owner->cpu;
		return "wants a lock that is held here";
	}
	if (has_something_to_do(cpu))
		return NULL;
	*next = replay.held ? (unsigned int)__builtin_ctz(replay.held) : id;
	return "has nothing to do";
}

/* The next part, or one behind it: what lies between did not come to pass. */
static struct replay_part *part_here(unsigned int cpu, int place)
{
	struct replay_part *found = NULL;

	for (unsigned int i = 0; i < replay.nr; i++) {
		struct replay_part *p = &replay.part[i];

		if (p->place != place || p->t->cpu != cpu)
			continue;
		p->passes++;
		if (!found && i >= replay.next && p->passes == p->t->n) {
			found = p;
			replay.next = i + 1;
		}
	}
	return found;
}

/* At the moment of a switch: GDB stops here. */
noinline void replay_switch(const struct replay_part *p);
noinline void replay_switch(const struct replay_part *p)
{
	(void)p;
	barrier();
}

static void set_turn(unsigned int to, unsigned int from, const char *why)
{
	replay.turn = to;
	replay.from = from;
	replay.why = why;
}

/* The turn goes to another CPU, if that can use it. */
static bool give_turn(struct replay_part *p)
{
	const struct token_part *t = p->t;
	unsigned int next;
	unsigned long flags = claim();
	const char *why = cannot_go_on(t->to, &next);

	p->state = why ? REFUSED : MADE;
	if (!why) {
		replay.held |= 1u << t->cpu;
		set_turn(t->to, t->cpu, "gives the turn back");
	}
	release(flags);
	if (why)
		pr_info("schedule: %.*s: not made: CPU %u %s", t->len, t->text, t->to, why);
	else
		pr_info("schedule: %.*s: CPU %u (%s, pid %d) stands still, CPU %u goes on", t->len,
			t->text, t->cpu, current->comm, current->pid, t->to);
	return !why;
}

/* Has this CPU, which stands still since then, the turn? */
static bool has_turn(unsigned int self, uint64_t since)
{
	unsigned int had = replay.turn, next;
	const char *why = had == self ? NULL : cannot_go_on(had, &next);

	if (why)
		set_turn(next, had, why);
	if (replay.turn != self && clock_ns() - since > MOST_NS)
		set_turn(self, had, "has come to no point of the token for 500 ms");
	if (replay.turn == self)
		replay.held &= ~(1u << self);
	return replay.turn == self;
}

static void stand_still(unsigned int self)
{
	uint64_t since = clock_ns();
	unsigned int from;
	const char *why;

	for (bool goes_on = false; !goes_on;) {
		unsigned long flags = claim();

		goes_on = has_turn(self, since);
		from = replay.from;
		why = replay.why;
		release(flags);
		if (!goes_on)
			cpu_relax();
	}
	pr_info("schedule: CPU %u goes on: CPU %u %s", self, from, why);
}

/* With preemption off: the task stays on its CPU. */
void replay_reached(uint64_t returns_to)
{
	struct replay_part *p = NULL;
	unsigned long flags;
	unsigned int self;

	preempt_disable();
	self = this_cpu_id();
	if (replay.started && !in_interrupt()) {
		flags = claim();
		p = part_here(self, place_at(returns_to - SCHED_POINT_CALL));
		release(flags);
	}
	if (p && give_turn(p)) {
		replay_switch(p);
		stand_still(self);
	}
	preempt_enable();
}

static void tell_unmade(const struct replay_part *p)
{
	if (p->passes >= p->t->n)
		pr_info("schedule: %.*s: not made: a part behind it came first", p->t->len,
			p->t->text);
	else
		pr_info("schedule: %.*s: not reached: CPU %u came there %u times", p->t->len,
			p->t->text, p->t->cpu, p->passes);
}

void replay_report(void)
{
	unsigned int made = 0;

	if (!replay.started || !replay.on)
		return;
	for (unsigned int i = 0; i < replay.nr; i++) {
		made += replay.part[i].state == MADE;
		if (replay.part[i].state == WAITS)
			tell_unmade(&replay.part[i]);
	}
	pr_info("schedule: %u of %u switches made", made, replay.nr);
}

#endif
