/*
 * Tasks and their memory (kernel/task): start, clone, faults, end; and each of their requests for
 * memory refused in turn, after which all pages are back.
 */
#include "twin.h"

#include "host_machine.h"
#include "kernel/task/app.h"
#include "kernel/task/calls.h"
#include "kernel/task/cpus.h"
#include "mm/alloc/fail_page_alloc.h"
#include "mm/oom/oom.h"
#include "mm/slab/slab.h"
#include "mm/space/mm.h"
#include "task/stage.h"

#define MOST_REQUESTS 100 /* of one start */
#define AT(page)      (APP_BASE + (uint64_t)(page)*PAGE_SIZE)

static struct memory *m;
static long pages_before;
static unsigned int tasks_before;

static void boot(unsigned int cpus)
{
	nr_cpus = cpus;
	m = machine_default();
	tasks_boot(m);
	m->tunables.fail_page_alloc.nth = -1; /* each request is looked at, none refused yet */
	fail_page_alloc_start(m);
}

static int setup(void **state)
{
	int err = twin_setup(state);

	boot(1);
	pages_before = all_free(m);
	tasks_before = list_length(&all_tasks);
	return err;
}

/* Refuse the nth request from here on. */
static void refuse(long nth)
{
	m->fail.seen = 0;
	m->tunables.fail_page_alloc.nth = nth;
}

/* So many pages are to be had from here on, and nothing after them. */
static void give_only(long pages)
{
	struct fail_attr *a = &m->tunables.fail_page_alloc;

	*a = (struct fail_attr){.on = true, .interval = 1, .probability = 100};
	m->fail = (struct fail_state){.on = true, .times = -1, .space = pages + 1};
	m->event[FAULTS_INJECTED] = 0;
}

/* Nothing is left of whatever was begun. */
static void assert_all_back(void)
{
	assert_int_equal(all_free(m), pages_before);
	assert_int_equal(m->nr_mms, 0);
	assert_int_equal(memory_stat(m, NR_KERNEL_STACK_KB), 0);
	assert_int_equal(memory_stat(m, NR_PAGETABLE), 0);
	assert_int_equal(stack_pages_mapped(), 0);
	assert_int_equal(list_length(&all_tasks), tasks_before);
	assert_valid(m);
}

static void app(long arg)
{
	(void)arg;
}

static void kernel_task(void *arg)
{
	(void)arg;
}

static struct task *child(int pid)
{
	struct task *t;

	for_each_task(t)
		if (t->pid == pid)
			return t;
	return NULL;
}

/* It ends with this code and is collected by the test. */
static void end(struct task *t, int code)
{
	int pid = t->pid, said = 0;

	ENDS(t, app_exit(code));
	assert_int_equal(t->state, TASK_ZOMBIE);
	assert_int_equal(app_wait(&said), pid);
	assert_int_equal(said, code);
}

static void test_an_app_begins_with_what_its_stack_says(void **state)
{
	struct task *t = app_spawn("app", app, 7);
	uint64_t *saved = (uint64_t *)t->sp;
	const struct {
		void *libc, *fn;
		long arg;
	} *start = (const void *)saved[2]; /* r13 */

	(void)state;
	assert_ptr_equal(start->fn, app);
	assert_int_equal(start->arg, 7);
	assert_int_equal(t->stack_size, STACK_PAGES * PAGE_SIZE);
	assert_int_equal(memory_stat(m, NR_KERNEL_STACK_KB), STACK_PAGES * 4);
	assert_int_equal(t->kdepth, 1);
	assert_int_equal(t->cr3, t->mm->pgd);
	assert_ptr_equal(t->parent, current);
	end(t, 5);
	assert_all_back();
}

static bool start_app(void)
{
	struct task *t = app_spawn("app", app, 0);

	if (t)
		end(t, 0);
	return t;
}

static bool start_by_call(void)
{
	int pid = lw_spawn("app", app, 0);

	if (pid > 0)
		end(child(pid), 0);
	else
		assert_int_equal(pid, -1);
	return pid > 0;
}

static bool start_kthread(void)
{
	struct task *t = kthread_spawn("kthread", kernel_task, NULL);

	if (t)
		end(t, 0);
	return t;
}

/*
 * Memory ends at any page, the first to the last that it needs, no slab being left over from before: the
 * start fails, and nothing is left of it.
 */
static void each_page_in_turn(bool (*start)(void), long least)
{
	long pages = 0;

	for (;; pages++) {
		assert_true(pages < MOST_REQUESTS);
		slab_shrink_all(m);
		give_only(pages);
		if (start())
			break;
		assert_true(m->event[FAULTS_INJECTED] > 0);
		assert_all_back();
	}
	assert_true(pages >= least);
	assert_all_back();
}

static void test_app_start_without_memory(void **state)
{
	(void)state;
	each_page_in_turn(start_app, 1 + 2 + 1 + 1 + 4); /* mm, tables, VMA, task, stack */
	each_page_in_turn(start_by_call, 1 + 2 + 1 + 1 + 4);
}

static void test_kernel_task_without_memory(void **state)
{
	(void)state;
	each_page_in_turn(start_kthread, 1 + 4);
}

static struct task *parent;
static bool as_thread;

/* A further thread of `parent`, or a process that shares its memory, which ends first. */
static bool clone_of_parent(void)
{
	struct task *before = become(parent);
	int pid = lw_clone("clone", as_thread ? LW_THREAD : 0, app, 0), code;

	if (pid > 0) {
		ENDS(child(pid), app_exit_thread());
		if (!as_thread)
			assert_int_equal(app_wait(&code), pid);
	}
	become(before);
	assert_int_equal(parent->mm->users.n, 1);
	return pid > 0;
}

static void clone_without_memory(bool thread)
{
	parent = app_spawn("parent", app, 0);
	as_thread = thread;
	for (long given = 0;; given++) {
		long pages = all_free(m);
		unsigned int tasks = list_length(&all_tasks);

		assert_true(given < MOST_REQUESTS);
		slab_shrink_all(m);
		give_only(given);
		if (clone_of_parent())
			break;
		assert_int_equal(all_free(m), pages);
		assert_int_equal(list_length(&all_tasks), tasks);
		assert_int_equal(parent->process->live, 1);
	}
	end(parent, 0);
	assert_all_back();
}

static void test_thread_without_memory(void **state)
{
	(void)state;
	clone_without_memory(true);
}

static void test_sharing_process_without_memory(void **state)
{
	(void)state;
	clone_without_memory(false);
}

static bool fault(struct task *t, uint64_t addr, unsigned int depth)
{
	struct pt_regs regs = {.error = PF_WRITE};
	struct task *before = become(t);
	bool served;

	t->kdepth = depth;
	served = host_page_fault(&regs, addr);
	assert_int_equal(t->kdepth, depth);
	become(before);
	return served;
}

/* Of the app's own: somebody is killed for it, here the app itself. Of a kernel call's: that fails. */
static void test_fault_without_memory(void **state)
{
	struct task *t = app_spawn("app", app, 0);
	struct pt_regs regs = {.error = PF_WRITE};

	(void)state;
	assert_int_equal(mm_map_fixed(t->mm, AT(0), 4 * PAGE_SIZE, VM_WRITE, NULL, 0), 0);
	refuse(1);
	assert_false(fault(t, AT(0), 1));
	assert_int_equal(m->event[OOM_KILLS], 0);
	assert_true(fault(t, AT(0), 0)); /* the tables are served one by one */
	refuse(1);
	ENDS(t, host_page_fault(&regs, AT(1)));
	assert_int_equal(m->event[OOM_KILLS], 1);
	assert_true(app_wait(&(int){0}) > 0);
	assert_all_back();
}

/* Nobody could be killed for the first app while it is alone; with others about, one of them is. */
static void test_fault_of_the_first_app_without_memory(void **state)
{
	struct task *first, *other, *init = child(1), *self = current;

	(void)state;
	task_unlink(init); /* the twin's own */
	free(init);
	first = app_spawn_first("first", app, 0);
	assert_int_equal(mm_map_fixed(first->mm, AT(0), PAGE_SIZE, VM_WRITE, NULL, 0), 0);
	refuse(1);
	assert_panics("machine: no memory for the first app", fault(first, AT(0), 0));
	become(self);
	other = app_spawn("other", app, 0);
	other->mm->anon_rss = 10;
	refuse(1);
	assert_true(fault(first, AT(0), 0));
	assert_true(fatal_signal_pending(other));
	assert_false(fatal_signal_pending(first));
	other->mm->anon_rss = 0;
	other->kdepth = 0;
	ENDS(other, host_trap_exit(NULL));
	assert_true(app_wait(&(int){0}) > 0);
	end(first, 0);
}

static void test_no_stack_is_left(void **state)
{
	struct task *t[MAX_TASKS];
	unsigned int n = 0;

	(void)state;
	m->tunables.fail_page_alloc.nth = 0;
	while (n < MAX_TASKS && (t[n] = kthread_spawn("kthread", kernel_task, NULL)))
		n++;
	assert_int_equal(n, MAX_TASKS);
	assert_null(kthread_spawn("kthread", kernel_task, NULL));
	while (n--)
		end(t[n], 0);
	assert_all_back();
}

static const char *start_cpus_with(long pages)
{
	slab_shrink_all(m);
	give_only(pages);
	return start_cpus();
}

static void test_workers_without_memory(void **state)
{
	(void)state;
	give_only(0);
	assert_panics("machine: no memory for the task kworker/u:0", start_workers());
}

static void test_cpus_without_memory(void **state)
{
	const char *err;
	long given = 0;

	(void)state;
	boot(2);
	while ((err = start_cpus_with(given))) {
		assert_string_equal(err, "too little memory for this many CPUs");
		assert_true(++given < MOST_REQUESTS);
	}
	assert_true(given >= 8 + 4); /* fault stacks, stack; a slab is there, or is one more */
}

/* A process is collected when its last thread has ended, whoever that is. */
static void test_threads_end_in_any_order(void **state)
{
	struct task *t = app_spawn("app", app, 0), *thread, *before = become(t);
	int code = 0, pid = t->pid;

	(void)state;
	thread = app_clone("thread", true, app, 0);
	become(before);
	assert_ptr_equal(thread->process, t->process);
	ENDS(t, app_exit(3));
	assert_true(fatal_signal_pending(thread));
	ENDS(thread, app_exit_thread());
	assert_int_equal(app_wait(&code), pid);
	assert_int_equal(code, 3);
	assert_all_back();
}

static void test_orphans_are_the_grandparents(void **state)
{
	struct task *t = app_spawn("app", app, 0), *orphan, *before = become(t);

	(void)state;
	orphan = app_spawn("orphan", app, 0);
	become(before);
	end(t, 0);
	assert_ptr_equal(orphan->parent, current);
	end(orphan, 1);
	assert_int_equal(app_wait(&(int){0}), -1);
	assert_all_back();
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, twin_teardown)
static const struct CMUnitTest tests[] = {
	TEST(test_an_app_begins_with_what_its_stack_says),
	TEST(test_app_start_without_memory),
	TEST(test_kernel_task_without_memory),
	TEST(test_thread_without_memory),
	TEST(test_sharing_process_without_memory),
	TEST(test_fault_without_memory),
	TEST(test_fault_of_the_first_app_without_memory),
	TEST(test_no_stack_is_left),
	TEST(test_workers_without_memory),
	TEST(test_cpus_without_memory),
	TEST(test_threads_end_in_any_order),
	TEST(test_orphans_are_the_grandparents),
};
TEST_GROUP(tasks)
