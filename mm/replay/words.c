/*
 * One line of a state file (see words.h).
 */
#include <string.h>

#include "kernel/core/log/printk.h"
#include "kernel/core/param.h"
#include "mm/replay/words.h"

void words_init(struct words *w, const char *text, size_t len, char err[STATE_ERROR_LEN])
{
	memset(w, 0, sizeof(*w));
	w->at = text;
	w->end = text + len;
	w->err = err;
}

bool words_wrong(struct words *w, const char *fmt, ...)
{
	int n = ksnprintf(w->err, STATE_ERROR_LEN, "state: line %u: ", w->line);
	va_list ap;

	va_start(ap, fmt);
	kvsnprintf(w->err + n, STATE_ERROR_LEN - n, fmt, ap);
	va_end(ap);
	return false;
}

/* A complaint may quote the line: what is no text is not let through. */
static bool check_bytes(struct words *w)
{
	for (const char *c = w->text; *c; c++)
		if ((unsigned char)*c < ' ' && *c != '\t')
			return words_wrong(w, "byte 0x%02x, expected text", (unsigned char)*c);
	return true;
}

/* Its end, LF or CR LF, is left out. */
static bool copy_line(struct words *w)
{
	const char *end = memchr(w->at, '\n', w->end - w->at);
	size_t len = (end ? end : w->end) - w->at;
	const char *from = w->at;

	w->line++;
	w->at += len + (end != NULL);
	if (len && from[len - 1] == '\r')
		len--;
	if (len >= sizeof(w->text))
		return words_wrong(w, "%zu bytes, expected at most %zu", len, sizeof(w->text) - 1);
	if (memchr(from, '\0', len))
		return words_wrong(w, "byte 0x00, expected text");
	memcpy(w->text, from, len);
	w->text[len] = '\0';
	return check_bytes(w);
}

static char *skip_blanks(char *at)
{
	return at + strspn(at, " \t");
}

/* Free text is not looked into. */
static bool is_prose(const char *item)
{
	return !strcmp(item, "source") || !strcmp(item, "choice");
}

/* Cuts off a word, which ends at a blank outside quotes; returns what follows. NULL: a quote is open. */
static char *cut_word(char *at)
{
	bool quoted = false;

	for (; *at && *at != '#' && (quoted || (*at != ' ' && *at != '\t')); at++)
		if (*at == '"')
			quoted = !quoted;
	if (quoted)
		return NULL;
	if (*at == '#')
		*at = '\0';
	else if (*at)
		*at++ = '\0';
	return skip_blanks(at);
}

static bool add_pair(struct words *w, char *word)
{
	char *equals = strchr(word, '=');

	if (!equals || equals == word)
		return words_wrong(w, "'%.40s', expected name=value", word);
	if (w->nr_pairs == WORDS_PAIRS)
		return words_wrong(w, "more than %d values, expected fewer", WORDS_PAIRS);
	*equals = '\0';
	w->pair[w->nr_pairs++] = (struct pair){word, equals + 1};
	return true;
}

static bool cut_line(struct words *w)
{
	char *at = skip_blanks(w->text), *word = at;

	w->item = NULL;
	w->subject = "";
	w->nr_pairs = 0;
	if (*at == '\0' || *at == '#')
		return true;
	for (unsigned int n = 0; *word && *word != '#'; n++, word = at) {
		at = cut_word(word);
		if (!at)
			return words_wrong(w, "'%.40s', expected a closing quote", word);
		if (n == 0)
			w->item = word;
		else if (n == 1 && !strchr(word, '='))
			w->subject = word;
		else if (!add_pair(w, word))
			return false;
		if (is_prose(w->item))
			break;
	}
	return true;
}

bool words_next(struct words *w)
{
	w->item = NULL;
	while (w->at < w->end && !w->item)
		if (!copy_line(w) || !cut_line(w))
			return false;
	return true;
}

static bool take_number(
	struct words *w, const char *name, const char *text, long min, long max, long *value)
{
	long n;

	if (!param_long(text, &n) || n < min || n > max)
		return words_wrong(w, "%.40s=%.40s, expected %ld to %ld", name, text, min, max);
	*value = n;
	return true;
}

static bool take_list(struct words *w, const struct key *k, const char *text)
{
	const char *all = text;
	char part[32];

	for (unsigned int i = 0; i < k->count; i++) {
		size_t len = strcspn(text, ",");

		if (len >= sizeof(part) || (text[len] == ',') != (i + 1 < k->count))
			return words_wrong(w, "%s=%.40s, expected %u numbers with commas", k->name,
				all, k->count);
		memcpy(part, text, len);
		part[len] = '\0';
		if (!take_number(w, k->name, part, k->min, k->max, &k->value[i]))
			return false;
		text += len + 1;
	}
	return true;
}

static bool is_name(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] < ' ' || text[i] > '~' || text[i] == '"' || text[i] == '\\')
			return false;
	return true;
}

/* Printed between quotes later, and so without them. */
static bool take_comm(struct words *w, const struct key *k, const char *text)
{
	bool quoted = text[0] == '"';
	size_t len = strlen(text) - 2 * quoted;
	const char *name = text + quoted;

	if (quoted && (!text[1] || name[len] != '"'))
		return words_wrong(w, "%s=%.40s, expected a name", k->name, text);
	if (!len || len >= STATE_COMM_LEN)
		return words_wrong(w, "%s=%.40s, expected 1 to %d characters", k->name, text,
			STATE_COMM_LEN - 1);
	if (!is_name(name, len))
		return words_wrong(w, "%s=%.40s, expected ASCII without \" and \\", k->name, text);
	memcpy(k->comm, name, len);
	k->comm[len] = '\0';
	return true;
}

/* "a=, b=, c=" */
static const char *key_names(const struct key *keys, unsigned int nr_keys, struct line *l)
{
	line_init(l);
	for (unsigned int i = 0; i < nr_keys; i++)
		line_add(l, "%s%s=", i ? ", " : "", keys[i].name);
	if (!nr_keys)
		line_add(l, "no values");
	return l->text;
}

static bool take_value(struct words *w, const struct key *k, const char *text)
{
	if (k->comm)
		return take_comm(w, k, text);
	if (k->count)
		return take_list(w, k, text);
	return take_number(w, k->name, text, k->min, k->max, k->value);
}

static const struct key *find_key(
	const struct key *keys, unsigned int nr_keys, const struct pair *p)
{
	for (unsigned int i = 0; i < nr_keys; i++)
		if (!strcmp(keys[i].name, p->name))
			return &keys[i];
	return NULL;
}

static bool check_musts(
	struct words *w, const struct key *keys, unsigned int nr_keys, unsigned int seen)
{
	for (unsigned int i = 0; i < nr_keys; i++)
		if (keys[i].must && !(seen & 1u << i))
			return words_wrong(w, "%s without %s=, expected it", w->item, keys[i].name);
	return true;
}

bool words_take(struct words *w, const struct key *keys, unsigned int nr_keys)
{
	unsigned int seen = 0;
	struct line names;

	for (unsigned int i = 0; i < w->nr_pairs; i++) {
		const struct pair *p = &w->pair[i];
		const struct key *k = find_key(keys, nr_keys, p);

		if (!k)
			return words_wrong(w, "%.40s=, expected %s", p->name,
				key_names(keys, nr_keys, &names));
		if (seen & 1u << (k - keys))
			return words_wrong(w, "%s= twice, expected it once", k->name);
		seen |= 1u << (k - keys);
		if (!take_value(w, k, p->value))
			return false;
	}
	return check_musts(w, keys, nr_keys, seen);
}

bool words_take_subject(struct words *w, long min, long max, long *value)
{
	long n;

	if (!param_long(w->subject, &n) || n < min || n > max)
		return words_wrong(
			w, "%s %.40s, expected %ld to %ld", w->item, w->subject, min, max);
	*value = n;
	return true;
}
