/*
 * The locks of newlib (see sys/lock.h): of malloc, the environment, the atexit list, stdio's lists
 * and each stream. Data that threads share is private to an address space, and so are these.
 */
#include <stdbool.h>

#include "kernel/task/libc/thread.h"

#define LOCK_WAITERS (-0x7fffffff - 1)

struct __lock __lock___sinit_recursive_mutex;
struct __lock __lock___sfp_recursive_mutex;
struct __lock __lock___atexit_recursive_mutex;
struct __lock __lock___at_quick_exit_mutex;
struct __lock __lock___malloc_recursive_mutex;
struct __lock __lock___env_recursive_mutex;
struct __lock __lock___tz_mutex;
struct __lock __lock___dd_hash_mutex;
struct __lock __lock___arc4random_mutex;

static struct __lock other_streams;

/* *seen: what the word was. */
static bool change(struct __lock *lock, int *seen, int to)
{
	return __atomic_compare_exchange_n(
		&lock->word, seen, to, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static bool take_free(struct __lock *lock, int *seen)
{
	*seen = 0;
	return change(lock, seen, this_thread()->id);
}

/* Every release wakes all who sleep, so whoever takes it next owes them nothing. */
static void take(struct __lock *lock)
{
	int seen;

	while (!take_free(lock, &seen))
		if ((seen & LOCK_WAITERS) || change(lock, &seen, seen | LOCK_WAITERS))
			lw_futex_wait(&lock->word, seen | LOCK_WAITERS);
}

static bool is_ours(const struct __lock *lock)
{
	return (lock->word & ~LOCK_WAITERS) == this_thread()->id;
}

void __retarget_lock_acquire_recursive(_LOCK_T lock)
{
	if (!is_ours(lock))
		take(lock);
	lock->depth++;
}

int __retarget_lock_try_acquire_recursive(_LOCK_T lock)
{
	int seen;

	if (!is_ours(lock) && !take_free(lock, &seen))
		return 0;
	lock->depth++;
	return 1;
}

/* The address is all that a wake-up needs: the lock may be gone by then. */
void __retarget_lock_release_recursive(_LOCK_T lock)
{
	if (--lock->depth)
		return;
	if (__atomic_exchange_n(&lock->word, 0, __ATOMIC_RELEASE) & LOCK_WAITERS)
		lw_futex_wake(&lock->word);
}

void __retarget_lock_acquire(_LOCK_T lock)
{
	__retarget_lock_acquire_recursive(lock);
}

int __retarget_lock_try_acquire(_LOCK_T lock)
{
	return __retarget_lock_try_acquire_recursive(lock);
}

void __retarget_lock_release(_LOCK_T lock)
{
	__retarget_lock_release_recursive(lock);
}

static bool on_stack_of(const struct app_thread *t, const _LOCK_T *lock)
{
	const char *at = (const char *)lock;

	return at > (const char *)__builtin_frame_address(0) && at < (const char *)(t + 1);
}

/*
 * Only streams have locks made for them, and `lock` lies in the stream. Memory for each would have to
 * be freed while others may still look at a stream that is being closed. So a thread's own streams
 * (the standard ones, and what fprintf() makes for one without a buffer) have the lock of their thread,
 * and all others share one.
 */
void __retarget_lock_init_recursive(_LOCK_T *lock)
{
	struct app_thread *t = lw_tls();

	*lock = t && on_stack_of(t, lock) ? &t->streams : &other_streams;
}

void __retarget_lock_init(_LOCK_T *lock)
{
	__retarget_lock_init_recursive(lock);
}

void __retarget_lock_close_recursive(_LOCK_T lock)
{
	(void)lock;
}

void __retarget_lock_close(_LOCK_T lock)
{
	(void)lock;
}
