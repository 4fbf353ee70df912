/*
 * The balloon gives back before anybody is killed (§9.2), where the host has agreed to that.
 */
#include "kernel/core/param.h"
#include "kernel/dev/virtio/balloon.h"
#include "mm/oom/oom_notifier.h"

#define PRIORITY 80

static long oom_pages = BALLOON_PFNS;
PARAM_INT("balloon_oom_pages", oom_pages, 1, BALLOON_PFNS,
	"what the balloon's OOM notifier gives back at a time, in pages");

static noinline int virtballoon_oom_notify(struct notifier_block *nb, void *data)
{
	struct balloon *b = container_of(nb, struct balloon, nb);
	unsigned long *freed = data, n;

	if (!balloon_has(b, VIRTIO_BALLOON_F_DEFLATE_ON_OOM))
		return NOTIFY_OK;
	n = leak_balloon(b, oom_pages);
	update_balloon_size(b);
	*freed += n;
	return NOTIFY_OK;
}

void balloon_oom_start(struct balloon *b)
{
	b->nb = (struct notifier_block){.call = virtballoon_oom_notify, .priority = PRIORITY};
	register_oom_notifier(b->memory, &b->nb);
}

void balloon_oom_stop(struct balloon *b)
{
	unregister_oom_notifier(b->memory, &b->nb);
}
