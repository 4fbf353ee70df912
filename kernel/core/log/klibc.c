/*
 * What the kernel's instance of newlib asks for. It formats into fixed buffers only, so memory
 * requests (made for wide and growing strings) are refused; there is one locale.
 */
#include <locale.h>
#include <reent.h>

void *_malloc_r(struct _reent *r, size_t n)
{
	(void)r;
	(void)n;
	return NULL;
}

void *_realloc_r(struct _reent *r, void *p, size_t n)
{
	(void)r;
	(void)p;
	(void)n;
	return NULL;
}

void _free_r(struct _reent *r, void *p)
{
	(void)r;
	(void)p;
}

struct lconv *_localeconv_r(struct _reent *r)
{
	static struct lconv c_locale = {.decimal_point = ".", .thousands_sep = "", .grouping = ""};

	(void)r;
	return &c_locale;
}
