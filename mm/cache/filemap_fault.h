/*
 * A fault on a page of a file (§32.5, steps 3 to 9): the page is found, or read. What comes before (fault-around) and
 * after (the tables, waiting without mmap_sem) is mm/space's (file_fault.c).
 */
#ifndef MM_FILEMAP_FAULT_H
#define MM_FILEMAP_FAULT_H

#include "mm/cache/file.h"

/* 4.8's, as one set of bits. */
#define VM_FAULT_OOM    0x1u
#define VM_FAULT_SIGBUS 0x2u
#define VM_FAULT_MAJOR  0x4u /* this fault has found nothing in the cache */
#define VM_FAULT_LOCKED 0x200u
#define VM_FAULT_RETRY  0x400u

struct file_fault {
	struct file *file;
	unsigned long pgoff;
	bool sequential, random; /* its VMA is advised to be read so */
	bool tried;              /* the second time: it may wait with mmap_sem held */
	/* LOCKED: the page, locked. RETRY: the page that is waited for, or NULL: killed. With a reference. */
	struct page *page;
};

/* mmap_sem held for reading; may sleep. */
unsigned int filemap_fault(struct file_fault *f);

#endif
