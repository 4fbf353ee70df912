/*
 * The names of counters, of which the image has a list: an arm's checks are held against it before they
 * are ever evaluated, so that one that names no counter is found as a mistake. %d stands for any number.
 */
#ifndef CORE_COUNTER_H
#define CORE_COUNTER_H

/* A literal, to be given to event_counter() or lw_counter(). */
#define COUNTER(text)                                                                              \
	({                                                                                         \
		static const char *const counter_name                                              \
			__attribute__((section(".counters"), used)) = text;                        \
		counter_name;                                                                      \
	})
extern const char *const _counters[], *const _counters_end[];

#endif
