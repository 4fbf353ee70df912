/*
 * The files of a disk that the runner makes (tests/run/machine/images.py), and proof that each page of them
 * is what was put there. Kernel task.
 */
#ifndef WORKLOADS_FILEWORK_H
#define WORKLOADS_FILEWORK_H

#include "kernel/fs/fs.h"

/* To mount with: the pages of filework_run(). */
void filework_page_end(struct memory *m, struct page *page, int error);

/* What the words of a file have in common: word i of page p is p << 32 ^ i ^ this. Any context, apps as well. */
uint64_t filework_key(const char *path);

struct filework {
	unsigned int window; /* pages a read, 1 to 256 */
	unsigned int random; /* single pages of each file besides, anywhere in it */
	uint64_t seed;
};

struct filework_result {
	long files, pages; /* that were looked at */
	long zeroes;       /* of the pages, those that are no block of the disk */
	long runs;         /* of neighbouring blocks, of all files */
	long wrong;        /* pages that were not what they should be, or not where */
	long missing;      /* files that were not there, or of another size */
	long errors;       /* pages that could not be read */
};

/* Every file that there should be. False: no memory for it. */
bool filework_run(struct fs *fs, const struct filework *work, struct filework_result *r);

#endif
