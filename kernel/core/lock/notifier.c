/*
 * Blocking notifier chains (see notifier.h).
 */
#include "kernel/core/lock/notifier.h"

void notifier_chain_init(struct notifier_chain *chain, const char *name)
{
	rwsem_init(&chain->sem, name);
	list_init(&chain->blocks);
}

void notifier_register(struct notifier_chain *chain, struct notifier_block *nb)
{
	struct notifier_block *other;
	struct list_head *before = &chain->blocks;

	down_write(&chain->sem);
	list_for_each_entry(other, &chain->blocks, node) {
		if (other->priority < nb->priority) {
			before = &other->node;
			break;
		}
	}
	list_add_tail(&nb->node, before);
	up_write(&chain->sem);
}

void notifier_unregister(struct notifier_chain *chain, struct notifier_block *nb)
{
	down_write(&chain->sem);
	list_del(&nb->node);
	up_write(&chain->sem);
}

/* The semaphore held for reading; given up. */
static void call_all(struct notifier_chain *chain, void *data)
{
	struct notifier_block *nb;

	list_for_each_entry(nb, &chain->blocks, node) {
		replay_point();
		if (nb->call(nb, data) & NOTIFY_STOP)
			break;
	}
	up_read(&chain->sem);
}

void notifier_call(struct notifier_chain *chain, void *data)
{
	if (list_empty(&chain->blocks))
		return;
	down_read(&chain->sem);
	call_all(chain, data);
}

int notifier_call_killable(struct notifier_chain *chain, void *data)
{
	if (list_empty(&chain->blocks))
		return 0;
	if (down_read_killable(&chain->sem))
		return -1;
	call_all(chain, data);
	return 0;
}
