/*
 * How often a line is printed (see ratelimit.h).
 */
#include "kernel/core/log/printk.h"
#include "kernel/core/log/ratelimit.h"
#include "kernel/core/time/time.h"

#define RATELIMIT_BURST   10
#define RATELIMIT_SECONDS 5

static void start_window(struct ratelimit *r, const char *caller)
{
	if (r->missed)
		pr_warn("%s: %d callbacks suppressed", caller, r->missed);
	r->started = true;
	r->begin = jiffies;
	r->printed = r->missed = 0;
}

static bool may_print(struct ratelimit *r, const char *caller)
{
	if (!r->started || jiffies - r->begin > (unsigned long)(RATELIMIT_SECONDS * hz))
		start_window(r, caller);
	if (r->printed >= RATELIMIT_BURST) {
		r->missed++;
		return false;
	}
	r->printed++;
	return true;
}

/* Who comes while another CPU asks is not printed, nor counted, as in 4.8. */
bool ratelimit(struct ratelimit *r, const char *caller)
{
	bool ok;

	if (__atomic_exchange_n(&r->busy, true, __ATOMIC_ACQUIRE))
		return false;
	ok = may_print(r, caller);
	__atomic_store_n(&r->busy, false, __ATOMIC_RELEASE);
	return ok;
}
