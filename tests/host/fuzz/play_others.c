/*
 * Those who act while a request waits (see play_parts.h). A request may wait for ever when nobody
 * frees enough; so its task is made a victim after a while, which ends every request that may end.
 */
#include "play_parts.h"
#include "play_disk.h"
#include "play_files.h"

#include "mm/space/mm.h"
#include "mm/oom/oom.h"
#include "mm/alloc/pcp.h"
#include "mm/reclaim/reclaim.h"
#include "mm/reclaim/shrinker.h"

#define NO_END (1u << 20)

static struct mm self_mm, victim_mm;
static struct shrinker shrinker;

void set_memdie(bool on)
{
	struct task *before = become(world.self);
	unsigned long flags;

	if (on) {
		flags = tasks_lock();
		mark_oom_victim(world.m, world.self);
		tasks_unlock(flags);
	} else {
		exit_oom_victim(world.m);
	}
	become(before);
}

/* A victim goes, and another one like it is born. */
static void leave_as_victim(struct task *t)
{
	struct task *before = become(t);

	trace("%s dies\n", t->comm);
	exit_oom_victim(world.m);
	t->kill_pending = t->process->group_exit = false;
	become(before);
}

/* Reclaim has something to do. */
static bool pages_are_listed(void)
{
	return space_lives() || files_live();
}

/* Nobody waits for ever: a disk answers, and in the end a kill ends what may end. */
static void end_the_wait(void)
{
	free_some(1);
	give_some(64);
	shrink_for_others();
	pcp_drain_all(world.m);
	set_memdie(true);
	if (pages_are_listed())
		world.self->kill_pending = true;
	if (world.waits > NO_END)
		panic("play: a request waits for ever");
}

static unsigned int most_waits(void)
{
	return pages_are_listed() ? LONG_WAIT * MOST_WAITS : MOST_WAITS;
}

static void others_run(void)
{
	disks_answer(1);
	files_answer(1);
	free_some(world.others_give);
	give_some(world.others_give);
	if (world.others_take)
		take_meanwhile();
	if (world.victim->kill_pending)
		leave_as_victim(world.victim);
	if (++world.waits >= most_waits())
		end_the_wait();
}

void others_done(void)
{
	if (world.waits >= most_waits() || world.self->kill_pending)
		leave_as_victim(world.self);
	world.waits = 0;
	twin.yields = twin.sleeps = 0;
}

/* It may ask for memory itself, as a filesystem does, and gets it from the reserves. */
static unsigned long shrink(struct shrinker *s, const struct shrink_control *sc)
{
	struct page *page = NULL;
	unsigned long freed;

	(void)s;
	(void)sc;
	if (!(current->flags & PF_MEMALLOC))
		panic("play: a shrinker runs without PF_MEMALLOC");
	if (world.shrinker_allocates && nr_held < MOST_HELD)
		page = alloc_pages(world.m, GFP_KERNEL | __GFP_NOWARN, 0);
	if (page)
		held_add(page, 0);
	freed = free_some(world.shrinker_gives);
	if (page)
		freed = MAX(freed, 1ul) - 1;
	shrinker_stole(world.m, freed);
	return freed;
}

static unsigned long has_one(struct shrinker *s, const struct shrink_control *sc)
{
	(void)s;
	(void)sc;
	return 1;
}

static void be_app(struct task *t, struct mm *mm, long rss)
{
	memset(mm, 0, sizeof(*mm));
	mm->memory = world.m;
	refcount_init(&mm->users);
	refcount_init(&mm->count);
	mm->anon_rss = rss;
	t->flags = 0;
	t->mm = mm;
}

/* There is always somebody to kill. */
void others_start(void)
{
	world.self = current;
	world.victim = task_new("victim", 3, NULL);
	be_app(world.self, &self_mm, 50);
	be_app(world.victim, &victim_mm, 100);
	twin.on_sleep = twin.on_yield = others_run;
	shrinker = (struct shrinker){
		.name = "play", .count = has_one, .scan = shrink, .seeks = DEFAULT_SEEKS};
	register_shrinker(world.m, &shrinker);
	world.shrinker_gives = world.others_give = 1;
	world.shrinker_allocates = world.others_take = false;
	world.waits = 0;
}
