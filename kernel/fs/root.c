/*
 * The apps' files in the page cache (see root.h).
 */
#include <errno.h>
#include <string.h>

#include "kernel/core/machine.h"
#include "kernel/core/param.h"
#include "kernel/fs/fs.h"
#include "kernel/fs/root.h"
#include "kernel/task/files.h"
#include "mm/cache/filemap_fault.h"
#include "mm/slab/kmalloc.h"

#define DISK_NAME_LEN 16

/* A file that was opened once. */
struct root_file {
	struct address_space mapping;
	struct rwsem i_mmap_sem;
	struct fs_inode *inode; /* a reference */
	struct list_head node;  /* root_files */
};

static char disk_name[DISK_NAME_LEN];
static struct fs *root;
static struct mutex root_lock; /* root_files */
static struct list_head root_files = LIST_HEAD_INIT(root_files);

static const char *set_root(const char *text)
{
	if (!*text || strlen(text) >= sizeof(disk_name))
		return "the name of a disk, such as vda";
	strcpy(disk_name, text);
	return NULL;
}
PARAM_FN("root", set_root, "the disk whose files apps can open, such as vda");

static void page_end(struct memory *m, struct page *page, int error)
{
	(void)m;
	mapping_read_end(page->mapping, page, error);
}

static void readpages(struct address_space *as, struct page **pages, unsigned int n)
{
	struct root_file *f = as->host;

	fs_readpages(f->inode, pages, n);
}

/* devices.md §32.5: held also while the page is waited for. Nothing here would truncate a file. */
static noinline unsigned int ext4_filemap_fault(struct file_fault *fault)
{
	struct root_file *f = fault->file->mapping->host;
	unsigned int result;

	down_read(&f->i_mmap_sem);
	result = filemap_fault(fault);
	up_read(&f->i_mmap_sem);
	return result;
}

static const struct address_space_ops root_ops = {
	.readpages = readpages, .fault = ext4_filemap_fault};

void root_start(void)
{
	struct disk *disk;

	if (!*disk_name)
		return;
	mutex_init(&root_lock, "root files");
	disk = disk_find(disk_name);
	if (!disk)
		machine_refuse("machine: root=%s: no such disk; expected one, as with "
			       "DEVICES=\"disk=64:ext4\"",
			disk_name);
	root = fs_mount(disk, page_end);
	if (!root)
		machine_refuse(
			"machine: root=%s: no file system that can be read; expected one, as "
			"with DEVICES=\"disk=64:ext4\"",
			disk_name);
	task_set_opener(root_open);
}

static struct root_file *find_opened(const struct fs_inode *inode)
{
	struct root_file *f;

	list_for_each_entry(f, &root_files, node)
		if (f->inode == inode)
			return f;
	return NULL;
}

/* The inode's reference becomes the file's. NULL: no memory. */
static struct root_file *add_file(struct fs_inode *inode)
{
	struct root_file *f = kzalloc(root->memory, sizeof(*f), GFP_KERNEL);

	if (!f)
		return NULL;
	f->inode = inode;
	rwsem_init(&f->i_mmap_sem, "i_mmap_sem");
	mapping_init(&f->mapping, root->memory, inode->size, &root_ops, f);
	list_add_tail(&f->node, &root_files);
	return f;
}

/* The caller's reference to the inode goes. The lock held. */
static struct root_file *get_file(struct fs_inode *inode)
{
	struct root_file *f = find_opened(inode);

	if (!f)
		f = add_file(inode);
	else
		fs_inode_put(inode);
	return f;
}

struct file *root_open(const char *path, int *error)
{
	struct file *opened = NULL;
	struct fs_inode *inode;
	struct root_file *f;

	*error = fs_open(root, path, &inode);
	if (*error)
		return NULL;
	mutex_lock(&root_lock);
	f = get_file(inode);
	if (f)
		opened = file_open(&f->mapping);
	else
		fs_inode_put(inode);
	mutex_unlock(&root_lock);
	if (!opened)
		*error = -ENOMEM;
	return opened;
}

void root_stop(void)
{
	struct root_file *f, *next;

	if (!root)
		return;
	task_set_opener(NULL);
	list_for_each_entry_safe(f, next, &root_files, node) {
		mapping_destroy(&f->mapping);
		lock_forget(&f->i_mmap_sem.info);
		list_del(&f->node);
		fs_inode_put(f->inode);
		kfree(root->memory, f);
	}
	fs_unmount(root);
	root = NULL;
}
