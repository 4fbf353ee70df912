/*
 * Asking for a target: the guest says on its event channel what size it wants to have, and the runner has
 * QEMU say so to the device (§35.12), as whoever sits at the host would.
 */
#include "kernel/core/log/event.h"
#include "kernel/core/machine.h"
#include "kernel/core/param.h"
#include "kernel/core/sched/still.h"
#include "kernel/dev/virtio/balloon.h"
#include "kernel/task/app.h"

static long boot_mib;
PARAM_INT("balloon", boot_mib, 0, 1 << 20,
	"MiB that a balloon leaves to the guest when the scenario starts; 0: it stays empty");

struct balloon *the_balloon;

static void say(long mib)
{
	event("{\"event\":\"balloon\",\"target_mib\":%ld}", mib);
}

/* The host answers when it likes, and finds the machine standing still. */
static void ask_frozen(struct balloon *b, long mib)
{
	still_begin();
	b->heard = false;
	virtio_listen(&b->vdev, true);
	say(mib);
	still_wait(&b->heard);
	virtio_listen(&b->vdev, false);
	still_end();
	balloon_queue_size(b);
}

static bool ask(struct balloon *b, long mib)
{
	int killed;

	WRITE_ONCE(b->heard, false);
	atomic_add(&sched_answers_owed, 1);
	say(mib);
	killed = wait_event_killable(&b->settled, READ_ONCE(b->heard));
	atomic_sub(&sched_answers_owed, 1);
	return !killed;
}

bool balloon_ask_target(long mib)
{
	struct balloon *b = the_balloon;
	bool done = true;

	if (!b || b->dead || mib < 1 || !event_is_heard())
		return false;
	kernel_enter();
	if (b->exact)
		ask_frozen(b, mib);
	else
		done = ask(b, mib);
	kernel_leave();
	return done;
}

static bool is_settled(struct balloon *b, long puffs)
{
	unsigned long flags = spin_lock_irqsave(&b->lock);
	bool yes = (!b->wanted && !b->working) || b->counts.puffs != puffs;

	spin_unlock_irqrestore(&b->lock, flags);
	return yes;
}

bool balloon_wait(void)
{
	struct balloon *b = the_balloon;
	long puffs;
	int killed;

	if (!b)
		return true;
	kernel_enter();
	puffs = b->counts.puffs;
	killed = wait_event_killable(&b->settled, is_settled(b, puffs));
	kernel_leave();
	return !killed;
}

long balloon_pages(void)
{
	return the_balloon ? READ_ONCE(the_balloon->num_pages) : 0;
}

long balloon_target_pages(void)
{
	return the_balloon ? towards_target(the_balloon) + balloon_pages() : 0;
}

struct balloon_counts balloon_counts(void)
{
	return the_balloon ? the_balloon->counts : (struct balloon_counts){0};
}

void balloon_start(void)
{
	if (!boot_mib)
		return;
	if (!the_balloon)
		machine_refuse("machine: balloon=%ld, but no balloon that works; expected "
			       "DEVICES=\"balloon\"",
			boot_mib);
	if (!balloon_ask_target(boot_mib))
		machine_refuse("machine: balloon=%ld, but nobody listens to the guest's events; "
			       "expected a run by the runner",
			boot_mib);
	balloon_wait();
}
