/*
 * Would killing somebody help? oom_kill_allowed() (reference §5.8 step 3, §9.4), the same before and
 * after the patch, but evaluated once, up front.
 */
#include "notifier_case.h"

struct request_case {
	const char *what;
	gfp_t gfp;
	unsigned int order;
	unsigned int task_flags;
	bool suspended;
};

static const struct request_case not_allowed[] = {
	{"order 4", GFP_KERNEL | __GFP_REPEAT, 4, 0, false},
	{"DMA", GFP_KERNEL | GFP_DMA, 0, 0, false},
	{"DMA32", GFP_KERNEL | GFP_DMA32, 0, 0, false},
	{"this node", GFP_KERNEL | __GFP_THISNODE, 0, 0, false},
	{"core dump", GFP_KERNEL, 0, PF_DUMPCORE, false},
	{"suspended storage", GFP_KERNEL, 0, 0, true},
};

static const struct request_case allowed[] = {
	{"order 0", GFP_KERNEL, 0, 0, false},
	{"order 3", GFP_KERNEL, 3, 0, false},
	{"user's", GFP_HIGHUSER_MOVABLE, 0, 0, false},
	{"no FS", GFP_NOFS, 0, 0, false},
	{"no IO", GFP_NOIO, 0, 0, false},
};

static void prepare(const struct request_case *c)
{
	current->flags = PF_KTHREAD | c->task_flags;
	m->storage_suspended = c->suspended;
}

static void test_9_4_not_allowed(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(not_allowed); i++) {
		const struct request_case *c = &not_allowed[i];

		prepare(c);
		if (alloc_pages(m, c->gfp | __GFP_NOWARN, c->order))
			fail_msg("%s: served", c->what);
		if (calls || event_of(OOM_INVOCATIONS) || event_of(OOM_KILLS))
			fail_msg("%s: somebody is asked for memory", c->what);
		/* The step was made all the same, to its last attempt. */
		assert_int_equal(event_of(OOM_STEPS), i + 1);
		assert_int_equal(event_of(ALLOC_FAILURES), i + 1);
	}
}

static void stop_at_the_callback(void)
{
	panic("asked");
}

static void ask(const struct request_case *c)
{
	prepare(c);
	assert_panics("asked", alloc_pages(m, c->gfp, c->order));
	mutex_abandon(&m->oom_lock);
	m->oom_reclaim_list.sem.count = 0; /* its reader stopped there */
}

static void test_9_4_allowed(void **state)
{
	(void)state;
	meanwhile = stop_at_the_callback;
	frees = 0;
	for (unsigned int i = 0; i < ARRAY_SIZE(allowed); i++)
		ask(&allowed[i]);
}

/* A request that is not allowed to kill still sees what another kill has freed. */
static void test_9_4_not_allowed_has_its_last_attempt(void **state)
{
	(void)state;
	/* min is met by nothing, high by one page: no real machine has such marks. */
	zone_marks(z, 1000, 1000, 0);
	free_pages_of_nobody(1);
	assert_non_null(alloc_pages(m, GFP_KERNEL | __GFP_THISNODE, 0));
	assert_int_equal(calls, 0);
}

/* It finds oom_lock taken, and so may go on for a while. */
static struct task *holder;

static void holder_lets_go(void)
{
	struct task *self = become(holder);

	mutex_unlock(&m->oom_lock);
	become(self);
	twin.on_sleep = NULL;
}

static void test_9_4_not_allowed_and_busy(void **state)
{
	struct task *self;

	(void)state;
	holder = task_new("holder", 40, NULL);
	self = become(holder);
	assert_true(mutex_trylock(&m->oom_lock));
	become(self);
	twin.on_sleep = holder_lets_go;
	assert_null(alloc_pages(m, GFP_KERNEL | __GFP_THISNODE | __GFP_NOWARN, 0));
	assert_int_equal(event_of(OOM_TRYLOCK_FAILED), 1);
	assert_int_equal(event_of(OOM_STEPS), 2);
	assert_int_equal(calls, 0);
}

static void dump_core_from_here_on(void)
{
	current->flags |= PF_DUMPCORE;
	m->storage_suspended = true;
}

static void test_9_4_decided_once(void **state)
{
	(void)state;
	meanwhile = dump_core_from_here_on;
	frees = 0;
	assert_non_null(alloc_pages(m, GFP_KERNEL, 0));
	assert_int_equal(event_of(OOM_KILLS), 1);
	assert_int_equal(calls, 1);
}

/* NOFAIL kills where it does not help; the callbacks help as little (§9.4: they never were asked). */
static void test_9_4_nofail_where_it_would_not_help(void **state)
{
	(void)state;
	frees = 0;
	zone_put(dma(m), 1024, 0, MIGRATE_UNMOVABLE);
	zone_marks(dma(m), 1000, 1000, 1000);
	assert_non_null(alloc_pages(m, GFP_KERNEL | GFP_DMA | __GFP_NOFAIL, 0));
	assert_int_equal(event_of(OOM_KILLS), 1);
	assert_int_equal(calls, !outside());
}

static void test_5_8_suspended_storage_takes_io_and_fs_away(void **state)
{
	(void)state;
	m->storage_suspended = true;
	assert_null(alloc_pages(m, GFP_KERNEL, 0));
	assert_line("test: page allocation failure: order:0, mode:0x2400000(GFP_NOIO)");
}

static const struct CMUnitTest tests[] = {
	TEST_BOTH(test_9_4_not_allowed),
	TEST_BOTH(test_9_4_allowed),
	TEST_BOTH(test_9_4_not_allowed_has_its_last_attempt),
	TEST_BOTH(test_9_4_not_allowed_and_busy),
	TEST_BOTH(test_9_4_decided_once),
	TEST_BOTH(test_9_4_nofail_where_it_would_not_help),
	TEST(test_5_8_suspended_storage_takes_io_and_fs_away),
};
TEST_GROUP(oom_allowed)
