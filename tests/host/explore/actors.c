/*
 * Actors (see actors.h).
 */
#include <stdio.h>

#include "actors.h"
#include "arena.h"
#include "clocks.h"
#include "run.h"
#include "undo.h"
#include "words.h"

#include "kernel/core/sched/task.h"

#define STACK_BYTES (64ul << 10)
#define STACK_GAP   4096ul
/* One call of cond_resched() in so many is a wait for others, not a courtesy. */
#define RESCHEDS   4
#define BRIEF_NAPS 2

struct actor actors[MOST_ACTORS], *self;
unsigned int nr_mains, points;
unsigned int patience = 20000;
struct here here;

static struct actor main_lines[MOST_CPUS]; /* as they are at the start */
static struct actor engine = {.id = 31};   /* starts the others, and is none of them */
static bool is_busy[MOST_CPUS];            /* a handler runs there */
static uint32_t live;                      /* actors, by bits */
static uint32_t napping;
static char *stacks;

const char *const op_name[NR_OPS] = {"start", "reads", "writes", "adds", "locks", "unlocks",
	"resched", "irqs", "sleep", "nap", "answers", "end"};

const char *actor_name(unsigned int id)
{
	static char name[4][24];
	static unsigned int turn;
	char *text = name[turn++ % 4];

	if (id < MOST_CPUS)
		snprintf(text, sizeof(name[0]), "%u", id);
	else
		snprintf(text, sizeof(name[0]), "%u^%u", id % MOST_CPUS, id / MOST_CPUS - 1);
	return text;
}

int actor_named(const char *text, size_t len)
{
	for (unsigned int id = 0; id < MOST_ACTORS; id++) {
		const char *name = actor_name(id);

		if (strlen(name) == len && !strncmp(name, text, len))
			return id;
	}
	return -1;
}

void actors_init(void)
{
	stacks = arena_alloc(4096, MOST_ACTORS * STACK_BYTES);
}

void actor_add(unsigned int cpu, void (*fn)(void *), void *arg, bool daemon, struct task *task)
{
	main_lines[cpu] = (struct actor){.id = cpu,
		.cpu = cpu,
		.fn = fn,
		.arg = arg,
		.daemon = daemon,
		.live = true,
		.here = {.cpu = &cpus[cpu], .task = task, .cpu_id = cpu, .irqs = true}};
	nr_mains = MAX(nr_mains, cpu + 1);
}

/* swap_stack() "returns" into it on a new stack. */
static void first_code(void);

void swap_stack(void **from, void *to);
asm(".text\n"
    "swap_stack:\n"
    "push %rbp; push %rbx; push %r12; push %r13; push %r14; push %r15\n"
    "mov %rsp, (%rdi)\n"
    "mov %rsi, %rsp\n"
    "pop %r15; pop %r14; pop %r13; pop %r12; pop %rbx; pop %rbp\n"
    "ret\n");

static void new_stack(struct actor *a)
{
	uintptr_t *sp = (uintptr_t *)(stacks + (a->id + 1) * STACK_BYTES);

	*--sp = 0; /* ends a trace, and aligns */
	*--sp = (uintptr_t)first_code;
	for (int i = 0; i < 6; i++)
		*--sp = 0;
	a->sp = sp;
}

static void arrive(struct actor *a)
{
	live |= 1u << a->id;
	new_stack(a);
}

void actors_reset(void)
{
	live = napping = 0;
	points = 0;
	memset(is_busy, 0, sizeof(is_busy));
	for (unsigned int id = 0; id < nr_mains; id++) {
		actors[id] = main_lines[id];
		if (actors[id].live)
			arrive(&actors[id]);
	}
	words_reset();
}

/* Going from one to another. */

static void resume(struct actor *to)
{
	self = to;
	here = to->here;
	here.notify = to->calls || clocks_on;
}

static void switch_to(struct actor *to)
{
	struct actor *from = self;

	from->here = here;
	resume(to);
	swap_stack(&from->sp, to->sp);
}

/* On the engine's stack, between turns: what the actor that runs wants done while it stands still as well. */
static void (*errand)(void);

static void run_errands(void)
{
	while (errand) {
		void (*fn)(void) = errand;

		errand = NULL;
		fn();
		swap_stack(&engine.sp, self->sp);
	}
}

void actors_stand_still(void (*fn)(void))
{
	self->here = here;
	errand = fn;
	swap_stack(&self->sp, engine.sp);
}

void actors_leave(void)
{
	struct actor *from = self;

	self = &engine;
	swap_stack(&from->sp, engine.sp);
	__builtin_unreachable();
}

/* Who can go on. */

static bool may_be_delivered(const struct actor *handler)
{
	const struct actor *main_line = &actors[handler->cpu];
	bool irqs = main_line == self ? here.irqs : main_line->here.irqs;

	return irqs && !is_busy[handler->cpu];
}

static bool can_go_on(const struct actor *a)
{
	if (is_handler(a) ? !a->started && !may_be_delivered(a) : is_busy[a->cpu])
		return false;
	switch (a->op) {
	case OP_LOCK:
		return *(const int *)a->at == 0;
	case OP_SLEEP:
		return a->here.task->state == TASK_RUNNING;
	case OP_ANSWERS:
		return a->answers_due == 0;
	case OP_END:
		return false;
	default:
		return true;
	}
}

/* Naps are fair: who naps comes after all that could go on then. */
static uint32_t without_naps(uint32_t can)
{
	uint32_t enabled = can;

	for (uint32_t left = napping & can; left; left &= left - 1) {
		unsigned int id = __builtin_ctz(left);

		if (actors[id].waits_for & can)
			enabled &= ~(1u << id);
	}
	return enabled ? enabled : can;
}

uint32_t actors_enabled(void)
{
	uint32_t can = 0;

	for (uint32_t left = live; left; left &= left - 1) {
		unsigned int id = __builtin_ctz(left);

		if (can_go_on(&actors[id]))
			can |= 1u << id;
	}
	return napping ? without_naps(can) : can;
}

const struct actor *actors_stuck(void)
{
	for (uint32_t left = live; left; left &= left - 1) {
		const struct actor *a = &actors[__builtin_ctz(left)];

		if (a->op != OP_END && !a->daemon)
			return a;
	}
	return NULL;
}

uint64_t actors_turns(void)
{
	uint64_t turns = 0;

	for (uint32_t left = napping; left; left &= left - 1) {
		unsigned int id = __builtin_ctz(left);

		turns += mix(actors[id].waits_for + 1, id + 1);
	}
	return turns;
}

static bool naps_briefly(const struct actor *a)
{
	return a->naps <= BRIEF_NAPS;
}

/* `id` has its turn: nobody's nap waits for it any more. */
static void has_turn(unsigned int id)
{
	for (uint32_t left = napping; left; left &= left - 1) {
		struct actor *a = &actors[__builtin_ctz(left)];

		if (a->id != id)
			a->waits_for &= naps_briefly(a) ? 0 : ~(1u << id);
	}
	napping &= ~(1u << id);
}

static void let_one_go_on(void)
{
	unsigned int next = run_choose();

	if (unlikely(napping || next != self->id))
		has_turn(next);
	if (next != self->id)
		switch_to(&actors[next]);
}

void actors_begin(void)
{
	self = &engine;
	let_one_go_on();
	run_errands();
}

static void nap(void)
{
	napping |= 1u << self->id;
	self->naps++;
	self->waits_for = actors_enabled() & ~(1u << self->id);
}

void at_point(enum op op, const void *at, uintptr_t site)
{
	struct actor *a = self;

	if (++points > patience * (everywhere ? 20 : 1))
		explore_fail("livelock: %u points and no end", points);
	a->op = op;
	a->at = at;
	a->site = site;
	if (op == OP_RESCHED && ++a->rescheds % RESCHEDS == 0)
		op = OP_NAP;
	if (op == OP_NAP)
		nap();
	let_one_go_on();
	if (!at)
		words_follow(a, op);
}

/* Calls to other CPUs. */

void explore_irqs_on(void)
{
	bool were_on = here.irqs;

	here.irqs = true;
	if (!is_running())
		return;
	if (clocks_on && !were_on)
		clocks_irqs_on();
	if (self->calls)
		at_point(OP_IRQS_ON, NULL, (uintptr_t)__builtin_return_address(0));
}

void explore_irqs_off(void)
{
	if (clocks_on && is_running())
		clocks_irqs_off();
}

static void send(unsigned int cpu, void (*fn)(void *), void *arg)
{
	struct actor *h = &actors[MOST_CPUS * (self->id + 1) + cpu];
	struct actor *main_line = &actors[cpu];

	*h = (struct actor){.id = h - actors,
		.cpu = cpu,
		.fn = fn,
		.arg = arg,
		.live = true,
		.caller = self->id,
		.history = mix(self->history, cpu + 1),
		.here = {.cpu = &cpus[cpu], .cpu_id = cpu, .irqs = false}};
	h->here.task = main_line->here.task;
	arrive(h);
	words_actor_came(h);
	main_line->calls++;
	self->answers_due++;
	if (clocks_on)
		clocks_send(h);
}

void actors_call(uint32_t mask, void (*fn)(void *), void *arg, uintptr_t site)
{
	for (unsigned int cpu = 0; cpu < nr_mains; cpu++)
		if ((mask & 1u << cpu) && cpu != self->cpu)
			send(cpu, fn, arg);
	if (!self->answers_due)
		return;
	self->answers = 0;
	at_point(OP_ANSWERS, NULL, site);
	words_follow(self, self->answers);
	if (clocks_on)
		clocks_answered();
}

static void begin_handler(struct actor *h)
{
	is_busy[h->cpu] = true;
	actors[h->cpu].calls--;
	words_follow(h, actors[h->cpu].history);
	undo_note(&cpus[h->cpu].irq_depth, sizeof(cpus[h->cpu].irq_depth));
	cpus[h->cpu].irq_depth++;
	if (clocks_on)
		clocks_handler_begins();
}

static void end_handler(struct actor *h)
{
	struct actor *caller = &actors[h->caller];

	if (clocks_on)
		clocks_handler_ends();
	undo_note(&cpus[h->cpu].irq_depth, sizeof(cpus[h->cpu].irq_depth));
	cpus[h->cpu].irq_depth--;
	is_busy[h->cpu] = false;
	words_follow(&actors[h->cpu], h->history);
	caller->answers += h->history;
	caller->answers_due--;
	words_actor_went(h);
	live &= ~(1u << h->id);
}

static void first_code(void)
{
	struct actor *a = self;

	a->started = true;
	if (is_handler(a))
		begin_handler(a);
	a->fn(a->arg);
	if (is_handler(a))
		end_handler(a);
	else if (!here.irqs || here.preempt_off)
		explore_fail("CPU %u ends with interrupts or preemption off", a->cpu);
	at_point(OP_END, NULL, 0);
	__builtin_unreachable();
}

/* A run that stands still. */

struct stand {
	struct actor *self;
	unsigned int points;
	uint32_t live, napping;
	bool is_busy[MOST_CPUS];
};

/* Whose stacks there are: a handler that has just ended is still on its own. */
static uint32_t standing(void)
{
	return live | 1u << self->id;
}

static size_t stack_bytes(const struct actor *a)
{
	return stacks + (a->id + 1) * STACK_BYTES - (char *)a->sp;
}

size_t actors_bytes(void)
{
	size_t bytes = sizeof(struct stand);

	for (uint32_t left = standing(); left; left &= left - 1) {
		const struct actor *a = &actors[__builtin_ctz(left)];

		bytes += sizeof(*a) + stack_bytes(a);
	}
	return bytes;
}

void actors_save(void *to)
{
	struct stand *stand = to;
	char *p = (char *)(stand + 1);

	*stand = (struct stand){self, points, live, napping, {false}};
	memcpy(stand->is_busy, is_busy, sizeof(is_busy));
	for (uint32_t left = standing(); left; left &= left - 1) {
		const struct actor *a = &actors[__builtin_ctz(left)];

		memcpy(p, a, sizeof(*a));
		memcpy(p + sizeof(*a), a->sp, stack_bytes(a));
		p += sizeof(*a) + stack_bytes(a);
	}
}

void actors_load(const void *from)
{
	const struct stand *stand = from;
	const char *p = (const char *)(stand + 1);

	self = stand->self;
	points = stand->points;
	live = stand->live;
	napping = stand->napping;
	memcpy(is_busy, stand->is_busy, sizeof(is_busy));
	for (uint32_t left = standing(); left; left &= left - 1) {
		struct actor *a = &actors[__builtin_ctz(left)];

		memcpy(a, p, sizeof(*a));
		memcpy(a->sp, p + sizeof(*a), stack_bytes(a));
		p += sizeof(*a) + stack_bytes(a);
	}
}

void actors_go_on(void)
{
	resume(self);
	swap_stack(&engine.sp, self->sp);
	run_errands();
}
