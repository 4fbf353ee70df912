/*
 * The VMAs that map one object: a file, or shared memory. Kept here for who has the object; what is done with
 * it is in mm/space (file_map.h, shmem.h).
 */
#ifndef MM_MAPPERS_H
#define MM_MAPPERS_H

#include "kernel/core/lock/lock.h"

struct vma;

struct mappers {
	struct rwsem sem;  /* reading: to walk; writing: the VMAs, and where they start and end */
	struct vma *first; /* by next_mapper, the youngest first */
};

static inline void mappers_init(struct mappers *s)
{
	rwsem_init(&s->sem, "i_mmap");
	s->first = NULL;
}

static inline void mappers_forget(struct mappers *s)
{
	BUG_ON(s->first);
	lock_forget(&s->sem.info);
}

#endif
