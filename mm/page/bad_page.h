/*
 * A page that is not in the state in which it can be taken or given back: the machine stops, and says
 * so. Any context.
 *
 * It does not return, but is not said not to: a fast path ends with it by a jump, and so needs no
 * stack frame. It lives in a file of its own so that the compiler does not find out.
 */
#ifndef MM_BAD_PAGE_H
#define MM_BAD_PAGE_H

#include "mm/page/memory.h"

struct page *bad_page(const struct memory *m, const struct page *page, const char *why);

#endif
