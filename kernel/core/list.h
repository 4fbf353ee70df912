/*
 * Doubly linked circular lists with the head as a node. Not locked: the owner's lock covers them.
 */
#ifndef CORE_LIST_H
#define CORE_LIST_H

#include "kernel/core/types.h"

struct list_head {
	struct list_head *next, *prev;
};

#define LIST_HEAD_INIT(name)                                                                       \
	{                                                                                          \
		&(name), &(name)                                                                   \
	}

#define LIST_HEAD(name) struct list_head name = LIST_HEAD_INIT(name)

static inline void list_init(struct list_head *head)
{
	head->next = head;
	head->prev = head;
}

static inline bool list_empty(const struct list_head *head)
{
	return head->next == head;
}

static inline void list_insert(
	struct list_head *node, struct list_head *prev, struct list_head *next)
{
	next->prev = node;
	node->next = next;
	node->prev = prev;
	prev->next = node;
}

/* At the head: first out for a stack. */
static inline void list_add(struct list_head *node, struct list_head *head)
{
	list_insert(node, head, head->next);
}

static inline void list_add_tail(struct list_head *node, struct list_head *head)
{
	list_insert(node, head->prev, head);
}

static inline void list_del(struct list_head *node)
{
	struct list_head *next = node->next, *prev = node->prev;

	next->prev = prev;
	prev->next = next;
}

static inline void list_del_init(struct list_head *node)
{
	list_del(node);
	list_init(node);
}

static inline void list_move(struct list_head *node, struct list_head *head)
{
	list_del(node);
	list_add(node, head);
}

/* All of `list`, in its order, behind `at`: list_splice_init(l, head) before all others, (l, head->prev) after. */
static inline void list_splice_init(struct list_head *list, struct list_head *at)
{
	if (list_empty(list))
		return;
	list->prev->next = at->next;
	at->next->prev = list->prev;
	list->next->prev = at;
	at->next = list->next;
	list_init(list);
}

#define list_entry(ptr, type, member)        container_of(ptr, type, member)
#define list_first_entry(head, type, member) list_entry((head)->next, type, member)
#define list_last_entry(head, type, member)  list_entry((head)->prev, type, member)

/* The node of an entry; also of the head taken for an entry, which must never be looked into. */
#define list_node(pos, member)                                                                     \
	((struct list_head *)((char *)(pos) + offsetof(__typeof__(*(pos)), member)))
#define list_next_entry(pos, member)                                                               \
	list_entry(list_node(pos, member)->next, __typeof__(*(pos)), member)

#define list_for_each_entry(pos, head, member)                                                     \
	for (pos = list_first_entry(head, __typeof__(*pos), member);                               \
		list_node(pos, member) != (head); pos = list_next_entry(pos, member))

#define list_for_each_entry_safe(pos, n, head, member)                                             \
	for (pos = list_first_entry(head, __typeof__(*pos), member),                               \
	    n = list_next_entry(pos, member);                                                      \
		list_node(pos, member) != (head); pos = n, n = list_next_entry(n, member))

#endif
