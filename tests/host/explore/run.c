/*
 * One run (see run.h).
 */
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "arena.h"
#include "keep.h"
#include "run.h"
#include "undo.h"

#include "kernel/core/lock/lock.h"
#include "scenarios/scenario.h"

#define TIME_EVERY 64 /* runs */

static const struct scenario *scenario;
static choose_fn way;
bool run_is_on;
static enum end end;
static char message[512];
static bool checking;
static double reset_ns;
static unsigned long nr_resets;
static jmp_buf out_of_check;
unsigned int results_seen;

bool is_running(void)
{
	return run_is_on;
}

bool is_judging(void)
{
	return run_is_on || checking;
}

const char *run_message(void)
{
	return message;
}

unsigned int run_choose(void)
{
	return way();
}

static void leave(enum end how) __attribute__((noreturn));

static void leave(enum end how)
{
	end = how;
	if (run_is_on)
		actors_leave();
	longjmp(out_of_check, 1);
}

void run_cut(void)
{
	leave(RUN_CUT);
}

void explore_failv(const char *fmt, va_list ap)
{
	vsnprintf(message, sizeof(message), fmt, ap);
	leave(RUN_FAILED);
}

void explore_fail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	explore_failv(fmt, ap);
}

static const char *what_it_waits_for(const struct actor *a)
{
	const struct task *t = a->here.task;

	if (a->op == OP_LOCK)
		return container_of(a->at, struct spinlock, locked)->info.name;
	return a->op == OP_SLEEP && t->waiting_for ? t->waiting_for : op_name[a->op];
}

void run_over(void)
{
	const struct actor *stuck = actors_stuck();

	if (stuck)
		explore_fail("deadlock: CPU %u waits for ever (%s)", stuck->cpu,
			what_it_waits_for(stuck));
	leave(RUN_DONE);
}

/* As the CPU and the task that set the scenario up. */
static void be_the_engine(void)
{
	here = (struct here){.cpu = &cpus[0], .task = cpus[0].task, .irqs = true};
}

/* Here, for what the subject's side writes is undone. */
void see(unsigned int n)
{
	results_seen |= 1u << n;
}

/* A result that another arm shows is as bad as one that nobody knows. */
static void judge_results(void)
{
	unsigned int ruled_out = results_seen & ~(scenario->shows | scenario->may);

	if (ruled_out)
		explore_fail("%s: arm %s rules it out", scenario->results[__builtin_ctz(ruled_out)],
			scenario->arm);
}

static void judge(void)
{
	const char *wrong;

	if (end == RUN_DONE) {
		wrong = scenario->check ? scenario->check() : NULL;
		if (wrong)
			explore_fail("%s", wrong);
	} else if (scenario->documented && scenario->documented(message)) {
		end = RUN_DONE;
		message[0] = '\0';
	} else {
		return;
	}
	judge_results();
}

static void check(void)
{
	checking = true;
	if (setjmp(out_of_check)) {
		checking = false;
		return;
	}
	judge();
	checking = false;
}

static double ns_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return 1e9 * t.tv_sec + t.tv_nsec;
}

/* One in so many is timed, and the slowest forgotten: the host was busy with others. */
static void reset(void)
{
	static unsigned int turn;
	double begun;

	if (turn++ % TIME_EVERY) {
		undo_to(0);
		return;
	}
	begun = ns_now();
	undo_to(0);
	begun = ns_now() - begun;
	if (begun < 20000) {
		reset_ns += begun;
		nr_resets++;
	}
}

double run_reset_us(void)
{
	return nr_resets ? reset_ns / nr_resets / 1000 : 0;
}

static enum end play(choose_fn choose, void (*enter)(void))
{
	way = choose;
	end = RUN_DONE;
	message[0] = '\0';
	results_seen = 0;
	run_is_on = true;
	enter();
	run_is_on = false;
	be_the_engine();
	if (end != RUN_CUT)
		check();
	return end;
}

enum end run_once(choose_fn choose)
{
	reset();
	accesses = 0;
	actors_reset();
	return play(choose, actors_begin);
}

enum end run_kept(size_t at, choose_fn choose)
{
	keep_load(at);
	return play(choose, actors_go_on);
}

/* The host stops the subject: that is a result. */
static void on_signal(int number, siginfo_t *info, void *context)
{
	(void)context;
	if (!run_is_on && !checking) {
		fprintf(stderr, "explore: signal %d outside of any run\n", number);
		_exit(2);
	}
	explore_fail("signal %d (%s) at address %p", number,
		number == SIGSEGV ? "SIGSEGV" : "SIGBUS", info->si_addr);
}

void run_init(void)
{
	static char stack[64 << 10];
	const stack_t on = {.ss_sp = stack, .ss_size = sizeof(stack)};
	struct sigaction act = {
		.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};

	sigaltstack(&on, NULL);
	sigaction(SIGSEGV, &act, NULL);
	sigaction(SIGBUS, &act, NULL);
}

void run_prepare(const struct scenario *s)
{
	scenario = s;
	if (s->patience)
		patience = s->patience;
	be_the_engine();
	model_init(s->cpus);
	be_the_engine();
	s->setup();
	undo_forget();
}
