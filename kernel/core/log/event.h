/*
 * The second channel: structured events as JSON lines on QEMU's debug console (port 0xe9), for
 * the runner; never on the serial console. Without that device events go nowhere.
 *
 * Context: any, not from NMI. Text must not need JSON escaping, except by event_string().
 */
#ifndef CORE_EVENT_H
#define CORE_EVENT_H

#include "kernel/core/log/counter.h"
#include "kernel/core/types.h"

void event_init(void);
/* Does that device exist? */
bool event_is_heard(void);
void event(const char *fmt, ...) __printf(1, 2);
/* The same for a line that is ready: a character costs one instruction. */
void event_line(const char *text, size_t len);
/* Escape `text` for use inside a JSON string. Returns `buf`. */
const char *event_string(const char *text, char *buf, size_t size);
/* A count as JSON: null when it is negative, which is to say unknown. Returns `buf`. */
const char *event_count(long n, char *buf, size_t size);
/* {"event":"counter","name":...,"value":...} */
void event_counter(const char *name, unsigned long value);

#endif
