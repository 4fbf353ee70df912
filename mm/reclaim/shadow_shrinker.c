/*
 * Index nodes of files that have nothing but shadows left go when there are many (§21.5; see shrinker.h).
 */
#include "mm/cache/workingset.h"
#include "mm/reclaim/shrinker.h"

static struct memory *memory_of(struct shrinker *s)
{
	return container_of(s, struct memory, cache.shadow_shrinker);
}

static unsigned long count(struct shrinker *s, const struct shrink_control *sc)
{
	(void)sc;
	return shadow_nodes_freeable(memory_of(s));
}

static unsigned long scan(struct shrinker *s, const struct shrink_control *sc)
{
	return shadow_nodes_shrink(memory_of(s), sc->nr_to_scan);
}

void shadow_shrinker_init(struct memory *m)
{
	struct shrinker *s = &m->cache.shadow_shrinker;

	*s = (struct shrinker){
		.name = "shadow nodes", .count = count, .scan = scan, .seeks = DEFAULT_SEEKS};
	list_add_tail(&s->node, &m->shrinkers);
}
