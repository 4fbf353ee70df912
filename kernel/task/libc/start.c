/*
 * What newlib asks of its system, for apps: built with the apps, on the kernel's calls. Each
 * address space has its own copy of all of newlib's data; what threads share there has a lock.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "kernel/task/libc/thread.h"

void flush_line(void)
{
	struct app_thread *t = this_thread();

	if (t->line_len)
		lw_log(t->line, t->line_len);
	t->line_len = 0;
}

/* Standard output becomes kernel log lines; text without its newline waits for it. */
int write(int fd, const char *buf, int n)
{
	struct app_thread *t = this_thread();

	if (fd != 1 && fd != 2) {
		errno = EBADF;
		return -1;
	}
	for (int i = 0; i < n; i++) {
		if (buf[i] != '\n')
			t->line[t->line_len++] = buf[i];
		if (buf[i] == '\n' || t->line_len == sizeof(t->line))
			flush_line();
	}
	return n;
}

void *sbrk(ptrdiff_t increment)
{
	void *old = lw_sbrk(increment);

	if (old == (void *)-1)
		errno = ENOMEM;
	return old;
}

int read(int fd, char *buf, int n)
{
	(void)fd;
	(void)buf;
	(void)n;
	return 0;
}

int close(int fd)
{
	(void)fd;
	return 0;
}

int fstat(int fd, struct stat *st)
{
	(void)fd;
	memset(st, 0, sizeof(*st));
	st->st_mode = S_IFCHR;
	return 0;
}

int isatty(int fd)
{
	return fd <= 2;
}

long lseek(int fd, long offset, int whence)
{
	(void)fd;
	(void)offset;
	(void)whence;
	errno = ESPIPE;
	return -1;
}

int getpid(void)
{
	return lw_pid();
}

int kill(int pid, int sig)
{
	(void)pid;
	(void)sig;
	errno = EINVAL;
	return -1;
}

void _exit(int code)
{
	flush_line();
	lw_exit(code);
}
