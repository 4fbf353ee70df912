/*
 * Who maps an object (see file_map.h).
 */
#include "mm/space/file_map.h"

void mappers_link(struct vma *v)
{
	struct mappers *s = vma_mappers(v);

	down_write(&s->sem);
	v->next_mapper = s->first;
	s->first = v;
	up_write(&s->sem);
}

void mappers_unlink(struct vma *v)
{
	struct mappers *s = vma_mappers(v);
	struct vma **link = &s->first;

	down_write(&s->sem);
	while (*link && *link != v)
		link = &(*link)->next_mapper;
	if (*link)
		*link = v->next_mapper;
	up_write(&s->sem);
}

void file_map_link(struct vma *v, struct file *f, unsigned long offset)
{
	v->file = f;
	v->offset = offset;
	file_get(f);
	mappers_link(v);
}
