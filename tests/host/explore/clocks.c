/*
 * Vector clocks (see clocks.h).
 */
#include "arena.h"
#include "clocks.h"
#include "words.h"

#define MOST_SLOTS (1u << 16)
#define MOST_RACES 256
#define NR_ACCESS  (OP_UNLOCK + 1)

typedef uint32_t vclock[MOST_ACTORS];

/* A word's last accesses in this run, by actor and kind. */
struct slot {
	unsigned int run;
	uint32_t who;
	uint32_t when[MOST_ACTORS][NR_ACCESS];
	uint8_t bytes[MOST_ACTORS][NR_ACCESS];
	vclock sync;
};

bool clocks_on;
static struct slot *slots;
static uint32_t *slot_ids; /* by WORD_OF(address) */
static uint8_t *locks;     /* the same */
static unsigned int nr_slots = 1, run;
static vclock now[MOST_ACTORS], irqs[MOST_CPUS], answers[MOST_ACTORS];
static struct race races[MOST_RACES];
static unsigned int nr_races;

void clocks_init(void)
{
	slots = own_table(MOST_SLOTS * sizeof(*slots));
	slot_ids = own_table(NR_WORDS * sizeof(*slot_ids));
	locks = own_table(NR_WORDS);
}

void clocks_reset(void)
{
	run++;
	memset(now, 0, sizeof(now));
	memset(irqs, 0, sizeof(irqs));
	memset(answers, 0, sizeof(answers));
	for (unsigned int id = 0; id < MOST_ACTORS; id++)
		now[id][id] = 1;
	nr_races = 0;
}

unsigned int clocks_races(const struct race **first)
{
	*first = races;
	return nr_races;
}

unsigned int clocks_learn(void)
{
	unsigned int new = 0;

	for (unsigned int i = 0; i < nr_races; i++)
		new += word_learn(races[i].at, races[i].bytes, races[i].kinds);
	return new;
}

bool clocks_is_lock(uintptr_t at)
{
	return at < TRACKED_END && locks[WORD_OF(at)];
}

static struct slot *slot_of(uintptr_t at)
{
	uint32_t *id = &slot_ids[WORD_OF(at)];
	struct slot *s;

	if (!*id)
		*id = nr_slots < MOST_SLOTS ? nr_slots++ : 0;
	s = &slots[*id];
	if (s->run != run) {
		s->run = run;
		s->who = 0;
		memset(s->sync, 0, sizeof(s->sync));
	}
	return s;
}

static void join(vclock to, const vclock from)
{
	for (unsigned int id = 0; id < MOST_ACTORS; id++)
		to[id] = MAX(to[id], from[id]);
}

/* What has gone out is before; what comes is after. */
static void tick(void)
{
	now[self->id][self->id]++;
}

/* Kinds of access that race with `op`. */
static unsigned int conflicts(enum op op)
{
	static const uint16_t with[NR_ACCESS] = {
		[OP_READ] = 1 << OP_WRITE | 1 << OP_ADD,
		[OP_WRITE] =
			1 << OP_READ | 1 << OP_WRITE | 1 << OP_ADD | 1 << OP_LOCK | 1 << OP_UNLOCK,
		[OP_ADD] = 1 << OP_READ | 1 << OP_WRITE,
		[OP_LOCK] = 1 << OP_LOCK | 1 << OP_WRITE,
		[OP_UNLOCK] = 1 << OP_WRITE, /* somebody only tries the lock */
	};

	return with[op];
}

static void note_race(uintptr_t at, uint8_t bytes, uint16_t kinds)
{
	if (nr_races < MOST_RACES)
		races[nr_races++] = (struct race){at, bytes, kinds};
}

static void compare(
	const struct slot *s, unsigned int other, uintptr_t at, uint8_t bytes, enum op op)
{
	for (unsigned int left = conflicts(op); left; left &= left - 1) {
		unsigned int kind = __builtin_ctz(left);

		if (s->when[other][kind] > now[self->id][other] && (s->bytes[other][kind] & bytes))
			note_race(at, s->bytes[other][kind] | bytes, 1u << kind | 1u << op);
	}
}

void clocks_access(uintptr_t at, unsigned int size, enum op op)
{
	uint8_t bytes = bytes_of(at, size);
	struct slot *s = slot_of(at);
	unsigned int id = self->id;

	if (op == OP_LOCK)
		locks[WORD_OF(at)] = 1;
	for (uint32_t left = s->who & ~(1u << id); left; left &= left - 1)
		compare(s, __builtin_ctz(left), at, bytes, op);
	if (!(s->who & 1u << id)) {
		memset(s->when[id], 0, sizeof(s->when[id]));
		memset(s->bytes[id], 0, sizeof(s->bytes[id]));
		s->who |= 1u << id;
	}
	s->when[id][op] = now[id][id];
	s->bytes[id][op] |= bytes;
}

void clocks_sync(uintptr_t at, bool in, bool out)
{
	struct slot *s;

	if (at >= TRACKED_END)
		return;
	s = slot_of(at);
	if (in)
		join(now[self->id], s->sync);
	if (!out)
		return;
	memcpy(s->sync, now[self->id], sizeof(vclock));
	tick();
}

void clocks_irqs_off(void)
{
	join(now[self->id], irqs[self->cpu]);
}

void clocks_irqs_on(void)
{
	memcpy(irqs[self->cpu], now[self->id], sizeof(vclock));
	tick();
}

/* An actor of that number may have been there before in this run. */
void clocks_send(const struct actor *handler)
{
	join(now[handler->id], now[self->id]);
	now[handler->id][handler->id]++;
	memset(answers[self->id], 0, sizeof(vclock));
	tick();
}

void clocks_handler_begins(void)
{
	join(now[self->id], irqs[self->cpu]);
}

void clocks_handler_ends(void)
{
	join(irqs[self->cpu], now[self->id]);
	join(answers[self->caller], now[self->id]);
	tick();
}

void clocks_answered(void)
{
	join(now[self->id], answers[self->id]);
}
