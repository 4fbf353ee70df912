/*
 * Lock-order checker (see lockdep.h). The order is a graph of classes that never gets a cycle:
 * an edge that would close one is told of instead of added.
 */
#include "kernel/core/lock/lockdep.h"

#include <string.h>

#include "kernel/core/log/printk.h"

#define say(d, ...) (ksnprintf((d)->message, LOCKDEP_MESSAGE, __VA_ARGS__), (d)->message)

static uint64_t bit(unsigned int class)
{
	return 1ull << class;
}

static bool has(uint64_t mask, unsigned int class)
{
	return mask >> class & 1;
}

static bool waits(const struct lockdep_lock *l)
{
	return !(l->flags & LOCKDEP_TRY);
}

static bool sleeps(const struct lockdep_lock *l)
{
	return waits(l) && !(l->flags & LOCKDEP_SPIN);
}

static unsigned int search_class(const struct lockdep *d, const char *name)
{
	for (unsigned int i = 0; i < d->nr_classes; i++)
		if (d->classes[i].name == name || !strcmp(d->classes[i].name, name))
			return i;
	return LOCKDEP_CLASSES;
}

/* A name is mostly at the place where it was the last time. */
static unsigned int find_class(struct lockdep *d, const char *name)
{
	uint8_t *found = &d->found[(uintptr_t)name % LOCKDEP_FOUND];
	unsigned int i = *found;

	if (d->classes[i].name == name)
		return i;
	i = search_class(d, name);
	if (i < LOCKDEP_CLASSES)
		*found = i;
	return i;
}

static unsigned int get_class(struct lockdep *d, const char *name, uint64_t place)
{
	unsigned int i = find_class(d, name);

	if (i == LOCKDEP_CLASSES && d->nr_classes < LOCKDEP_CLASSES) {
		i = d->nr_classes++;
		d->classes[i].name = name;
		d->classes[i].first_place = place;
	}
	return i;
}

/* Locks without a class have nowhere to note that they were told of. */
static bool first_time(
	struct lockdep *d, enum lockdep_rule rule, unsigned int class, unsigned int other)
{
	uint64_t *told;

	if (class == LOCKDEP_CLASSES || other == LOCKDEP_CLASSES)
		return true;
	told = &d->classes[class].told[rule];
	if (has(*told, other))
		return false;
	*told |= bit(other);
	return true;
}

static void append(struct lockdep *d, const char *before, const char *name)
{
	size_t len = strlen(d->message);

	ksnprintf(d->message + len, LOCKDEP_MESSAGE - len, "%s%s", before, name);
}

/* `to` is reached from `from`; without cycles, every step towards it is progress. */
static unsigned int step(const struct lockdep *d, unsigned int from, unsigned int to)
{
	uint64_t after = d->classes[from].after;
	unsigned int next = 0;

	if (has(after, to))
		return to;
	while (!has(after, next) || !has(d->classes[next].reach, to))
		next++;
	return next;
}

/* The way in the graph, if it is longer than what the message already says. */
static void append_chain(struct lockdep *d, unsigned int from, unsigned int to)
{
	if (step(d, from, to) == to)
		return;
	append(d, ": ", d->classes[from].name);
	while (from != to) {
		from = step(d, from, to);
		append(d, " -> ", d->classes[from].name);
	}
}

static struct lockdep_lock *find_held(struct lockdep_held *h, const void *lock)
{
	for (unsigned int i = h->depth; i-- > 0;)
		if (h->locks[i].lock == lock)
			return &h->locks[i];
	return NULL;
}

static const struct lockdep_lock *innermost_spin(const struct lockdep_held *h)
{
	for (unsigned int i = h->depth; i-- > 0;)
		if (h->locks[i].flags & LOCKDEP_SPIN)
			return &h->locks[i];
	return NULL;
}

/* A second reader could queue behind a writer that waits for the first: only a try is safe. */
static const char *check_recursion(
	struct lockdep *d, struct lockdep_held *h, const struct lockdep_lock *l)
{
	const struct lockdep_lock *held = find_held(h, l->lock);

	if (!held || (!waits(l) && (l->flags & held->flags & LOCKDEP_READ)))
		return NULL;
	return say(d, "recursive locking: %s is already held", l->name);
}

static const char *check_sleep(
	struct lockdep *d, const struct lockdep_held *h, const struct lockdep_lock *l)
{
	const struct lockdep_lock *spin = innermost_spin(h);

	if (!sleeps(l))
		return NULL;
	if (spin && first_time(d, LOCKDEP_ATOMIC, l->class, spin->class))
		return say(
			d, "sleeping lock %s taken while spinlock %s is held", l->name, spin->name);
	if ((l->flags & LOCKDEP_IN_IRQ) && first_time(d, LOCKDEP_ATOMIC, l->class, l->class))
		return say(d, "sleeping lock %s taken by an interrupt handler", l->name);
	return NULL;
}

/* Is it an order to learn and to judge? Not if check_sleep() forbids the pair at all. */
static bool ordered(const struct lockdep_lock *held, const struct lockdep_lock *l)
{
	if (!waits(l) || l->class == LOCKDEP_CLASSES || held->class == LOCKDEP_CLASSES)
		return false;
	return !sleeps(l) || !((held->flags & LOCKDEP_SPIN) || (l->flags & LOCKDEP_IN_IRQ));
}

static const char *check_order(
	struct lockdep *d, const struct lockdep_held *h, const struct lockdep_lock *l)
{
	for (unsigned int i = 0; i < h->depth; i++) {
		const struct lockdep_lock *o = &h->locks[i];

		if (!ordered(o, l) || !has(d->classes[l->class].reach, o->class) ||
			!first_time(d, LOCKDEP_ORDER, l->class, o->class))
			continue;
		say(d,
			"wrong lock order: %s taken while %s is held, but elsewhere %s is taken "
			"while %s is held",
			l->name, o->name, o->name, l->name);
		append_chain(d, l->class, o->class);
		return d->message;
	}
	return NULL;
}

static const char *check_nesting(
	struct lockdep *d, const struct lockdep_held *h, const struct lockdep_lock *l)
{
	for (unsigned int i = 0; i < h->depth; i++) {
		const struct lockdep_lock *o = &h->locks[i];

		if (ordered(o, l) && o->class == l->class &&
			first_time(d, LOCKDEP_ORDER, l->class, l->class))
			return say(d, "two locks of class %s nested", l->name);
	}
	return NULL;
}

static void add_edge(struct lockdep *d, unsigned int from, unsigned int to)
{
	struct lockdep_class *c = d->classes;
	uint64_t gained = c[to].reach | bit(to);

	if (has(c[from].after, to) || has(gained, from))
		return;
	c[to].unsettled = true;
	c[from].after |= bit(to);
	for (unsigned int i = 0; i < d->nr_classes; i++)
		if (i == from || has(c[i].reach, from))
			c[i].reach |= gained;
}

static void add_use(struct lockdep *d, uint64_t *users, unsigned int class)
{
	if (has(*users, class))
		return;
	d->classes[class].unsettled = true;
	*users |= bit(class);
}

static void learn(struct lockdep *d, const struct lockdep_held *h, const struct lockdep_lock *l)
{
	for (unsigned int i = 0; i < h->depth; i++)
		if (ordered(&h->locks[i], l))
			add_edge(d, h->locks[i].class, l->class);
	if (!(l->flags & LOCKDEP_SPIN) || l->class == LOCKDEP_CLASSES)
		return;
	/* A handler that only tries never waits for whom it interrupted. */
	if ((l->flags & LOCKDEP_IN_IRQ) && waits(l))
		add_use(d, &d->used_in_irq, l->class);
	if (l->flags & LOCKDEP_IRQS_ON)
		add_use(d, &d->used_irqs_on, l->class);
}

static const char *say_irq(struct lockdep *d, unsigned int outer, unsigned int inner)
{
	const struct lockdep_class *c = d->classes;

	say(d,
		"%s is taken with interrupts on, but while %s is held, which interrupt handlers "
		"take",
		c[inner].name, c[outer].name);
	append_chain(d, outer, inner);
	return d->message;
}

static const char *find_irq(struct lockdep *d, const struct lockdep_lock *l)
{
	uint64_t self = bit(l->class), inner;

	if ((d->used_in_irq & d->used_irqs_on & self) &&
		first_time(d, LOCKDEP_IRQ, l->class, l->class))
		return say(d, "%s is taken by interrupt handlers and with interrupts on", l->name);
	inner = (self | d->classes[l->class].reach) & d->used_irqs_on;
	for (unsigned int o = 0; o < d->nr_classes; o++) {
		if (!has(d->used_in_irq, o) || !((bit(o) | d->classes[o].reach) & self))
			continue;
		for (unsigned int i = 0; i < d->nr_classes; i++)
			if (has(inner, i) && first_time(d, LOCKDEP_IRQ, o, i))
				return say_irq(d, o, i);
	}
	return NULL;
}

/*
 * A handler may wait for `outer`, whose holder waits for `inner`, whose holder the handler
 * interrupted. What `l` just added, a use or an edge, puts its class on the way between them; it is
 * looked for until nothing more is found.
 */
static const char *check_irq(struct lockdep *d, const struct lockdep_lock *l)
{
	const char *message;

	if (l->class == LOCKDEP_CLASSES || !d->classes[l->class].unsettled)
		return NULL;
	message = find_irq(d, l);
	d->classes[l->class].unsettled = message != NULL;
	return message;
}

static const char *check(struct lockdep *d, struct lockdep_held *h, const struct lockdep_lock *l)
{
	const char *message = check_recursion(d, h, l);

	if (!message)
		message = check_sleep(d, h, l);
	if (!message)
		message = check_order(d, h, l);
	if (!message)
		message = check_nesting(d, h, l);
	learn(d, h, l);
	return message ? message : check_irq(d, l);
}

static void push(struct lockdep *d, struct lockdep_held *h, const struct lockdep_lock *l)
{
	if (l->class < LOCKDEP_CLASSES)
		d->classes[l->class].acquisitions++;
	if (h->depth < LOCKDEP_HELD)
		h->locks[h->depth++] = *l;
	else
		h->untracked++;
}

static const char *check_limits(
	struct lockdep *d, const struct lockdep_held *h, const struct lockdep_lock *l)
{
	if (l->class == LOCKDEP_CLASSES && !d->told_classes) {
		d->told_classes = true;
		return say(d, "more than %d lock classes: the order of %s is not checked",
			LOCKDEP_CLASSES, l->name);
	}
	if (h->untracked && !d->told_held) {
		d->told_held = true;
		return say(d, "more than %d locks held: %s is not tracked", LOCKDEP_HELD, l->name);
	}
	return NULL;
}

const char *lockdep_acquire(struct lockdep *d, struct lockdep_held *h, const char *name,
	const void *lock, unsigned int flags, uint64_t now_ns, uint64_t place)
{
	struct lockdep_lock l = {.name = name,
		.lock = lock,
		.since_ns = now_ns,
		.place = place,
		.class = get_class(d, name, place),
		.flags = flags};
	const char *message = check(d, h, &l);

	push(d, h, &l);
	return message ? message : check_limits(d, h, &l);
}

void lockdep_waited(struct lockdep_held *h, const void *lock, uint64_t now_ns)
{
	struct lockdep_lock *l = find_held(h, lock);

	if (l)
		l->since_ns = now_ns;
}

static void note_hold(struct lockdep *d, const struct lockdep_lock *l, uint64_t now_ns)
{
	struct lockdep_class *c = &d->classes[l->class];

	/* Clocks of two CPUs may differ a little. */
	if (l->class == LOCKDEP_CLASSES || now_ns < l->since_ns)
		return;
	if (now_ns - l->since_ns > c->longest_ns) {
		c->longest_ns = now_ns - l->since_ns;
		c->longest_place = l->place;
	}
}

const char *lockdep_release(struct lockdep *d, struct lockdep_held *h, const char *name,
	const void *lock, uint64_t now_ns)
{
	struct lockdep_lock *l = find_held(h, lock);

	if (!l && h->untracked) {
		h->untracked--;
		return NULL;
	}
	if (!l)
		return say(d, "%s released but not held by this task (double unlock?)", name);
	note_hold(d, l, now_ns);
	h->depth--;
	memmove(l, l + 1, (&h->locks[h->depth] - l) * sizeof(*l));
	return NULL;
}

void lockdep_contended(struct lockdep *d, const char *name)
{
	unsigned int class = find_class(d, name);

	if (class < LOCKDEP_CLASSES)
		d->classes[class].contended++;
}

const char *lockdep_spin_name(const struct lockdep_held *h)
{
	const struct lockdep_lock *spin = innermost_spin(h);

	return spin ? spin->name : NULL;
}

bool lockdep_holds_spin(const struct lockdep_held *h)
{
	return innermost_spin(h) != NULL;
}
