/*
 * What lies at an address of the subject, in words: a field of a zone, a page, a task, an address space;
 * else the nearest symbol.
 */
#ifndef EXPLORE_NAMES_H
#define EXPLORE_NAMES_H

const char *name_of(const void *at);

#endif
