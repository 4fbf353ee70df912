/*
 * What a debug build checks of every lock: order, use by interrupt handlers, sleeping in atomic
 * context, ownership (lockdep.h has the rules). A broken rule is a panic that names it. In a
 * release build all of this is nothing.
 */
#ifndef CORE_LOCK_DEBUG_H
#define CORE_LOCK_DEBUG_H

#include "kernel/core/types.h"

struct lock_info;

/* `how`: the LOCKDEP_* of the lock's kind; that interrupts are on, or this is a handler, is seen. */
#ifdef LW_DEBUG
void lock_debug_acquire(struct lock_info *info, unsigned int how);
void lock_debug_waited(struct lock_info *info);
void lock_debug_release(struct lock_info *info);
void lock_debug_contended(struct lock_info *info);
/* Panics unless the caller holds it: for what must be done under a lock of its caller's. */
void lock_debug_held(const struct lock_info *info);
/* Panics unless the caller may sleep here. */
void might_sleep(void);
/* The machine is ending: a CPU that was stopped may have been in the middle of a check. */
void lock_debug_off(void);
/* Classes with their acquisitions, waits and longest holds. */
void lock_debug_report(void);
#else
#define lock_debug_acquire(info, how) ((void)0)
#define lock_debug_waited(info)       ((void)0)
#define lock_debug_release(info)      ((void)0)
#define lock_debug_contended(info)    ((void)0)
#define lock_debug_held(info)         ((void)0)
#define might_sleep()                 ((void)0)
#define lock_debug_off()              ((void)0)
#define lock_debug_report()           ((void)0)
#endif

#endif
