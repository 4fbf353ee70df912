/*
 * Words that are raced for, and histories (see words.h).
 */
#include "words.h"

struct word words[MOST_WORDS];
unsigned int nr_words = 1;
uint16_t *word_ids;
static uint64_t state;

void words_init(void)
{
	word_ids = own_table(NR_WORDS * sizeof(*word_ids));
}

bool word_learn(uintptr_t at, uint8_t bytes, uint16_t kinds)
{
	uint16_t *id = &word_ids[WORD_OF(at)];
	struct word *w, before;

	if (!*id) {
		if (nr_words == MOST_WORDS)
			return false;
		*id = nr_words++;
		words[*id].at = at & ~7ul;
	}
	w = &words[*id];
	before = *w;
	w->bytes |= bytes;
	w->kinds |= kinds;
	return w->bytes != before.bytes || w->kinds != before.kinds;
}

static uint64_t part(const struct actor *a)
{
	return mix(a->history, a->id + 1);
}

static void set_history(struct actor *a, uint64_t history)
{
	state -= part(a);
	a->history = history;
	state += part(a);
}

void words_reset(void)
{
	for (unsigned int id = 1; id < nr_words; id++)
		words[id].wrote = words[id].read = words[id].added = 0;
	state = 0;
	for (unsigned int id = 0; id < nr_mains; id++)
		state += part(&actors[id]);
}

size_t words_bytes(void)
{
	return sizeof(state) + nr_words * sizeof(*words);
}

void *words_save(void *to)
{
	memcpy(to, &state, sizeof(state));
	memcpy((char *)to + sizeof(state), words, nr_words * sizeof(*words));
	return (char *)to + words_bytes();
}

const void *words_load(const void *from)
{
	memcpy(&state, from, sizeof(state));
	memcpy(words, (const char *)from + sizeof(state), nr_words * sizeof(*words));
	return (const char *)from + words_bytes();
}

void words_actor_came(const struct actor *a)
{
	state += part(a);
}

void words_actor_went(const struct actor *a)
{
	state -= part(a);
}

uint64_t words_state(void)
{
	return state;
}

void words_follow(struct actor *a, uint64_t history)
{
	set_history(a, mix(a->history, history));
}

void word_event(struct word *w, enum op op)
{
	uint64_t h = mix(self->history + op, (uint64_t)(w - words) << 32);

	switch (op) {
	case OP_READ:
		h = mix(h, w->wrote + 3 * w->added);
		w->read += h;
		break;
	case OP_ADD:
		h = mix(h, w->wrote + 5 * w->read);
		w->added += h;
		break;
	default:
		h = mix(h, w->wrote + 5 * w->read + 3 * w->added);
		w->wrote = h;
		w->read = w->added = 0;
	}
	set_history(self, h);
}
