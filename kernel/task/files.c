/*
 * Apps' calls for files (see calls.h and files.h).
 */
#include <errno.h>

#include "kernel/core/machine.h"
#include "kernel/task/app.h"
#include "kernel/task/calls.h"
#include "kernel/task/files.h"
#include "mm/slab/kmalloc.h"
#include "mm/space/mm.h"

/* A process's open files; what is open is there until the process has ended. */
struct descriptor {
	struct file *file; /* NULL: it is free */
	uint64_t pos;      /* bytes: where the next read begins */
};
struct files {
	struct descriptor fd[LW_MAX_FILES];
};

static file_opener opener;
static struct mutex table_lock; /* tables of descriptors, not what is read meanwhile */

void files_boot(void)
{
	mutex_init(&table_lock, "open files");
}

void task_set_opener(file_opener open)
{
	opener = open;
}

/* Of this process; it is made with the first file. The lock held. NULL: no memory. */
static struct files *table(void)
{
	struct process *p = current->process;

	if (!p->files)
		p->files = kzalloc(&system_memory, sizeof(*p->files), GFP_KERNEL);
	return p->files;
}

/* The lowest free descriptor has it now, and its reference. */
static int enter(struct file *f)
{
	struct files *files = table();

	if (!files)
		return -ENOMEM;
	for (int fd = 0; fd < LW_MAX_FILES; fd++) {
		if (files->fd[fd].file)
			continue;
		files->fd[fd].file = f;
		files->fd[fd].pos = 0;
		return fd;
	}
	return -EMFILE;
}

static int open_file(const char *path)
{
	int fd, error = -ENODEV;
	struct file *f = opener ? opener(path, &error) : NULL;

	if (!f)
		return error;
	mutex_lock(&table_lock);
	fd = enter(f);
	mutex_unlock(&table_lock);
	if (fd < 0)
		file_put(f);
	return fd;
}

int lw_open(const char *path)
{
	int fd;

	kernel_enter();
	fd = open_file(path);
	kernel_leave();
	return fd;
}

/* Of this process, open; NULL: it is not. The lock held. */
static struct descriptor *find(int fd)
{
	struct files *files = current->process->files;

	if (!files || fd < 0 || fd >= LW_MAX_FILES || !files->fd[fd].file)
		return NULL;
	return &files->fd[fd];
}

/* With a reference for the caller, and where it is to be read; NULL: not open. */
static struct file *get(int fd, uint64_t *pos)
{
	struct descriptor *d;
	struct file *f = NULL;

	mutex_lock(&table_lock);
	d = find(fd);
	if (d) {
		f = d->file;
		file_get(f);
		*pos = d->pos;
	}
	mutex_unlock(&table_lock);
	return f;
}

static void set_pos(int fd, const struct file *f, uint64_t pos)
{
	struct descriptor *d;

	mutex_lock(&table_lock);
	d = find(fd);
	if (d && d->file == f) /* else a thread has closed it meanwhile */
		d->pos = pos;
	mutex_unlock(&table_lock);
}

static long read_on(int fd, void *to, size_t n)
{
	uint64_t pos;
	struct file *f = get(fd, &pos);
	long done;

	if (!f)
		return -EBADF;
	done = file_read(f, pos, to, n);
	if (done > 0)
		set_pos(fd, f, pos + done);
	file_put(f);
	return done;
}

long lw_read(int fd, void *to, size_t n)
{
	long done;

	kernel_enter();
	done = read_on(fd, to, n);
	kernel_leave();
	return done;
}

static int seek(int fd, uint64_t to)
{
	uint64_t pos;
	struct file *f = get(fd, &pos);

	if (!f)
		return -EBADF;
	set_pos(fd, f, to);
	file_put(f);
	return 0;
}

int lw_seek(int fd, size_t pos)
{
	int err;

	kernel_enter();
	err = seek(fd, pos);
	kernel_leave();
	return err;
}

static int advise(int fd, enum lw_advice advice)
{
	static const enum file_advice of[] = {
		FILE_ADVICE_NORMAL, FILE_ADVICE_SEQUENTIAL, FILE_ADVICE_RANDOM};
	uint64_t pos;
	struct file *f = get(fd, &pos);

	if (!f)
		return -EBADF;
	file_advise(f, of[advice]);
	file_put(f);
	return 0;
}

int lw_advise(int fd, enum lw_advice advice)
{
	int err = -EINVAL;

	kernel_enter();
	if (advice <= LW_ADVICE_RANDOM)
		err = advise(fd, advice);
	kernel_leave();
	return err;
}

/* Off the table, with the table's reference; NULL: not open. */
static struct file *leave(int fd)
{
	struct descriptor *d;
	struct file *f = NULL;

	mutex_lock(&table_lock);
	d = find(fd);
	if (d) {
		f = d->file;
		d->file = NULL;
	}
	mutex_unlock(&table_lock);
	return f;
}

static int close_file(int fd)
{
	struct file *f = leave(fd);

	if (!f)
		return -EBADF;
	file_put(f);
	return 0;
}

int lw_close(int fd)
{
	int err;

	kernel_enter();
	err = close_file(fd);
	kernel_leave();
	return err;
}

void files_close_all(struct process *p)
{
	struct files *files = p->files;

	if (!files)
		return;
	p->files = NULL;
	for (int fd = 0; fd < LW_MAX_FILES; fd++)
		if (files->fd[fd].file)
			file_put(files->fd[fd].file);
	kfree(&system_memory, files);
}

/* What is mapped has the file open. */
static void *map(struct file *f, size_t offset, size_t len, int exec, int *error)
{
	unsigned int flags = VM_MAYSHARE | (exec ? VM_EXEC : 0);
	void *p = (void *)mm_map_file(current->mm, MAP_BASE, len, flags, f, offset);

	file_put(f);
	*error = p ? 0 : -ENOMEM;
	return p;
}

void *lw_map_file(const char *path, size_t offset, size_t len, int exec, int *error)
{
	struct file *f;
	void *p = NULL;

	kernel_enter();
	*error = -ENODEV;
	f = opener ? opener(path, error) : NULL;
	if (f)
		p = map(f, offset, len, exec, error);
	kernel_leave();
	return p;
}

void *lw_map_open(int fd, size_t offset, size_t len, int exec, int *error)
{
	uint64_t pos;
	struct file *f;
	void *p = NULL;

	kernel_enter();
	f = get(fd, &pos);
	*error = -EBADF;
	if (f)
		p = map(f, offset, len, exec, error);
	kernel_leave();
	return p;
}
