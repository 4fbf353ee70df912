/*
 * The file system that apps have files of: the disk of root=, mounted before the scenario starts. Its files are in
 * the page cache (mm/cache), each in a mapping of its own that stays until the end, as an inode in memory does.
 */
#ifndef FS_ROOT_H
#define FS_ROOT_H

#include "mm/cache/file.h"

/* Mount it, if root= names one; what cannot be mounted ends the machine with a line. Task context, disks there. */
void root_start(void);
/* All pages of its files leave memory. Nobody has one open or mapped. Task context. */
void root_stop(void);

/*
 * A file by its path, opened anew, with one reference. NULL, and *error: as fs_open() has them, or -ENOMEM. root=
 * was given. Task context, sleeps.
 */
struct file *root_open(const char *path, int *error);

#endif
