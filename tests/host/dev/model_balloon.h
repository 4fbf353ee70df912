/*
 * A machine with a balloon, and the host behind it (§35.12): a virtio device (model_virtio.h) with three queues
 * that keeps which pages it was given, and fails a test that gives one twice, or takes one that it has not. It
 * answers messages when and how the test likes; what stands around a driver (alarms, the frozen wait, who hears
 * events) is here as well.
 */
#ifndef HOST_MODEL_BALLOON_H
#define HOST_MODEL_BALLOON_H

#include "model_virtio.h"

#include "kernel/dev/virtio/balloon.h"

#define HOST_MIB   64
#define HOST_STEPS 16

enum answer {
	AT_ONCE, /* within the notification */
	LATER,   /* while the driver sleeps */
	NEVER,
	BAD_ID,    /* an entry beyond the ring ... */
	BAD_LEN,   /* ... or that it wrote what it cannot write ... */
	BAD_INDEX, /* ... or an index that runs ahead */
	GIVES_UP,  /* needs a reset, says its status */
};

struct balloon_host {
	struct memory *memory;
	struct model_virtio *v;
	enum answer answer;
	bool fast;    /* real interrupts */
	bool told[3]; /* notified, and has not looked yet */
	bool given[HOST_MIB << 8];
	long nr_given, messages;
	unsigned int size[HOST_STEPS]; /* in pages, of the first messages, of both kinds */
	/* Statistics: the buffer that it keeps, what is in it, and its own status when it came first. */
	bool has_buffer;
	uint16_t buffer;
	struct balloon_stat stats[BALLOON_TAGS];
	uint8_t status_at_stats;
	bool still;     /* the frozen wait */
	bool no_runner; /* nobody hears events */
	unsigned long heard_events;
	long irqs; /* that the driver took */
	/* Called when a message is looked at, before it is answered. */
	void (*on_message)(bool inflate, const uint32_t *pfns, unsigned int n);
};

/* There is one. */
extern struct balloon_host host;

/* A device that offers these features beside the transport's, on a machine; time is frozen or not. */
void host_plug(struct memory *m, uint64_t features, bool fast);
/* NULL, or the driver's line. */
const char *host_probe(void);
/* The driver goes, and then the device. */
void host_remove(void);
void host_unplug(void);

/* The host's target, in pages of the balloon; told to a driver that listens. */
void host_set_target(uint32_t pages);
uint32_t host_target(void);
/* What the driver says its size is. */
uint32_t host_actual(void);
/* Can the driver hear it? */
bool host_line_is_off(void);
/* It wants new statistics: gives its buffer back. */
void host_want_stats(void);
/* What is due: answers, alarms, the runner's work. For twin.on_sleep, and between steps. */
void host_run(void);
/* Workers do all that is to be done. */
void host_do_work(void);

#endif
