/*
 * file-read: what descriptors are promised (calls.h), and that what is read is what the runner put there
 * (machine/images.py): by pieces of any size, from anywhere, by threads; and how far is read ahead by advice.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/scenarios/app_test.h"
#include "tests/workloads/filework.h"

#define PAGE  4096l
#define ODD   "data/odd"
#define BYTES (20 * PAGE + 4001)
#define TEXT  "bin/imklog"

static unsigned char byte_at(const char *path, size_t at)
{
	uint64_t index = at % PAGE / 8,
		 word = ((uint64_t)(at / PAGE) << 32 | index) ^ filework_key(path);

	return word >> at % 8 * 8;
}

static int is_right(const char *path, size_t at, const unsigned char *p, long n)
{
	for (long i = 0; i < n; i++)
		if (p[i] != byte_at(path, at + i))
			return 0;
	return 1;
}

/* All of it from its beginning, by so many bytes: how many were right. */
static long read_by(int fd, size_t piece)
{
	unsigned char *buffer = malloc(piece);
	size_t at = 0;
	long n;

	while ((n = lw_read(fd, buffer, piece)) > 0) {
		if (!is_right(ODD, at, buffer, n))
			return -1;
		at += n;
	}
	free(buffer);
	return n ? n : (long)at;
}

static void test_pieces(void)
{
	static const size_t pieces[] = {1000, 4096, 7, 65536, 12288};
	int fd = lw_open(ODD), right = 1;

	for (unsigned int i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
		right &= lw_seek(fd, 0) == 0;
		right &= read_by(fd, pieces[i]) == BYTES;
	}
	report(right, "pieces_of_any_size_are_the_file");
	report(lw_read(fd, (char[1]){0}, 1) == 0, "at_the_end_there_is_nothing");
	lw_seek(fd, BYTES + 5 * PAGE);
	report(lw_read(fd, (char[1]){0}, 1) == 0, "nor_behind_it");
	report(lw_close(fd) == 0, "it_is_closed");
}

static void test_seek(void)
{
	unsigned char buffer[64];
	int fd = lw_open(ODD), right = 1;

	for (size_t at = 4070; at < BYTES - 64; at += 4133) {
		lw_seek(fd, at);
		right &= lw_read(fd, buffer, 64) == 64 && is_right(ODD, at, buffer, 64);
	}
	report(right, "from_anywhere");
	lw_close(fd);
}

static void test_mistakes(void)
{
	char c;
	int fds[LW_MAX_FILES], last;

	report(lw_open("data/none") == -ENOENT, "no_such_file");
	report(lw_read(3, &c, 1) == -EBADF && lw_seek(3, 0) == -EBADF && lw_close(3) == -EBADF &&
			lw_advise(3, LW_ADVICE_RANDOM) == -EBADF && lw_read(-1, &c, 1) == -EBADF &&
			lw_read(LW_MAX_FILES, &c, 1) == -EBADF,
		"no_such_descriptor");
	for (int i = 0; i < LW_MAX_FILES; i++)
		fds[i] = lw_open(ODD);
	report(fds[LW_MAX_FILES - 1] == LW_MAX_FILES - 1, "as_many_as_there_are");
	report(lw_open(ODD) == -EMFILE, "and_no_more");
	lw_close(fds[5]);
	last = lw_open(TEXT);
	report(last == 5, "the_lowest_free_one");
	for (int i = 0; i < LW_MAX_FILES; i++)
		lw_close(i);
}

/* Pages that a read of one byte in the middle brings, the file's pages not in memory before. */
static long brought(enum lw_advice advice, size_t at)
{
	long before;
	int fd = lw_open(TEXT);
	char c;

	lw_advise(fd, advice);
	lw_seek(fd, at);
	before = lw_vmstat("pgpgin");
	lw_read(fd, &c, 1);
	lw_close(fd);
	return (lw_vmstat("pgpgin") - before) / 4;
}

/* §33: one page is wanted, in the middle of nothing; at the beginning a window is begun. */
static void test_advice(void)
{
	report(brought(LW_ADVICE_RANDOM, 700 * PAGE) == 1, "at_random_what_is_wanted");
	report(brought(LW_ADVICE_NORMAL, 900 * PAGE) == 1, "in_the_middle_as_well");
	report(brought(LW_ADVICE_NORMAL, 0) == 4, "a_window_from_the_beginning");
}

static volatile int shared_fd, seen_by_thread;

static void thread(long unused)
{
	unsigned char buffer[16];

	(void)unused;
	lw_seek(shared_fd, 8192);
	seen_by_thread = lw_read(shared_fd, buffer, 16) == 16 && is_right(ODD, 8192, buffer, 16);
}

static void child(long fd)
{
	char c;

	exit(lw_read(fd, &c, 1) == -EBADF ? 0 : 7);
}

static void leaves_it_open(long unused)
{
	char c;
	int fd = lw_open(ODD);

	(void)unused;
	lw_read(fd, &c, 1);
	lw_map_open(fd, 0, PAGE, 0, &(int){0});
}

/* It has 21 pages, the last one in part. */
static void behind_the_end(long page)
{
	int error;
	const unsigned char *p = lw_map_file(ODD, 0, 64 * PAGE, 0, &error);

	exit(p && p[page * PAGE] == byte_at(ODD, page * PAGE) ? 6 : 5);
}

static void test_end(void)
{
	int code = 0;

	lw_spawn("behind", behind_the_end, 21);
	lw_wait(&code);
	report(code == LW_SIGBUS, "behind_the_end_is_sigbus");
	lw_spawn("last", behind_the_end, 20);
	lw_wait(&code);
	report(code == 6, "the_last_page_is_there");
}

static void test_processes(void)
{
	int code = 1, error;
	const unsigned char *mapped;

	shared_fd = lw_open(ODD);
	wait_gone(lw_clone("thread", LW_THREAD, thread, 0));
	report(seen_by_thread, "threads_share_it");
	lw_spawn("child", child, shared_fd);
	lw_wait(&code);
	report(code == 0, "a_child_does_not_have_it");
	mapped = lw_map_open(shared_fd, 1, PAGE, 0, &error);
	lw_close(shared_fd);
	report(mapped && is_right(ODD, 4096, mapped, PAGE),
		"what_is_mapped_stays_when_it_is_closed");
	lw_spawn("leaves it", leaves_it_open, 0);
	lw_wait(&code);
	report(code == 0, "what_is_left_open_is_closed");
}

static void file_read_test(long unused)
{
	(void)unused;
	test_advice();
	test_pieces();
	test_seek();
	test_mistakes();
	test_processes();
	test_end();
	report_end();
}

static const struct scenario_arm arms[] = {
	{.patch = "none", .outcome = "completed", .checks = REPORT_CHECKS},
};

SCENARIO(file_read_scenario) = {
	.name = "file-read",
	.help = "files that are opened, read and closed",
	.group = "test",
	.app = file_read_test,
	.arms = arms,
	.nr_arms = ARRAY_SIZE(arms),
	.args = "root=vda",
	.mem_mib = 64,
	.devices = "disk=48:ext4:ro",
};
