/*
 * The lock-order checker on random walks with a seed (HOST_SEED), against a model that works the
 * whole order out anew at every step.
 */
#include "lockdep_case.h"

#include "kernel/core/rand.h"

/* The model: matrices, worked out in full each time. */
#define NR    9
#define STEPS 400
#define WALKS 100

static bool edge[NR][NR], closed[NR][NR], told[NR][NR], told_irq[NR][NR];
static bool in_irq[NR], irqs_on[NR];
static struct rand rng;

static void close_model(void)
{
	memcpy(closed, edge, sizeof(closed));
	for (unsigned int k = 0; k < NR; k++)
		for (unsigned int i = 0; i < NR; i++)
			for (unsigned int j = 0; j < NR; j++)
				closed[i][j] |= closed[i][k] && closed[k][j];
}

static void start_walk(unsigned int walk)
{
	const char *text = getenv("HOST_SEED");

	rand_seed(&rng, (text && *text ? strtoull(text, NULL, 0) : 1) * WALKS + walk);
	forget_all();
	memset(edge, 0, sizeof(edge));
	memset(closed, 0, sizeof(closed));
	memset(told, 0, sizeof(told));
	memset(told_irq, 0, sizeof(told_irq));
	memset(in_irq, 0, sizeof(in_irq));
	memset(irqs_on, 0, sizeof(irqs_on));
}

static unsigned int held_class(unsigned int i)
{
	return (const char *)task.locks[i].lock - locks;
}

static bool is_held(unsigned int class)
{
	for (unsigned int i = 0; i < task.depth; i++)
		if (held_class(i) == class)
			return true;
	return false;
}

static void drop_any(void)
{
	unsigned int i = rand_below(&rng, task.depth);

	assert_quiet(lockdep_release(&dep, &task, task.locks[i].name, task.locks[i].lock, 0));
}

/* Which held class does the message blame, of those that it may? NR: none. */
static unsigned int blamed(const char *message, unsigned int class)
{
	char want[64];

	for (unsigned int h = 0; h < NR; h++) {
		snprintf(want, sizeof(want), "wrong lock order: c%u taken while c%u is held,",
			class, h);
		if (is_held(h) && closed[class][h] && !told[class][h] &&
			!strncmp(message, want, strlen(want)))
			return h;
	}
	return NR;
}

static bool any_wrong(unsigned int class)
{
	for (unsigned int h = 0; h < NR; h++)
		if (is_held(h) && closed[class][h] && !told[class][h])
			return true;
	return false;
}

/* Every step of the chain, if there is one, was seen, and it leads from one end to the other. */
static void check_chain(const char *message, unsigned int from, unsigned int to)
{
	const char *at = strstr(message, ": c");
	unsigned int last = from;

	at = at ? strstr(at + 3, ": c") : NULL;
	assert_int_equal(!at, edge[from][to]);
	if (!at)
		return;
	at += 3;
	assert_int_equal(strtoul(at, NULL, 10), from);
	while ((at = strstr(at, "-> c"))) {
		unsigned int next = strtoul(at += 4, NULL, 10);

		assert_true(edge[last][next]);
		last = next;
	}
	assert_int_equal(last, to);
}

static void model_learns(unsigned int class)
{
	for (unsigned int i = 0; i < task.depth; i++) {
		unsigned int h = held_class(i);

		if (h != class && !closed[class][h])
			edge[h][class] = true;
	}
	close_model();
}

static void random_take(unsigned int class)
{
	bool try = !rand_below(&rng, 5), wrong = !try && any_wrong(class);
	struct lockdep_held before = task;
	const char *message = take_nth(class, try ? LOCKDEP_TRY : 0);
	struct lockdep_held after = task;

	task = before;
	assert_int_equal(message != NULL, wrong);
	if (wrong) {
		unsigned int h = blamed(message, class);

		assert_int_not_equal(h, NR);
		check_chain(message, class, h);
		told[class][h] = true;
	}
	if (!try)
		model_learns(class);
	task = after;
}

/* Class numbers differ: the checker counts them as they come. */
static void compare_graphs(void)
{
	for (unsigned int i = 0; i < dep.nr_classes; i++) {
		unsigned int from = atoi(dep.classes[i].name + 1);

		for (unsigned int j = 0; j < dep.nr_classes; j++) {
			unsigned int to = atoi(dep.classes[j].name + 1);

			assert_int_equal(dep.classes[i].after >> j & 1, edge[from][to]);
			assert_int_equal(dep.classes[i].reach >> j & 1, closed[from][to]);
		}
	}
}

static void test_lockdep_random_order(void **state)
{
	(void)state;
	for (unsigned int walk = 0; walk < WALKS; walk++) {
		start_walk(walk);
		for (unsigned int i = 0; i < STEPS; i++) {
			unsigned int class = rand_below(&rng, NR);

			if (task.depth && (task.depth == 4 || rand_below(&rng, 2)))
				drop_any();
			else if (!is_held(class))
				random_take(class);
		}
		compare_graphs();
	}
}

static unsigned int untold_irq(void)
{
	unsigned int n = 0;

	for (unsigned int o = 0; o < NR; o++)
		for (unsigned int i = 0; i < NR; i++)
			n += (o == i || closed[o][i]) && in_irq[o] && irqs_on[i] && !told_irq[o][i];
	return n;
}

/* The message is about a pair that is wrong and was not told of. */
static void tell_irq(const char *message)
{
	unsigned int i, o;

	if (sscanf(message, "c%u is taken with interrupts on, but while c%u is", &i, &o) != 2) {
		assert_int_equal(sscanf(message, "c%u is taken by interrupt handlers", &i), 1);
		o = i;
	}
	assert_true(in_irq[o] && irqs_on[i] && (o == i || closed[o][i]));
	assert_false(told_irq[o][i]);
	told_irq[o][i] = true;
}

/* Classes in the order of their numbers, so that only interrupts can be wrong. */
static void random_irq_take(unsigned int class)
{
	static const unsigned int uses[] = {0, 0, 0, 0, 0, LOCKDEP_IN_IRQ, LOCKDEP_IRQS_ON};
	unsigned int use = rand_below(&rng, 4) ? 0 : uses[rand_below(&rng, ARRAY_SIZE(uses))];
	unsigned int before = untold_irq();
	const char *message;

	model_learns(class);
	in_irq[class] |= use == LOCKDEP_IN_IRQ;
	irqs_on[class] |= use == LOCKDEP_IRQS_ON;
	message = take_nth(class, LOCKDEP_SPIN | use);
	if (untold_irq() > before)
		assert_non_null(message);
	if (message)
		tell_irq(message);
}

static void test_lockdep_random_interrupts(void **state)
{
	(void)state;
	for (unsigned int walk = 0; walk < WALKS; walk++) {
		start_walk(walk);
		for (unsigned int i = 0; i < STEPS; i++) {
			unsigned int class = rand_below(&rng, NR);

			if (task.depth && (task.depth == 3 || rand_below(&rng, 2)))
				drop_any();
			else if (!task.depth || held_class(task.depth - 1) < class)
				random_irq_take(class);
		}
	}
}

static const struct CMUnitTest tests[] = {
	TEST(test_lockdep_random_order),
	TEST(test_lockdep_random_interrupts),
};
TEST_GROUP(lockdep_random)
