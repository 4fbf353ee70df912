/*
 * libctest: the libc of threads (DESIGN §4): each has its own errno, strtok() and streams; malloc()
 * and whatever else they share is locked; what a thread held of it comes back when it ends.
 */
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "tests/scenarios/app_test.h"

#define THREADS 4
#define MANY    30

static volatile int bad; /* what threads found wrong */

static void expect(int ok)
{
	if (!ok)
		__atomic_add_fetch(&bad, 1, __ATOMIC_RELAXED);
}

/* fn(0), fn(1), ... in threads; true when none of them found anything wrong. */
static int in_threads(void (*fn)(long), int n)
{
	int pid[MANY];

	bad = 0;
	for (int i = 0; i < n; i++)
		pid[i] = lw_clone("thread", LW_THREAD, fn, i);
	for (int i = 0; i < n; i++)
		wait_gone(pid[i]);
	return bad == 0;
}

static void own_errno(long k)
{
	for (int i = 0; i < 5; i++) {
		errno = (int)k * 100 + i;
		lw_sleep_ms(4);
		expect(errno == (int)k * 100 + i);
	}
}

static void own_strtok(long k)
{
	char text[16], *word;
	int n = 0;

	snprintf(text, sizeof(text), "%ld %ld %ld", k, k + 1, k + 2);
	for (word = strtok(text, " "); word; word = strtok(NULL, " ")) {
		expect(atoi(word) == (int)k + n++);
		lw_sleep_ms(4);
	}
	expect(n == 3);
}

static void own_rand(long k)
{
	int first, second;

	srand(7);
	first = rand();
	second = rand();
	for (long i = 0; i < k; i++)
		rand();
	srand(7);
	lw_sleep_ms(4);
	expect(rand() == first);
	lw_sleep_ms(4);
	expect(rand() == second);
}

static void test_private_state(void)
{
	errno = 4711;
	report(in_threads(own_errno, THREADS) && errno == 4711, "errno_is_private");
	report(in_threads(own_strtok, THREADS), "strtok_is_private");
	report(in_threads(own_rand, THREADS), "rand_is_private");
}

/* Bytes. newlib's malloc fills in a mallinfo of ints, whatever the header says: this is uordblks. */
static int allocated(void)
{
	union {
		struct mallinfo info;
		int field[10];
	} u = {.info = mallinfo()};

	return u.field[7];
}

/* Blocks of memory that say what they must hold. */
struct block {
	size_t len; /* of what follows */
	unsigned char tag, data[];
};

static unsigned int draw(unsigned int *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

static size_t draw_len(unsigned int *seed)
{
	return draw(seed) % 64 ? draw(seed) % 2000 : draw(seed) % 200000;
}

static struct block *fill(struct block *b, size_t len, unsigned char tag)
{
	expect(b != NULL);
	b->len = len;
	b->tag = tag;
	memset(b->data, tag, len);
	return b;
}

static void check(const struct block *b, size_t len)
{
	size_t i = 0;

	while (i < len && b->data[i] == b->tag)
		i++;
	expect(i == len);
}

static void check_and_free(struct block *b)
{
	if (b)
		check(b, b->len);
	free(b);
}

static struct block *resize(struct block *b, size_t len, unsigned char tag)
{
	size_t kept = b->len < len ? b->len : len;

	check(b, b->len);
	b = realloc(b, sizeof(*b) + len);
	check(b, kept);
	return fill(b, len, tag);
}

#define SLOTS 16
static struct block *exchange[SLOTS]; /* what one thread allocates another frees */

static void turn(struct block **mine, unsigned int *seed, unsigned char tag)
{
	struct block **slot = &mine[draw(seed) % SLOTS];
	size_t len = draw_len(seed);

	if (!*slot) {
		*slot = fill(malloc(sizeof(**slot) + len), len, tag);
	} else if (draw(seed) % 3) {
		*slot = resize(*slot, len, tag);
	} else {
		struct block **other = &exchange[draw(seed) % SLOTS];

		check_and_free(__atomic_exchange_n(other, *slot, __ATOMIC_ACQ_REL));
		*slot = NULL;
	}
}

static void hammer(long k)
{
	struct block *mine[SLOTS] = {NULL};
	unsigned int seed = (unsigned int)k + 1;

	for (int i = 0; i < 500; i++)
		turn(mine, &seed, (unsigned char)(k + i * THREADS));
	for (int i = 0; i < SLOTS; i++)
		check_and_free(mine[i]);
}

static void empty_exchange(void)
{
	for (int i = 0; i < SLOTS; i++) {
		check_and_free(exchange[i]);
		exchange[i] = NULL;
	}
}

static void test_malloc(void)
{
	int before = allocated();
	int ok = in_threads(hammer, THREADS);

	empty_exchange();
	report(ok && !bad, "malloc_realloc_and_free_by_threads");
	report(allocated() == before, "what_they_freed_is_free");
}

static void hammer_for_ever(long k)
{
	for (;;)
		hammer(k);
}

static void exit_amid(long unused)
{
	(void)unused;
	lw_sleep_ms(4);
	exit(3);
}

/* A process that fights for the lock of malloc() until it is killed, or until a thread ends it. */
static void contend(long exits)
{
	for (int i = 1; i < THREADS; i++)
		lw_clone("thread", LW_THREAD, hammer_for_ever, i);
	if (exits)
		lw_clone("thread", LW_THREAD, exit_amid, 0);
	hammer_for_ever(0);
}

static void test_end_in_contention(void)
{
	int killed = 1, ended = 1, code;

	for (unsigned int ms = 4; ms <= 16; ms += 4) {
		int pid = lw_spawn("contend", contend, 0);

		lw_sleep_ms(ms);
		lw_kill(pid);
		killed &= lw_wait(&code) == pid && code == -9;
		pid = lw_spawn("contend", contend, 1);
		ended &= lw_wait(&code) == pid && code == 3;
	}
	report(killed, "a_kill_in_contention_for_malloc_ends_all");
	report(ended, "an_exit_in_contention_for_malloc_ends_all");
}

static void move_the_brk(long k)
{
	char *mine[20];

	for (int i = 0; i < 20; i++) {
		mine[i] = lw_sbrk(4096);
		expect(mine[i] != (char *)-1);
		memset(mine[i], (int)k + 1, 4096);
	}
	for (int i = 0; i < 20; i++)
		expect(mine[i][0] == k + 1 && mine[i][4095] == k + 1);
}

static void own_environment(long k)
{
	char name[16], value[16];

	for (int i = 0; i < 30; i++) {
		snprintf(name, sizeof(name), "T%ld", k * 2 + i % 2);
		snprintf(value, sizeof(value), "%ld", k * 1000 + i);
		expect(setenv(name, value, 1) == 0 && !strcmp(getenv(name), value));
		if (i % 10 == 9)
			expect(unsetenv(name) == 0 && !getenv(name));
	}
}

static void own_stream(long k)
{
	char *text, expected[32];
	size_t len;

	for (int i = 0; i < 20; i++) {
		FILE *f = open_memstream(&text, &len);

		expect(f && fprintf(f, "%ld and %d", k, i) > 0);
		expect(fclose(f) == 0);
		snprintf(expected, sizeof(expected), "%ld and %d", k, i);
		expect(!strcmp(text, expected) && len == strlen(expected));
		free(text);
	}
}

static FILE *shared;

static void write_to_shared(long k)
{
	for (int i = 0; i < 100; i++)
		expect(fprintf(shared, "%ld.%d.%ld\n", k, i, k * i) > 0);
}

/* Each thread's lines, whole and in order: 1, or 0. */
static int are_lines_whole(char *text)
{
	int next[THREADS] = {0}, n = 0;

	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"), n++) {
		int k = line[0] - '0';
		char whole[32];

		if (k < 0 || k >= THREADS)
			return 0;
		snprintf(whole, sizeof(whole), "%d.%d.%d", k, next[k], k * next[k]);
		if (strcmp(line, whole))
			return 0;
		next[k]++;
	}
	return n == THREADS * 100;
}

static void test_one_stream(void)
{
	char *text;
	size_t len;
	int ok;

	shared = open_memstream(&text, &len);
	ok = in_threads(write_to_shared, THREADS);
	fclose(shared);
	report(ok && are_lines_whole(text), "threads_write_whole_lines_to_one_stream");
	free(text);
}

/* Long numbers go through multiplications whose parts each thread keeps. */
static void own_floats(long k)
{
	char text[40];

	for (int i = 0; i < 20; i++) {
		double x = (double)(k + 1) * 1e280 / (i + 3);

		snprintf(text, sizeof(text), "%.17g", x);
		expect(strtod(text, NULL) == x);
	}
}

static void test_shared_state(void)
{
	report(in_threads(move_the_brk, THREADS), "threads_move_the_end_of_the_heap");
	report(in_threads(own_environment, THREADS), "threads_change_the_environment");
	report(in_threads(own_stream, THREADS), "threads_open_and_close_streams");
	report(in_threads(own_floats, THREADS), "threads_print_and_read_floats");
}

static void use_everything(long k)
{
	own_floats(k);
	own_stream(k);
	printf("thread %ld was here\n", k);
	fprintf(stderr, "and said so\n");
	setvbuf(stdin, NULL, _IOFBF, 100);
	getchar();
	signal(SIGUSR1, SIG_IGN);
}

/* newlib keeps what it once made for a stream, for the next one. */
static void open_many_streams(void)
{
	FILE *f[MANY];
	char *text[MANY];
	size_t len[MANY];

	for (int i = 0; i < MANY; i++)
		f[i] = open_memstream(&text[i], &len[i]);
	for (int i = 0; i < MANY; i++) {
		fclose(f[i]);
		free(text[i]);
	}
}

static void test_all_comes_back(void)
{
	int before, ok;

	open_many_streams();
	before = allocated();
	ok = in_threads(use_everything, MANY);
	report(ok && allocated() == before, "what_a_threads_libc_holds_is_freed_at_its_end");
}

/* The console must show each line whole: test_system.py looks. */
static void print_in_pieces(long k)
{
	FILE *f = k % 2 ? stderr : stdout;

	for (int i = 0; i < 10; i++) {
		for (char c = 'a'; c <= 'e'; c++) {
			fprintf(f, "%c%ld.%d ", c, k, i);
			fflush(f);
			if (c == 'c')
				lw_sleep_ms(4);
		}
		printf("end\n");
	}
}

static void test_lines(void)
{
	report(in_threads(print_in_pieces, THREADS), "threads_print");
}

static volatile int exits KERNEL_DATA;

static void count_exit(void)
{
	__atomic_add_fetch(&exits, 1, __ATOMIC_RELAXED);
}

static void register_and_exit(long unused)
{
	(void)unused;
	atexit(count_exit);
	printf("unfinished line of a thread");
	exit(3);
}

static void leave_it_to_a_thread(long unused)
{
	(void)unused;
	atexit(count_exit);
	printf("unfinished line of the first thread");
	lw_clone("exiting", LW_THREAD, register_and_exit, 0);
	for (;;)
		lw_sleep_ms(1000);
}

static void test_exit(void)
{
	int code = 0, pid = lw_spawn("first", leave_it_to_a_thread, 0);

	report(lw_wait(&code) == pid && code == 3 && exits == 2,
		"exit_in_a_thread_calls_each_exit_function_once");
}

#define TURNS 500
static volatile int ball; /* whose turn it is: even or odd */

static void play(long k)
{
	for (int i = 0; i < TURNS; i++) {
		int now;

		while (((now = ball) & 1) != k)
			lw_futex_wait(&ball, now);
		ball = now + 1;
		lw_futex_wake(&ball);
	}
}

static volatile int gate;

static void wait_at_gate(long unused)
{
	(void)unused;
	while (!gate)
		lw_futex_wait(&gate, 0);
}

/* Processes on one memory wait for one word; the end of one is nothing to the others. */
static void test_futex(void)
{
	int code, killed, other;

	report(lw_futex_wait(&ball, 1) == -1 && lw_futex_wait((volatile int *)0x10, 0) == -1,
		"a_futex_that_has_changed_is_not_waited_for");
	report(in_threads(play, 2) && ball == 2 * TURNS, "no_wake_up_of_a_futex_is_lost");
	killed = lw_clone("waiter", 0, wait_at_gate, 0);
	other = lw_clone("waiter", 0, wait_at_gate, 0);
	lw_sleep_ms(8);
	lw_kill(killed);
	report(lw_wait(&code) == killed && code == -9, "a_kill_ends_the_wait_for_a_futex");
	gate = 1;
	lw_futex_wake(&gate);
	report(lw_wait(&code) == other && code == 0, "the_others_are_woken");
}

static void libctest(long unused)
{
	(void)unused;
	test_private_state();
	test_futex();
	test_malloc();
	test_end_in_contention();
	test_shared_state();
	test_one_stream();
	test_all_comes_back();
	test_lines();
	test_exit();
	report_end();
}

static const struct scenario_arm arms[] = {
	{.patch = "none", .outcome = "completed", .checks = REPORT_CHECKS},
};

SCENARIO(libctest_scenario) = {
	.name = "libctest",
	.help = "the libc of threads: what is private, what is locked, what comes back",
	.group = "test",
	.app = libctest,
	.arms = arms,
	.nr_arms = ARRAY_SIZE(arms),
};
