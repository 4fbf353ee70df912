/*
 * Objects in use, compared (see slab_use.h).
 */
#include "kernel/core/log/printk.h"
#include "mm/slab/slab.h"
#include "mm/slab/slab_debug.h"
#include "mm/slab/slab_use.h"

static char message[128];

static unsigned long in_use(struct kmem_cache *s)
{
	return s->total_objects - slab_free_objects(s);
}

void slab_note_use(struct memory *m)
{
	struct kmem_cache *s;

	mutex_lock(&m->slab.mutex);
	for_each_cache(s, m)
		s->noted = in_use(s);
	mutex_unlock(&m->slab.mutex);
}

static const char *differs(struct kmem_cache *s)
{
	if (in_use(s) == s->noted)
		return NULL;
	ksnprintf(message, sizeof(message), "cache %s: %lu objects in use, %lu before", s->name,
		in_use(s), s->noted);
	slab_debug_leaks(s);
	return message;
}

const char *slab_compare_use(struct memory *m)
{
	const char *found = NULL;
	struct kmem_cache *s;

	mutex_lock(&m->slab.mutex);
	for_each_cache(s, m) {
		found = differs(s);
		if (found)
			break;
	}
	mutex_unlock(&m->slab.mutex);
	return found;
}
