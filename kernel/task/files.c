/*
 * Apps' calls for files (see calls.h and files.h).
 */
#include <errno.h>

#include "kernel/task/app.h"
#include "kernel/task/calls.h"
#include "kernel/task/files.h"
#include "mm/space/mm.h"

static file_opener opener;

void task_set_opener(file_opener open)
{
	opener = open;
}

/* What is mapped has the file open. */
static void *map_file(const char *path, size_t offset, size_t len, int exec, int *error)
{
	unsigned int flags = VM_MAYSHARE | (exec ? VM_EXEC : 0);
	struct file *f;
	void *p;

	*error = -ENODEV;
	f = opener ? opener(path, error) : NULL;
	if (!f)
		return NULL;
	p = (void *)mm_map_file(current->mm, MAP_BASE, len, flags, f, offset);
	file_put(f);
	if (!p)
		*error = -ENOMEM;
	return p;
}

void *lw_map_file(const char *path, size_t offset, size_t len, int exec, int *error)
{
	void *p;

	kernel_enter();
	p = map_file(path, offset, len, exec, error);
	kernel_leave();
	return p;
}
