/*
 * The balloon (§35.12 to §35.14): pages that the guest takes from itself and tells the host of, until its
 * size is what the host wants. Of Linux 4.8: a page is asked for with balloon_lock held, which is also held
 * while the host acknowledges, and which the OOM notifier wants (§9.2, §9.3).
 *
 * Sizes are in pages, but the target, which is what the host leaves to the guest, in MiB of its memory.
 * In exact mode the device is heard only while somebody asks for a target, in a frozen wait (still.h): a
 * target that was set by hand counts from the balloon's next step on, be it due to one that was asked for.
 */
#ifndef DEV_VIRTIO_BALLOON_H
#define DEV_VIRTIO_BALLOON_H

#include "kernel/dev/pci/pci.h"

struct balloon_counts {
	long puffs;       /* requests for a page that were refused: 200 ms each */
	long told;        /* messages to the host */
	uint64_t told_ns; /* waiting for their acknowledgement */
};

extern const struct pci_driver virtio_balloon_driver;

/* balloon=MIB: have it that size before the scenario starts. The first task's, when devices have started. */
void balloon_start(void);

/* Kernel calls for apps and kernel tasks; they sleep. Without a balloon they return false, or 0. */

/*
 * Have the host set its target to so many MiB, at least 1, and return when the device has said so; the
 * balloon then goes there by itself. False: there is none, nobody listens to the guest's events, or killed.
 */
bool balloon_ask_target(long mib);
/* Sleep until it has its size, or a page is refused to it. False: killed. */
bool balloon_wait(void);
/* The pages that it holds, and those that it should hold. */
long balloon_pages(void);
long balloon_target_pages(void);
struct balloon_counts balloon_counts(void);

#endif
