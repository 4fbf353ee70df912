/*
 * A victim of the OOM killer that needs memory in order to die: a kernel call that asks until it is
 * refused. Called by apps. Pages; all are given back before it returns.
 *
 * Counters, for victim number n: victim<n>_reserve_pages (what it got after it was killed),
 * victim<n>_free_highatomic (free (H) pages of all zones when it was refused), victim<n>_free_pages (all
 * free pages, then).
 */
#ifndef WORKLOADS_VICTIM_H
#define WORKLOADS_VICTIM_H

void victim_demand(int n);

#endif
