/*
 * Files of a play: NR_FILES, each made when it is first asked for. Whoever maps one finds in each
 * of its pages, at both ends, file_word().
 */
#ifndef HOST_PLAY_FILES_H
#define HOST_PLAY_FILES_H

#include "play_parts.h"

#include "mm/cache/file.h"
#include "mm/space/mm.h"

#define NR_FILES 2u

/* None is there. */
void files_start(void);
void files_operation(struct play_bytes *b);
/* One of them, open; NULL: it is deleted, and still mapped, or there is no memory. */
struct file *some_file(struct play_bytes *b);
/* How to map it. */
unsigned int some_file_flags(struct play_bytes *b);
uint64_t file_word(const struct address_space *as, unsigned long index);
/* A fault in a VMA of a file may end so. */
void check_file_fault(const struct vma *v, uint64_t addr, enum fault_result result);
/* The oldest so many reads end. */
void files_answer(unsigned int n);

bool files_live(void);
unsigned long files_pages(void);
/* The app has counted `rss` of their pages: with the reader's, as often as they are mapped. */
void files_check(long rss);
/* The reader goes, if there is one, and then all files, which nobody maps. */
void files_end_reader(void);
void files_end(void);

#endif
