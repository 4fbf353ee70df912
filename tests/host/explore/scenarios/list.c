/*
 * All scenarios, in the order of the table.
 */
#include "scenario.h"

/* clang-format off */
#define SCENARIOS(X)                                                                               \
	X(reserve_release_free) X(drain_free_alloc) X(steal_merge_reserve) X(counters)             \
	X(reap_exit_fault) X(reap_exit_fault_49) X(hand_over) X(hand_over_49)                      \
	X(two_ooms) X(exit_runs_49) X(innocent_49) X(nobody_49) X(killer_disabled) X(memdie_seed)  \
	X(notifier_chain_three) X(n1) X(n1_outside) X(n2) X(n2_outside) X(n3) X(n3_outside)        \
	X(n4) X(n4_outside) X(n5) X(n5_outside)                                                    \
	X(w1) X(w1_seed) X(w1_49) X(w2) X(w2_seed) X(w2_49) X(w3) X(w3_seed) X(w3_49)              \
	X(w4) X(w4_seed) X(w4_49)                                                                  \
	X(r1) X(r1_series) X(r2) X(r2_series) X(r4) X(r4_account) X(r5) X(r5_nosteal)             \
	X(r6) X(r8) X(r9)                                                                          \
	X(mlock_munmap_fault) X(mlock_fault) X(unmap_tlb_alloc) X(zero_page)                       \
	X(unmap_locked) X(unmap_fault) X(unmap_exit)                                               \
	X(file_fault) X(file_mapped) X(file_truncated) X(file_reaped)                      \
	X(first_lock) X(rwsem_three) X(rwsem_kill) X(wait_kill) X(work_queue_three)
/* clang-format on */

#define DECLARE(name) extern const struct scenario name;
SCENARIOS(DECLARE)

#define POINTER(name) &name,
const struct scenario *const all_scenarios[] = {SCENARIOS(POINTER) NULL};
