/*
 * What -fsanitize=thread calls for every access of the subject to memory, before it is made; for an
 * atomic one, instead of it.
 */
#include "actors.h"
#include "arena.h"
#include "clocks.h"
#include "undo.h"
#include "words.h"

#include "mm/page/memory.h"

#define MOST_ACCESSES 10000000u /* of a run and its check: a loop may come to no point */

#define HOOK __attribute__((used, visibility("default")))
#define SITE ((uintptr_t)__builtin_return_address(0))

void (*every_access)(const struct access *access);
bool everywhere;
unsigned long accesses;
static bool lock_follows;

/* Pages that somebody must have who touches them. */
static uintptr_t ram_start, ram_bytes;
static const struct page *mem_map;
static const bool *is_managed;

static uint8_t *ignored; /* by WORD_OF(address) */

void hooks_ignore(const void *at, size_t bytes)
{
	if (!ignored)
		ignored = own_table(NR_WORDS);
	memset(&ignored[WORD_OF(at)], 1, (bytes + 7) / 8);
}

static void is_had(bool *managed, const struct memory *m, const struct page *page)
{
	memset(&managed[page_to_pfn(m, page)], true,
		page->flags & PG_BUDDY ? 1u << page->order : 1);
}

static void waiting_pages_are_had(bool *managed, const struct memory *m, const struct zone *z)
{
	const struct page *page;

	for (unsigned int cpu = 0; cpu < nr_cpus; cpu++)
		for (int type = 0; type < MIGRATE_PCPTYPES; type++)
			list_for_each_entry(page, &z->pcp[cpu].lists[type], lru)
				is_had(managed, m, page);
}

/* What the allocator has never seen has no users either: the firmware's, the page array's. */
void hooks_watch_pages(const struct memory *m)
{
	bool *managed = own_table(m->max_pfn);
	const struct zone *z;

	for_each_populated_zone(m, z) {
		for (unsigned long pfn = z->start_pfn; pfn < zone_end_pfn(z); pfn++) {
			const struct page *page = pfn_to_page(m, pfn);

			if (page->users || (page->flags & PG_BUDDY))
				is_had(managed, m, page);
		}
		waiting_pages_are_had(managed, m, z);
	}
	ram_start = (uintptr_t)m->virt_base;
	ram_bytes = m->max_pfn << PAGE_SHIFT;
	mem_map = m->mem_map;
	is_managed = managed;
}

void explore_lock_follows(void)
{
	lock_follows = true;
}

/* Bytes of one word. */
static noinline void watched(uintptr_t at, unsigned int size, enum op op, uintptr_t site)
{
	struct word *w;

	if (!is_running() || (ignored && ignored[WORD_OF(at)]))
		return;
	w = &words[word_ids[WORD_OF(at)]];
	if (everywhere || ((w->bytes & bytes_of(at, size)) && (w->kinds & 1u << op)))
		at_point(op, (void *)at, site);
	if (every_access)
		every_access(&(struct access){(void *)at, size, op, site});
	if (clocks_on)
		clocks_access(at, size, op);
	if (w->bytes & bytes_of(at, size))
		word_event(w, op);
}

static noinline void raced_for(uintptr_t at, unsigned int size, enum op op, uintptr_t site)
{
	struct word *w = &words[word_ids[WORD_OF(at)]];

	if (!is_running() || !(w->bytes & bytes_of(at, size)))
		return;
	if (w->kinds & 1u << op)
		at_point(op, (void *)at, site);
	word_event(w, op);
}

/* Of a block, as a slab is one, the first page has the users of all. */
static bool is_in_block(unsigned long pfn)
{
	for (unsigned int order = 1; order < MAX_ORDER; order++) {
		const struct page *first = &mem_map[pfn & -(1ul << order)];

		if (first->users && first->order >= order)
			return true;
	}
	return false;
}

static noinline void nobodys_page(uintptr_t at)
{
	unsigned long pfn = (at - ram_start) >> PAGE_SHIFT;

	if (is_running() && is_managed[pfn] && !is_in_block(pfn))
		explore_fail("use of pfn %lu, which nobody has", pfn);
}

static noinline void too_many(void)
{
	if (!is_judging())
		accesses = 0; /* a set-up may take its time */
	else
		explore_fail("livelock: %u accesses and no end", MOST_ACCESSES);
}

static inline void look(uintptr_t at, unsigned int size, enum op op, uintptr_t site)
{
	if (unlikely(++accesses > MOST_ACCESSES))
		too_many();
	if (!run_is_on) /* a check: nobody else is there, and it may look at any page */
		return;
	if (unlikely(clocks_on || every_access))
		watched(at, size, op, site);
	else if (unlikely(word_ids[WORD_OF(at)]))
		raced_for(at, size, op, site);
	if (unlikely(at - ram_start < ram_bytes) &&
		unlikely(!mem_map[(at - ram_start) >> PAGE_SHIFT].users))
		nobodys_page(at);
}

/* Not across words. */
static inline void touch(const volatile void *p, unsigned int size, enum op op, uintptr_t site)
{
	uintptr_t at = (uintptr_t)p;

	if (unlikely(at >= TRACKED_END))
		return;
	look(at, size, op, site);
	if (op != OP_READ)
		undo_note((void *)at, size);
}

static void touch_range(const void *p, size_t bytes, enum op op, uintptr_t site)
{
	uintptr_t at = (uintptr_t)p, end = at + bytes, next;

	if (end > TRACKED_END)
		return;
	for (; at < end; at = next) {
		next = MIN((at & ~7ul) + 8, end);
		look(at, next - at, op, site);
		if (op != OP_READ)
			undo_note_range((void *)at, next - at);
	}
}

#define PLAIN(size)                                                                                \
	HOOK void __tsan_read##size(void *p);                                                      \
	HOOK void __tsan_read##size(void *p)                                                       \
	{                                                                                          \
		touch(p, size, OP_READ, SITE);                                                     \
	}                                                                                          \
	HOOK void __tsan_write##size(void *p);                                                     \
	HOOK void __tsan_write##size(void *p)                                                      \
	{                                                                                          \
		touch(p, size, OP_WRITE, SITE);                                                    \
	}
PLAIN(1)
PLAIN(2)
PLAIN(4)
PLAIN(8)

#define RANGE(name, size, op)                                                                      \
	HOOK void name(void *p);                                                                   \
	HOOK void name(void *p)                                                                    \
	{                                                                                          \
		touch_range(p, size, op, SITE);                                                    \
	}
RANGE(__tsan_read16, 16, OP_READ)
RANGE(__tsan_write16, 16, OP_WRITE)
RANGE(__tsan_unaligned_read2, 2, OP_READ)
RANGE(__tsan_unaligned_read4, 4, OP_READ)
RANGE(__tsan_unaligned_read8, 8, OP_READ)
RANGE(__tsan_unaligned_read16, 16, OP_READ)
RANGE(__tsan_unaligned_write2, 2, OP_WRITE)
RANGE(__tsan_unaligned_write4, 4, OP_WRITE)
RANGE(__tsan_unaligned_write8, 8, OP_WRITE)
RANGE(__tsan_unaligned_write16, 16, OP_WRITE)

HOOK void __tsan_read_range(void *p, size_t bytes);
HOOK void __tsan_read_range(void *p, size_t bytes)
{
	touch_range(p, bytes, OP_READ, SITE);
}

HOOK void __tsan_write_range(void *p, size_t bytes);
HOOK void __tsan_write_range(void *p, size_t bytes)
{
	touch_range(p, bytes, OP_WRITE, SITE);
}

HOOK void __tsan_init(void);
HOOK void __tsan_init(void)
{
}

/* The subject's memset() and its like: explore.mk has them called by these names. */

void *explore_memset(void *to, int c, size_t bytes);
void *explore_memset(void *to, int c, size_t bytes)
{
	touch_range(to, bytes, OP_WRITE, SITE);
	return memset(to, c, bytes);
}

void *explore_memcpy(void *to, const void *from, size_t bytes);
void *explore_memcpy(void *to, const void *from, size_t bytes)
{
	touch_range(from, bytes, OP_READ, SITE);
	touch_range(to, bytes, OP_WRITE, SITE);
	return memcpy(to, from, bytes);
}

void *explore_memmove(void *to, const void *from, size_t bytes);
void *explore_memmove(void *to, const void *from, size_t bytes)
{
	touch_range(from, bytes, OP_READ, SITE);
	touch_range(to, bytes, OP_WRITE, SITE);
	return memmove(to, from, bytes);
}

/* A page that has just been handed out is nobody else's: only what is not zero yet is written. */
void explore_clear(void *at, size_t bytes)
{
	uint64_t *word = at, *end = word + bytes / 8;

	for (; word < end; word += 4) {
		if (likely(!(word[0] | word[1] | word[2] | word[3])))
			continue;
		undo_note_range(word, 32);
		memset(word, 0, 32);
	}
}

void explore_copy(void *to, const void *from, size_t bytes)
{
	undo_note_range(to, bytes);
	memcpy(to, from, bytes);
}

void explore_add(long *counter, long delta)
{
	touch(counter, 8, OP_ADD, SITE);
	*counter += delta;
}

/* Atomics. */

#define SYNCS_IN(order)  ((order) != __ATOMIC_RELAXED && (order) != __ATOMIC_RELEASE)
#define SYNCS_OUT(order) ((order) >= __ATOMIC_RELEASE)

static inline void synced(const volatile void *p, int order, bool reads, bool writes)
{
	if (unlikely(clocks_on) && is_running())
		clocks_sync((uintptr_t)p, reads && SYNCS_IN(order), writes && SYNCS_OUT(order));
}

/* A store of 0 to what is a spinlock gives it back. */
static inline enum op store_op(const volatile void *p, uint64_t v)
{
	return v == 0 && clocks_is_lock((uintptr_t)p) ? OP_UNLOCK : OP_WRITE;
}

static inline enum op exchange_op(void)
{
	enum op op = lock_follows && is_running() ? OP_LOCK : OP_WRITE;

	lock_follows = false;
	return op;
}

#define ATOMIC(bits, type)                                                                         \
	HOOK type __tsan_atomic##bits##_load(const volatile type *p, int order);                   \
	HOOK type __tsan_atomic##bits##_load(const volatile type *p, int order)                    \
	{                                                                                          \
		touch(p, sizeof(type), OP_READ, SITE);                                             \
		synced(p, order, true, false);                                                     \
		return *p;                                                                         \
	}                                                                                          \
	HOOK void __tsan_atomic##bits##_store(volatile type *p, type v, int order);                \
	HOOK void __tsan_atomic##bits##_store(volatile type *p, type v, int order)                 \
	{                                                                                          \
		touch(p, sizeof(type), store_op(p, v), SITE);                                      \
		synced(p, order, false, true);                                                     \
		*p = v;                                                                            \
	}                                                                                          \
	HOOK type __tsan_atomic##bits##_exchange(volatile type *p, type v, int order);             \
	HOOK type __tsan_atomic##bits##_exchange(volatile type *p, type v, int order)              \
	{                                                                                          \
		type before;                                                                       \
                                                                                                   \
		touch(p, sizeof(type), exchange_op(), SITE);                                       \
		synced(p, order, true, true);                                                      \
		before = *p;                                                                       \
		*p = v;                                                                            \
		return before;                                                                     \
	}                                                                                          \
	FETCH(bits, type, add, before + v)                                                         \
	FETCH(bits, type, sub, before - v)                                                         \
	FETCH(bits, type, and, before &v)                                                          \
	FETCH(bits, type, or, before | v)                                                          \
	FETCH(bits, type, xor, before ^ v)                                                         \
	COMPARE(bits, type, strong)                                                                \
	COMPARE(bits, type, weak)

#define FETCH(bits, type, name, after)                                                             \
	HOOK type __tsan_atomic##bits##_fetch_##name(volatile type *p, type v, int order);         \
	HOOK type __tsan_atomic##bits##_fetch_##name(volatile type *p, type v, int order)          \
	{                                                                                          \
		type before;                                                                       \
                                                                                                   \
		touch(p, sizeof(type), OP_WRITE, SITE);                                            \
		synced(p, order, true, true);                                                      \
		before = *p;                                                                       \
		*p = after;                                                                        \
		return before;                                                                     \
	}

#define COMPARE(bits, type, how)                                                                   \
	HOOK int __tsan_atomic##bits##_compare_exchange_##how(                                     \
		volatile type *p, type *expected, type v, int order, int failed);                  \
	HOOK int __tsan_atomic##bits##_compare_exchange_##how(                                     \
		volatile type *p, type *expected, type v, int order, int failed)                   \
	{                                                                                          \
		touch(p, sizeof(type), OP_WRITE, SITE);                                            \
		if (*p != *expected) {                                                             \
			synced(p, failed, true, false);                                            \
			*expected = *p;                                                            \
			return 0;                                                                  \
		}                                                                                  \
		synced(p, order, true, true);                                                      \
		*p = v;                                                                            \
		return 1;                                                                          \
	}

ATOMIC(8, uint8_t)
ATOMIC(16, uint16_t)
ATOMIC(32, uint32_t)
ATOMIC(64, uint64_t)

HOOK void __tsan_atomic_thread_fence(int order);
HOOK void __tsan_atomic_thread_fence(int order)
{
	(void)order;
}
