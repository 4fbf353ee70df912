/*
 * An open file: whose pages, and how it is read (§33.1). VMAs that map it hold a reference each, so that all who
 * have it by one open share one state of read-ahead.
 */
#ifndef MM_FILE_H
#define MM_FILE_H

#include "mm/cache/address_space.h"

/* Units: pages. Threads change it side by side, without a lock, as in 4.8. */
struct file_ra {
	unsigned long start;     /* the window that was read last ... */
	unsigned int size;       /* ... and the one that is read when its last ... */
	unsigned int async_size; /* ... pages are come to */
	unsigned int ra_pages;   /* the largest; 0: nothing is read ahead */
	unsigned int mmap_miss;  /* faults that found nothing, less those that did */
	int64_t prev_pos; /* bytes: where the last read() ended (§41.2 item 8); -1: there was none */
};

#define FILE_RANDOM 0x1u /* read as it is asked for */

struct file {
	struct address_space *mapping;
	struct file_ra ra;
	unsigned int flags; /* FILE_* */
	struct refcount refs;
};

/* With one reference; NULL: no memory. The mapping is not destroyed meanwhile. May sleep. */
struct file *file_open(struct address_space *as);
static inline void file_get(struct file *f)
{
	refcount_get(&f->refs);
}
/* The last one closes it; its pages stay in the cache (§32.7). May sleep. */
void file_put(struct file *f);

/* fadvise: one pattern of three (§33.1). */
enum file_advice { FILE_ADVICE_NORMAL, FILE_ADVICE_SEQUENTIAL, FILE_ADVICE_RANDOM };
void file_advise(struct file *f, enum file_advice advice);

/*
 * §33.6, read(): up to `n` bytes at `pos` to `to`: how many, 0 at the end; or -EIO, -ENOMEM, -EINTR (killed) where
 * there were none before. `to` may be an app's, and its pages absent: no lock is held. Task context, may sleep.
 */
long file_read(struct file *f, uint64_t pos, void *to, unsigned long n);

#endif
